"""Worker processes on this machine: one per GPU, or ``jobs`` of them sharing the CPU cores."""

from __future__ import annotations

import os
import queue
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmark.backend import ON_DEMAND, compiled_once
from benchmark.clock import awake_seconds
from benchmark.exceptions import CellTimeoutError, WorkerDiedError
from benchmark.execution.events import Event, Noted
from benchmark.execution.executor import Outcome
from benchmark.execution.memory import GROWTH_VARIABLE, growth_limit
from benchmark.execution.processes import GONE, WorkerProcess
from benchmark.execution.spare import end_processes, kind_of, spare_workers
from benchmark.execution.tasks import packed, read_answer, unpacked
from benchmark.execution.threads import cores, environment, share
from benchmark.execution.worker_process import ANSWER, EVENT, READY
from benchmark.locations import default_programs

STARTING_SECONDS = 120
# What a task gets beyond its limit, to notice by itself that its time is up; then its process is killed.
GRACE_SECONDS = 4
_STARTS = 3
_LOOKING_SECONDS = 1.0
_DIED = (
    "The worker process died: it was killed, crashed in native code, or ran out of memory. "
    "Look at the system's log; with less parallelism (--jobs 1) or a smaller batch it may fit."
)


@dataclass
class _Running:
    """A task that a worker was given, at ``since`` by the awake clock, and its packed answer once that is there."""

    index: int
    since: float
    answer: bytes | None = None


@dataclass
class _Slot:
    """A place for a worker: its process, whether that is there or gone, what it is to do, and what it does.

    ``failures`` counts its processes in a row that ended before they were given a task; ``memory`` is what its process
    had after its first one.
    """

    number: int
    process: WorkerProcess | None = None
    since: float = 0.0
    arrived: bool = False
    gone: bool = False
    task: tuple[int, tuple[Any, ...]] | None = None
    running: _Running | None = None
    failures: int = 0
    memory: int = 0

    def forget_process(self) -> None:
        """Have the next task start another one."""
        if self.process is not None:
            self.process.kill()
        self.process, self.arrived, self.gone, self.memory = None, False, False, 0


