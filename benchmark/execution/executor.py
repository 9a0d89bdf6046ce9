"""What executors have in common, and the one that uses no other process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self

from benchmark.execution.events import Event, sink


@dataclass(frozen=True)
class Outcome:
    """How the task at ``index`` ended: with a ``value``, or with an ``error``."""

    index: int
    value: Any = None
    error: Exception | None = None


class Executor(AbstractContextManager["Executor"], Protocol):
    """Runs tasks, some of them at a time, and yields outcomes as they come.

    A task that raises, or whose process dies (``WorkerDiedError``), is an outcome; the others go on. Arguments
    are taken from the iterable only as they are needed.
    """

    jobs: int

    def run(
        self,
        function: Callable[..., Any],
        arguments: Iterable[tuple[Any, ...]],
        listener: Callable[[Event], None],
    ) -> Iterator[Outcome]:
        """Call ``function(*each)`` for each of ``arguments``; ``listener`` gets what the tasks emit."""
        ...


@dataclass(frozen=True)
class Executors:
    """What makes executors: ``features`` for work that fills cores, ``training`` for so many tasks, on GPUs if any.

    They are two because a process that made features keeps libraries that take as much memory as a small network.
    """

    features: Callable[[], AbstractContextManager[Executor]]
    training: Callable[[int], AbstractContextManager[Executor]]


class Inline:
    """Runs everything here, one after another: for debuggers, and where processes are not wanted."""

    jobs = 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def run(
        self,
        function: Callable[..., Any],
        arguments: Iterable[tuple[Any, ...]],
        listener: Callable[[Event], None],
    ) -> Iterator[Outcome]:
        """See ``Executor.run``."""
        for index, each in enumerate(arguments):
            token = sink.set(listener)
            try:
                yield Outcome(index, function(*each))
            except Exception as error:
                yield Outcome(index, error=error)
            finally:
                sink.reset(token)
