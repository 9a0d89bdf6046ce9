"""Look at files in worker processes, which hang and die in place of this one."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, closing
from typing import TYPE_CHECKING, Any

from benchmark.data.looking import Look
from benchmark.exceptions import CellTimeoutError, WorkerDiedError
from benchmark.plugin.manager import load_registry

if TYPE_CHECKING:
    from pathlib import Path

    from benchmark.execution.events import Event
    from benchmark.execution.executor import Executor
    from benchmark.execution.workers import LocalWorkers
    from benchmark.plugin.benchfile import Benchfile

# A worker that would look at fewer files takes longer to start than to look.
_FILES_EACH = 8


class InWorkers:
    """Looks at files by the executor that ``make`` makes for so many of them; see ``data.looking.Looker``.

    A file that a process dies of is tried once more when nothing else runs beside it: it may have died of the others'
    need of memory.
    """

    def __init__(
        self,
        make: Callable[[int], AbstractContextManager[Executor]],
        benchfile: Benchfile | None,
        seconds: float | None,
        *,
        again: bool = False,
    ) -> None:
        """``seconds`` is what the executor allows each file; a ``benchfile`` is run in each worker, as it was here."""
        self.again = again
        self._make = make
        self._benchfile = benchfile
        self._seconds = seconds

    def look(
        self, function: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]
    ) -> Generator[Look, None, None]:
        """See ``Looker.look``.

        Raises:
            WorkerDiedError: when no worker can be started.
        """
        if not arguments:
            return
        with self._make(len(arguments)) as executor:
            deadly: list[int] = []
            with closing(self._outcomes(executor, function, arguments, range(len(arguments)))) as looks:
                for look, is_dead in looks:
                    if is_dead:
                        deadly.append(look.index)
                    else:
                        yield look
            for index in deadly:
                with closing(self._outcomes(executor, function, arguments, [index])) as looks:
                    for look, _ in looks:
                        yield look

    def _outcomes(
        self,
        executor: Executor,
        function: Callable[..., Any],
        arguments: Sequence[tuple[Any, ...]],
        indices: Sequence[int],
    ) -> Generator[tuple[Look, bool], None, None]:
        """Yield what came of each, and whether its process died."""
        tasks = ((self._benchfile, function, arguments[index]) for index in indices)
        for outcome in executor.run(_with_plugins, tasks, _ignore):
            index = indices[outcome.index]
            if isinstance(outcome.error, WorkerDiedError):
                yield Look(index, lost="killed its process"), True
            elif isinstance(outcome.error, CellTimeoutError):
                yield Look(index, lost=f"hung for {self._seconds:g} s"), False
            elif outcome.error is not None:
                raise outcome.error
            else:
                yield Look(index, outcome.value), False


def in_local_workers(
    log: Path,
    benchfile: Benchfile | None,
    *,
    jobs: int | None = None,
    seconds: float | None = None,
    again: bool = False,
) -> InWorkers:
    """Return what looks at files in worker processes of its own: ``jobs``, by default one per core, none idle.

    They are there while there is something to look at. ``seconds`` is the limit for each file, ``log`` where goes what
    they print.
    """

    def make(files: int) -> LocalWorkers:
        # Most runs look at nothing: what was seen before is known.
        from benchmark.execution.threads import cores
        from benchmark.execution.workers import LocalWorkers

        return LocalWorkers(min(jobs or cores(), -(-files // _FILES_EACH)), log=log, seconds=seconds)

    return InWorkers(make, benchfile, seconds, again=again)


def _with_plugins(
    benchfile: Benchfile | None, function: Callable[..., Any], arguments: tuple[Any, ...]
) -> Any:
    # Plugins may have changed how files are read.
    load_registry(benchfile)
    return function(*arguments)


def _ignore(event: Event) -> None:
    """Looks tell nothing."""