class LocalWorkers:
    """Processes with one thread for tasks each, their share of the cores, and at most one GPU.

    They are started when there is something to run, replaced when they die, and killed with a task that takes too long.
    Nobody else can use them: they listen to nothing but the pair of sockets that each was born with.
    """

    def __init__(
        self,
        jobs: int,
        gpus: tuple[str, ...] = (),
        log: Path | None = None,
        *,
        threads: int | None = None,
        seconds: float | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare ``jobs`` workers.

        What is printed in them goes to the file ``log``, not to the terminal. Each has ``threads``, by default its
        share of the cores. A task may take ``seconds``. ``variables`` are set in their environment.

        Raises:
            UsageError: when the environment's limit of memory is no number.
        """
        self.jobs = jobs
        self.threads = threads or share(jobs)
        self._gpus = gpus
        self._log = log.resolve() if log is not None else None
        self._seconds = seconds
        self._variables = dict(variables or {})
        self._growth = growth_limit(jobs)
        self._slots = [_Slot(number) for number in range(jobs)]
        self._news: queue.SimpleQueue[tuple[WorkerProcess, bytes, bytes]] = queue.SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        spare = spare_workers() if kind is None else None
        ending: list[WorkerProcess] = []
        for slot in self._slots:
            process = slot.process
            if process is None:
                continue
            if kind is not None:
                process.kill()
            elif spare is not None and slot.arrived and slot.running is None:
                spare.keep(kind_of(self._environment(slot.number), self._log), process)
            else:
                ending.append(process)
        end_processes(ending)

    def kill(self) -> None:
        """Kill what runs now, which ends as if its process had died. Any thread may ask for it."""
        for slot in self._slots:
            process = slot.process
            if process is not None:
                process.kill()

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
        while any(slot.task or slot.running for slot in self._slots):
            for slot in self._slots:
                if slot.task is not None and slot.process is None:
                    self._start(slot)
                if slot.task is not None and slot.arrived:
                    self._give(slot, function)
            self._look(listener)
            for slot in self._slots:
                if (outcome := self._outcome(slot, listener)) is not None:
                    yield outcome
                    # Not before whoever asks has heard of this outcome: what comes next may depend on it.
                    slot.task = next(waiting, None)

    def _start(self, slot: _Slot) -> None:
        def hear(process: WorkerProcess, kind: bytes, content: bytes) -> None:
            self._news.put((process, kind, content))

        environment, spare = self._environment(slot.number), spare_workers()
        slot.since = awake_seconds()
        slot.process = None if spare is None else spare.take(kind_of(environment, self._log))
        if slot.process is None:
            slot.process = WorkerProcess(environment, self._log, hear)
        else:
            slot.arrived = True
            slot.process.tell(hear)

    def _give(self, slot: _Slot, function: Callable[..., Any]) -> None:
        """Give a worker that has nothing to do its task: it begins now, which nobody needs to tell."""
        assert slot.task is not None
        assert slot.process is not None
        index, arguments = slot.task
        slot.process.give(packed((function, arguments)))
        slot.task, slot.running, slot.failures = None, _Running(index, awake_seconds()), 0

    def _look(self, listener: Callable[[Event], None]) -> None:
        """Wait until something has happened, or may have."""
        with suppress(queue.Empty):
            self._hear(*self._news.get(timeout=self._patience()), listener)
        self._hear_all(listener)
        for slot in self._slots:
            if slot.process is not None and slot.running is None:
                self._look_at_idle(slot)

    def _hear_all(self, listener: Callable[[Event], None]) -> None:
        """Take note of all that is said by now."""
        with suppress(queue.Empty):
            while True:
                self._hear(*self._news.get_nowait(), listener)

    def _hear(
        self, process: WorkerProcess, kind: bytes, content: bytes, listener: Callable[[Event], None]
    ) -> None:
        slot = next((slot for slot in self._slots if slot.process is process), None)
        if slot is None:
            return
        if kind == READY:
            slot.arrived = True
        elif kind == GONE:
            slot.arrived, slot.gone = False, True
        elif kind == ANSWER and slot.running is not None:
            slot.running.answer = content
        elif kind == EVENT:
            # What a plugin tells may be such that it cannot be read here.
            try:
                event = unpacked(content)
            except Exception:
                return
            listener(event)

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
        process = slot.process
        assert process is not None
        if slot.gone or process.exit_code is not None:
            slot.failures += 1
            slot.forget_process()
            if slot.failures == _STARTS:
                raise _not_started(f"they ended with code {process.exit_code}{_see(self._log)}")
        elif not slot.arrived and awake_seconds() - slot.since > STARTING_SECONDS:
            raise _not_started(f"they take longer than {STARTING_SECONDS} s{_see(self._log)}")

    def _outcome(self, slot: _Slot, listener: Callable[[Event], None]) -> Outcome | None:
        """Return how a worker's task ended, or None while it has not."""
        running, process = slot.running, slot.process
        if running is None or process is None:
            return None
        if running.answer is None and process.exit_code is not None:
            # Its last words may be on their way.
            process.hear_out(_LOOKING_SECONDS)
            self._hear_all(listener)
        seconds = awake_seconds() - running.since
        if running.answer is not None:
            slot.running = None
            self._replace_large(slot, listener)
            returned = read_answer(running.answer)
            return Outcome(running.index, returned.value, returned.error, seconds)
        error: Exception
        if slot.gone or process.exit_code is not None:
            error = WorkerDiedError(_DIED)
        elif self._seconds is not None and seconds > self._seconds + GRACE_SECONDS:
            error = CellTimeoutError(
                f"It took longer than the {self._seconds:g} s it was given, and its process was killed."
            )
        else:
            return None
        slot.forget_process()
        slot.running = None
        return Outcome(running.index, error=error, seconds=seconds)

    def _replace_large(self, slot: _Slot, listener: Callable[[Event], None]) -> None:
        """Have a worker replaced that holds much more memory than after its first task, before there is none left."""
        assert slot.process is not None
        memory = slot.process.memory()
        slot.memory = slot.memory or memory
        if memory - slot.memory > self._growth:
            listener(Noted(f"worker {slot.number + 1}", _grown(memory - slot.memory, self._growth)))
            slot.forget_process()

    def _environment(self, number: int) -> dict[str, str]:
        variables = environment(self.threads) | {"TF_CPP_MIN_LOG_LEVEL": "3"} | self._variables
        # Memory that is free is given back, and is in no more places than threads need; sets have one order.
        defaults = {
            **ON_DEMAND,
            "MALLOC_TRIM_THRESHOLD_": "65536",
            "MALLOC_ARENA_MAX": str(max(2, self.threads)),
            "PYTHONHASHSEED": "6640",
        }
        if self._gpus:
            defaults |= compiled_once(default_programs(), {**os.environ, **variables})
        variables |= {
            name: variables.get(name, os.environ.get(name, value)) for name, value in defaults.items()
        }
        if self._gpus:
            variables["CUDA_VISIBLE_DEVICES"] = self._gpus[number % len(self._gpus)]
        return variables


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


def _grown(grown: int, limit: int) -> str:
    return (
        f"it has grown by {grown / 1e6:,.0f} MB since its first task, more than the {limit / 1e6:,.0f} MB that it may "
        f"(see {GROWTH_VARIABLE}): it is replaced. Something in it keeps what it should give back."
    )


def _not_started(why: str) -> WorkerDiedError:
    return WorkerDiedError(
        f"Worker processes could not be started: {why}. 'bench run --executor inline' does without them."
    )


def _see(log: Path | None) -> str:
    return f", see {log}" if log is not None else ""
