"""Worker processes on this machine, by Dask: one per GPU, or ``jobs`` of them sharing the CPU cores."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmark.backend import ON_DEMAND
from benchmark.exceptions import WorkerDiedError
from benchmark.execution.events import Event, sink
from benchmark.execution.executor import Outcome

TOPIC = "bench"
STARTING_SECONDS, CLOSING_SECONDS = 120, 10
LOG_VARIABLE = "BENCH_WORKER_LOG"
SETTINGS = {
    # A task whose worker died is a failed cell, to be looked at by a person, and not to be tried three times more.
    "distributed.scheduler.allowed-failures": 0,
    # A worker gets a task when it is free to run it, so that only the task that ran can be blamed for a death.
    "distributed.scheduler.worker-saturation": 1.0,
    "distributed.worker.daemon": False,
    # Nothing here reads Dask's own figures of GPUs, and looking for them has its own ways to fail.
    "distributed.diagnostics.nvml": False,
    "distributed.admin.tick.limit": "1h",
    "logging.distributed": "critical",
}


class LocalWorkers:
    """Dask workers, each with one thread for tasks, its share of the cores, and at most one GPU.

    They are started when there is something to run.
    """

    def __init__(self, jobs: int, gpus: tuple[str, ...] = (), log: Path | None = None) -> None:
        """Prepare ``jobs`` workers; what libraries print in them goes to the file ``log``, not to the terminal."""
        self.jobs = jobs
        self._gpus = gpus
        self._log = log
        self._cluster: Any = None
        self._client: Any = None

    def __enter__(self) -> Self:
        return self

    def _start(self) -> None:
        import dask
        from distributed import Client, Nanny, Scheduler, SpecCluster

        dask.config.set(SETTINGS)
        _silence()
        workers = {
            number: {
                "cls": Nanny,
                "options": {
                    "nthreads": 1,
                    "memory_limit": 0,
                    "env": self._environment(number),
                    "silence_logs": 60,
                    "dashboard": False,
                    "death_timeout": STARTING_SECONDS,
                },
            }
            for number in range(self.jobs)
        }
        scheduler = {
            "cls": Scheduler,
            "options": {
                "host": "127.0.0.1",
                "port": 0,
                "dashboard": False,
                "dashboard_address": "127.0.0.1:0",
            },
        }
        try:
            self._cluster = SpecCluster(workers=workers, scheduler=scheduler, silence_logs=60)
            self._client = Client(self._cluster)
        # Dask closes what it has started by then, and may fail in that too, in its own ways.
        except Exception as error:
            raise WorkerDiedError(
                f"Worker processes could not be started within {STARTING_SECONDS} s ({error}). "
                "'bench run --executor inline' does without them."
            ) from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A worker in the middle of a step of training may not answer in time; its nanny then kills it.
        for part in (self._client, self._cluster):
            if part is not None:
                with suppress(TimeoutError):
                    part.close(timeout=CLOSING_SECONDS)

    def run(
        self,
        function: Callable[..., Any],
        arguments: Iterable[tuple[Any, ...]],
        listener: Callable[[Event], None],
    ) -> Iterator[Outcome]:
        """See ``Executor.run``."""
        import cloudpickle
        from distributed import as_completed

        waiting = enumerate(arguments)
        first = list(islice(waiting, self.jobs))
        if not first:
            return
        if self._client is None:
            self._start()
        self._client.subscribe_topic(TOPIC, lambda stamped: listener(_unpack(stamped[1])))
        indices: dict[str, int] = {}

        def submit(tasks: Iterable[tuple[int, tuple[Any, ...]]]) -> list[Any]:
            futures = []
            for index, each in tasks:
                # Dask waits for ever for a worker that cannot read its task; a task that reads its own bytes fails.
                task = cloudpickle.dumps((function, each))
                future = self._client.submit(_task, task, pure=False)
                indices[future.key] = index
                futures.append(future)
            return futures

        running = as_completed(submit(first))
        for future in running:
            yield _outcome(indices.pop(future.key), future)
            future.release()
            for following in submit(islice(waiting, 1)):
                running.add(following)
        self._client.unsubscribe_topic(TOPIC)

    def _environment(self, number: int) -> dict[str, str]:
        threads = str(max(1, cores() // self.jobs))
        names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
        environment = dict.fromkeys(names, threads)
        environment |= {"TF_NUM_INTEROP_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
        environment |= {name: os.environ.get(name, value) for name, value in ON_DEMAND.items()}
        if self._log is not None:
            environment[LOG_VARIABLE] = str(self._log.resolve())
        if self._gpus:
            environment["CUDA_VISIBLE_DEVICES"] = self._gpus[number % len(self._gpus)]
        return environment


def visible_gpus() -> tuple[str, ...]:
    """Return the GPUs that this process may use, as ``CUDA_VISIBLE_DEVICES`` names them."""
    allowed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if allowed is not None:
        return tuple(name for name in allowed.split(",") if name and name != "-1")
    command = ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(listed.stdout.split())


def default_jobs(gpus: tuple[str, ...]) -> int:
    """Return one worker per GPU; on a CPU one per two cores, at least two if there are two, at most eight.

    Small networks do not fill many cores, and each worker holds a backend of its own in memory.
    """
    return len(gpus) or max(min(2, cores()), min(8, cores() // 2))


def cores() -> int:
    """Return how many CPU cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _task(pickled: bytes) -> Any:
    import cloudpickle
    from distributed import get_worker

    _redirect_output()
    function, arguments = cloudpickle.loads(pickled)
    worker = get_worker()
    token = sink.set(lambda event: worker.log_event(TOPIC, _pack(event)))
    try:
        return function(*arguments)
    finally:
        sink.reset(token)


@cache
def _redirect_output() -> None:
    """Send what this worker process prints, native libraries included, to the log that its environment names."""
    log = os.environ.get(LOG_VARIABLE)
    if log:
        with open(log, "ab") as file:
            for descriptor in (1, 2):
                os.dup2(file.fileno(), descriptor)


def _pack(event: Event) -> dict[str, Any]:
    return {"kind": type(event).__name__, **vars(event)}


def _unpack(message: dict[str, Any]) -> Event:
    from benchmark.execution import events

    return getattr(events, message["kind"])(
        **{k: v for k, v in message.items() if k in _fields(message["kind"])}
    )


def _fields(kind: str) -> set[str]:
    from dataclasses import fields

    from benchmark.execution import events

    return {field.name for field in fields(getattr(events, kind))}


def _outcome(index: int, future: Any) -> Outcome:
    from distributed import KilledWorker

    error = future.exception()
    if error is None:
        return Outcome(index, future.result())
    if isinstance(error, KilledWorker):
        message = (
            "The worker process died: it was killed, crashed in native code, or ran out of memory. "
            "Look at the system's log; with less parallelism (--jobs 1) or a smaller batch it may fit."
        )
        return Outcome(index, error=WorkerDiedError(message))
    if isinstance(error, Exception):
        return Outcome(index, error=error)
    raise error


def _silence() -> None:
    """Dask logs every worker's death and every slow tick; people get the outcome instead."""
    import logging

    for name in ("distributed", "tornado"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
