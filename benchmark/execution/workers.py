"""Worker processes on this machine, by Dask: one per GPU, or ``jobs`` of them sharing the CPU cores."""

from __future__ import annotations

import os
import queue
import subprocess
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmark.backend import ON_DEMAND
from benchmark.clock import awake_seconds
from benchmark.exceptions import CellTimeoutError, TaskError, WorkerDiedError, error_text
from benchmark.execution.cluster import Cluster
from benchmark.execution.events import Event, sink
from benchmark.execution.executor import Outcome
from benchmark.execution.processes import WorkerProcess
from benchmark.execution.tasks import Returned, perform, portable
from benchmark.execution.threads import cores, environment, share

TOPIC = "bench"
STARTING_SECONDS = 120
# Workers whose work is done may end in their own time, for so long.
ENDING_SECONDS = 5
# What a task gets beyond its limit, to notice by itself that its time is up; then its process is killed.
GRACE_SECONDS = 4
_STARTS = 3
_LOOKING_SECONDS = 1.0
_MEMORY_GROWTH = 0.25
_DIED = (
    "The worker process died: it was killed, crashed in native code, or ran out of memory. "
    "Look at the system's log; with less parallelism (--jobs 1) or a smaller batch it may fit."
)


@dataclass
class _Running:
    """A task that a worker has been given, at ``since`` by the awake clock."""

    index: int
    future: Any
    since: float


@dataclass
class _Slot:
    """A place for a worker: its process, whether that has arrived, what it is to do, and what it does.

    ``failures`` counts its processes in a row that ended before they were given a task; ``memory`` is what its process
    had after its first one.
    """

    number: int
    process: WorkerProcess | None = None
    since: float = 0.0
    arrived: bool = False
    task: tuple[int, tuple[Any, ...]] | None = None
    running: _Running | None = None
    failures: int = 0
    memory: int = 0

    def forget_process(self) -> None:
        """Have the next task start another one."""
        if self.process is not None:
            self.process.kill()
        self.process, self.arrived, self.memory = None, False, 0


