"""What executors have in common, and the one that uses no other process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol, Self

from benchmark.clock import awake_seconds
from benchmark.data.corpora import keeping_corpora
from benchmark.execution.events import Event, sink
from benchmark.execution.tasks import perform
from benchmark.execution.threads import cores, limited


@dataclass(frozen=True)
class Outcome:
    """How the task at ``index`` ended: with a ``value``, or with an ``error``; and after how many ``seconds``."""

    index: int
    value: Any = None
    error: Exception | None = None
    seconds: float = 0.0


class Executor(AbstractContextManager["Executor"], Protocol):
    """Runs tasks, some of them at a time, and yields outcomes as they come.

    A task that raises, whose process dies (``WorkerDiedError``), or is killed because the task took too long
    (``CellTimeoutError``), is an outcome; the others go on. Arguments are taken from the iterable only as they are
    needed.
    """

    jobs: int

    def run(
        self,
        function: Callable[..., Any],
        arguments: Iterable[tuple[Any, ...]],
        listener: Callable[[Event], None],
    ) -> Iterator[Outcome]:
        """Call ``function`` with each of ``arguments``; ``listener`` gets what the tasks emit."""
        ...


@dataclass(frozen=True)
class Executors:
    """What makes executors: ``features`` for work that fills cores, ``training`` for so many tasks, on GPUs if any.

    ``threads`` is what each training gets, however many tasks there are, of which ``at_once`` are trained at a time.

    They are two because a process that made features keeps libraries that take as much memory as a small network.
    """

    features: Callable[[], AbstractContextManager[Executor]]
    training: Callable[[int], AbstractContextManager[Executor]]
    threads: int = field(default_factory=cores)
    at_once: int = 1


class Inline:
    """Runs everything here, one after another: for debuggers, and where processes are not wanted."""

    jobs = 1

    def __init__(self, threads: int | None = None) -> None:
        """Prepare to run tasks on so many threads; by default, on as many as libraries take."""
        self._limit: AbstractContextManager[None] = nullcontext() if threads is None else limited(threads)
        self._inside = ExitStack()

    def __enter__(self) -> Self:
        self._inside.enter_context(self._limit)
        self._inside.enter_context(keeping_corpora())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._inside.close()

    def run(
        self,
        function: Callable[..., Any],
        arguments: Iterable[tuple[Any, ...]],
        listener: Callable[[Event], None],
    ) -> Iterator[Outcome]:
        """See ``Executor.run``."""
        for index, given in enumerate(arguments):
            token = sink.set(listener)
            began = awake_seconds()
            try:
                returned = perform(function, given)
            finally:
                sink.reset(token)
            yield Outcome(index, returned.value, returned.error, awake_seconds() - began)
