"""Progress of a cell, from wherever it runs to whoever shows it."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class EpochFinished:
    """A cell has finished an epoch (counted from 1) of a stage."""

    cell: str
    stage: str
    epoch: int
    epochs: int
    logs: dict[str, float]


@dataclass(frozen=True)
class CellStarted:
    """A worker has taken up a cell; ``worker`` names the process."""

    cell: str
    worker: str


@dataclass(frozen=True)
class Noted:
    """Something is to be known of a cell, or of a worker by its name, that is no part of a result."""

    cell: str
    text: str


Event = EpochFinished | CellStarted | Noted
Sink = Callable[[Event], None]


def _drop(event: Event) -> None:
    """Nobody listens."""


sink: ContextVar[Sink] = ContextVar("sink", default=_drop)


def emit(event: Event) -> None:
    """Tell whoever listens to the task that runs in this context."""
    sink.get()(event)