class LocalWorkers:
    """Dask workers, each with one thread for tasks, its share of the cores, and at most one GPU.

    They are started when there is something to run, replaced when they die, and killed with a task that takes too long.
    Nobody else can use them: they listen on loopback only, and to those who have the run's key.
    """

    def __init__(
        self,
        jobs: int,
        gpus: tuple[str, ...] = (),
        log: Path | None = None,
        *,
        threads: int | None = None,
        seconds: float | None = None,
    ) -> None:
        """Prepare ``jobs`` workers.

        What is printed in them goes to the file ``log``, not to the terminal. Each has ``threads``, by default its
        share of the cores. A task may take ``seconds``.
        """
        self.jobs = jobs
        self.threads = threads or share(jobs)
        self._gpus = gpus
        self._log = log.resolve() if log is not None else None
        self._seconds = seconds
        self._cluster: Cluster | None = None
        self._slots = [_Slot(number) for number in range(jobs)]
        self._started = 0
        self._news: queue.SimpleQueue[tuple[bool | None, str]] = queue.SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        processes = [slot.process for slot in self._slots if slot.process is not None]
        for process in processes:
            process.ask_to_end() if kind is None else process.kill()
        until = awake_seconds() + ENDING_SECONDS
        for process in processes:
            process.end_within(max(0.0, until - awake_seconds()))
        if self._cluster is not None:
            self._cluster.close()

    def run(
        self,
        function: Callable[..., Any],
        arguments: Iterable[tuple[Any, ...]],
        listener: Callable[[Event], None],
    ) -> Iterator[Outcome]:
        """See ``Executor.run``."""
        waiting = enumerate(arguments)
        for slot, task in zip(self._slots, waiting, strict=False):
            slot.task = task
        if self._slots[0].task is None:
            return
        client = self._ready_cluster().client
        client.subscribe_topic(TOPIC, lambda stamped: listener(_unpack(stamped[1])))
        while any(slot.task or slot.running for slot in self._slots):
            for slot in self._slots:
                if slot.task is not None and slot.process is None:
                    self._start(slot)
                if slot.task is not None and slot.arrived:
                    self._give(slot, function, client)
            self._look()
            for slot in self._slots:
                if (outcome := self._outcome(slot)) is not None:
                    yield outcome
                    # Not before whoever asks has heard of this outcome: what comes next may depend on it.
                    slot.task = next(waiting, None)
        client.unsubscribe_topic(TOPIC)

    def _ready_cluster(self) -> Cluster:
        if self._cluster is None:
            news = self._news
            try:
                self._cluster = Cluster(
                    self._log,
                    lambda name: news.put((True, name)),
                    lambda name: news.put((False, name)),
                    STARTING_SECONDS,
                )
            # Dask may fail in this in its own ways.
            except Exception as error:
                raise _not_started(error_text(error)) from error
        return self._cluster

    def _start(self, slot: _Slot) -> None:
        cluster = self._ready_cluster()
        self._started += 1
        orders = {"scheduler": cluster.address, "security": cluster.credentials}
        # Each process has a name of its own, so that news of an earlier one is not taken for news of it.
        name = f"{slot.number}-{self._started}"
        slot.process = WorkerProcess(name, orders, self._environment(slot.number), self._log)
        slot.since = awake_seconds()

    def _give(self, slot: _Slot, function: Callable[..., Any], client: Any) -> None:
        """Give a worker that has nothing to do its task: it begins now, which nobody needs to tell."""
        import cloudpickle

        assert slot.task is not None
        assert slot.process is not None
        index, arguments = slot.task
        # Dask waits for ever for a worker that cannot read its task; a task that reads its own bytes fails.
        pickled = cloudpickle.dumps((function, arguments))
        name, news = slot.process.name, self._news
        future = client.submit(_task, pickled, pure=False, workers=[name], allow_other_workers=False)
        future.add_done_callback(lambda done: news.put((None, name)))
        slot.task, slot.running, slot.failures = None, _Running(index, future, awake_seconds()), 0

    def _look(self) -> None:
        """Wait until something has happened, or may have."""
        with suppress(queue.Empty):
            news = [self._news.get(timeout=self._patience())]
            while True:
                arrived, name = news.pop()
                for slot in self._slots:
                    if slot.process is not None and slot.process.name == name and arrived is not None:
                        slot.arrived = arrived
                        if not arrived:
                            slot.process.kill()
                news.append(self._news.get_nowait())
        for slot in self._slots:
            if slot.process is not None and slot.running is None:
                self._look_at_idle(slot)

    def _patience(self) -> float:
        """Return for how long there is nothing to do if nobody brings news: until somebody's time is up."""
        now, until = awake_seconds(), [_LOOKING_SECONDS]
        for slot in self._slots:
            if slot.running is not None and self._seconds is not None:
                until.append(slot.running.since + self._seconds + GRACE_SECONDS - now)
            elif slot.running is None and slot.process is not None and not slot.arrived:
                until.append(slot.since + STARTING_SECONDS - now)
        return max(0.01, min(until))

    def _look_at_idle(self, slot: _Slot) -> None:
        """Have a process replaced that ended while nothing ran in it.

        Raises:
            WorkerDiedError: when processes end again and again, or do not arrive.
        """
        assert slot.process is not None
        code = slot.process.exit_code
        if code is not None:
            slot.failures += 1
            slot.forget_process()
            if slot.failures == _STARTS:
                raise _not_started(f"they ended with code {code}{_see(self._log)}")
        elif not slot.arrived and awake_seconds() - slot.since > STARTING_SECONDS:
            raise _not_started(f"they take longer than {STARTING_SECONDS} s{_see(self._log)}")

    def _outcome(self, slot: _Slot) -> Outcome | None:
        """Return how a worker's task ended, or None while it has not."""
        running, process = slot.running, slot.process
        if running is None or process is None:
            return None
        error: Exception
        if running.future.done():
            returned = _gather(running.future, process)
            if not isinstance(returned.error, WorkerDiedError):
                slot.running = None
                running.future.release()
                self._replace_large(slot)
                return Outcome(running.index, returned.value, returned.error, awake_seconds() - running.since)
            error = returned.error
        elif process.exit_code is not None:
            error = WorkerDiedError(_DIED)
        elif self._seconds is not None and awake_seconds() - running.since > self._seconds + GRACE_SECONDS:
            error = CellTimeoutError(
                f"It took longer than the {self._seconds:g} s it was given, and its process was killed."
            )
        else:
            return None
        slot.forget_process()
        slot.running = None
        running.future.release()
        return Outcome(running.index, error=error, seconds=awake_seconds() - running.since)

    def _replace_large(self, slot: _Slot) -> None:
        """Have a worker replaced that holds much more memory than after its first task, before there is none left."""
        import psutil

        assert slot.process is not None
        memory = slot.process.memory()
        slot.memory = slot.memory or memory
        if memory - slot.memory > _MEMORY_GROWTH * psutil.virtual_memory().total / self.jobs:
            slot.forget_process()

    def _environment(self, number: int) -> dict[str, str]:
        found = environment(self.threads) | {"TF_CPP_MIN_LOG_LEVEL": "3"}
        # As Dask has it for its own worker processes: memory that is free is given back, sets have one order.
        defaults = {**ON_DEMAND, "MALLOC_TRIM_THRESHOLD_": "65536", "PYTHONHASHSEED": "6640"}
        found |= {name: os.environ.get(name, value) for name, value in defaults.items()}
        if self._gpus:
            found["CUDA_VISIBLE_DEVICES"] = self._gpus[number % len(self._gpus)]
        return found


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


def _task(pickled: bytes) -> Returned:
    """Run in a worker: read a task, and do it."""
    from distributed import get_worker

    worker = get_worker()
    token = sink.set(lambda event: worker.log_event(TOPIC, _pack(event)))
    try:
        return portable(perform(_read_and_call, (pickled,)))
    finally:
        sink.reset(token)


def _read_and_call(pickled: bytes) -> Any:
    import cloudpickle

    function, arguments = cloudpickle.loads(pickled)
    return function(*arguments)


def _gather(future: Any, process: WorkerProcess) -> Returned:
    """Return what a task that has ended returned; it is lost with the process, if that ends before it is fetched."""
    from distributed import KilledWorker
    from distributed.utils import TimeoutError as DaskTimeoutError

    while process.exit_code is None:
        try:
            returned: Returned = future.result(timeout=_LOOKING_SECONDS)
            return returned
        except (TimeoutError, DaskTimeoutError):
            continue
        except (KilledWorker, CancelledError):
            break
        # What a task returns may be such that it cannot be sent, or read here.
        except Exception as error:
            return Returned(error=TaskError(error_text(error)))
    return Returned(error=WorkerDiedError(_DIED))


def _not_started(why: str) -> WorkerDiedError:
    return WorkerDiedError(
        f"Worker processes could not be started: {why}. 'bench run --executor inline' does without them."
    )


def _see(log: Path | None) -> str:
    return f", see {log}" if log is not None else ""


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
