"""Worker processes that are done, kept for the next who need the same ones.

To start a process takes as long as to look at a hundred short files, and a run looks at files several times.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.clock import awake_seconds

if TYPE_CHECKING:
    from benchmark.execution.processes import WorkerProcess

# Workers whose work is done may end in their own time, for so long.
ENDING_SECONDS = 5
Kind = tuple[object, ...]


class SpareWorkers:
    """Living processes with nothing to do, by their kind."""

    def __init__(self) -> None:
        self._processes: list[tuple[Kind, WorkerProcess]] = []

    def keep(self, kind: Kind, process: WorkerProcess) -> None:
        """Keep a process that is there, and has done all that it was given."""
        self._processes.append((kind, process))

    def take(self, kind: Kind) -> WorkerProcess | None:
        """Return a living process of a kind, which is no longer kept; None if there is none."""
        for entry in [entry for entry in self._processes if entry[0] == kind]:
            self._processes.remove(entry)
            if entry[1].exit_code is None:
                return entry[1]
            entry[1].kill()
        return None

    def end(self) -> None:
        """End all."""
        end_processes([process for _, process in self._processes])
        self._processes.clear()


_spare: ContextVar[SpareWorkers | None] = ContextVar("spare", default=None)


def spare_workers() -> SpareWorkers | None:
    """Return where workers that are done are kept here; None where they end."""
    return _spare.get()


@contextmanager
def sharing_workers() -> Iterator[None]:
    """Have those who need workers inside, one after another, share them. All end with the block."""
    spare = SpareWorkers()
    token = _spare.set(spare)
    try:
        yield
    finally:
        _spare.reset(token)
        spare.end()


def kind_of(environment: Mapping[str, str], log: Path | None) -> Kind:
    """Return what two workers have in common that can stand in for each other: all that a process is born with."""
    return (log, tuple(sys.path), tuple(sorted({**os.environ, **environment}.items())))


def end_processes(processes: list[WorkerProcess]) -> None:
    """Have processes end in their own time; kill those that take too long."""
    for process in processes:
        process.ask_to_end()
    until = awake_seconds() + ENDING_SECONDS
    for process in processes:
        process.end_within(max(0.0, until - awake_seconds()))
