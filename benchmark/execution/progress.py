"""Show a run: live bars on a terminal, one plain line per cell anywhere else."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self, TextIO

from benchmark.exceptions import shortened
from benchmark.execution.events import CellStarted, EpochFinished, Event, Noted
from benchmark.text import unfiltered, visible

if TYPE_CHECKING:
    from benchmark.record import CellRecord

PLAIN_STEPS = 10
_SHOWN = 500
_ELSEWHERE = " (by another run)"


class Display(AbstractContextManager["Display"], Protocol):
    """Told what happens in a run."""

    def note(self, text: str) -> None:
        """Say something once."""

    def preparing(self, done: int, total: int) -> None:
        """Features of ``done`` of ``total`` tracks are computed."""

    def running(self, labels: Mapping[str, str]) -> None:
        """The cells with these ids and labels are about to be run."""

    def event(self, event: Event) -> None:
        """A cell has started, or finished an epoch."""

    def finished(self, record: CellRecord, *, elsewhere: bool = False) -> None:
        """A cell has ended, in this run or in another one."""

    def studying(self, trials: int) -> None:
        """So many trials are about to be run."""

    def trial_finished(self, key: str, text: str) -> None:
        """The trial that events call ``key`` has ended, as ``text`` says."""


class PlainDisplay:
    """One line per cell, and a few about features: for logs."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stderr
        self._labels: Mapping[str, str] = {}
        self._done = 0
        self._step = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def note(self, text: str) -> None:
        """See ``Display``."""
        print(text, file=self.stream, flush=True)

    def preparing(self, done: int, total: int) -> None:
        """See ``Display``; a line per tenth."""
        step = done * PLAIN_STEPS // max(total, 1)
        if step != self._step:
            self._step = step
            self.note(f"features: {done} of {total} tracks")

    def running(self, labels: Mapping[str, str]) -> None:
        """See ``Display``."""
        self._labels = labels

    def event(self, event: Event) -> None:
        """See ``Display``; epochs are too many for a log."""
        if isinstance(event, Noted):
            self.note(_noted(event, self._labels))

    def finished(self, record: CellRecord, *, elsewhere: bool = False) -> None:
        """See ``Display``."""
        self._done += 1
        label = self._labels.get(record.id, record.id)
        said = outcome_text(record) + _ELSEWHERE * elsewhere
        self.note(f"[{self._done}/{len(self._labels)}] {label}: {said}")

    def studying(self, trials: int) -> None:
        """See ``Display``."""
        self.note(f"studies: {trials} trials to run")

    def trial_finished(self, key: str, text: str) -> None:
        """See ``Display``."""
        self.note(text)


class LiveDisplay:
    """Progress bars: the suite with the time left, and each running cell with its epoch."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[detail]}", markup=False),
            # It commands the terminal, so that texts of others are made visible here.
            console=Console(file=unfiltered(sys.stdout)),
        )
        self._labels: Mapping[str, str] = {}
        self._cells: dict[str, Any] = {}
        self._features: Any = None
        self._suite: Any = None
        self._trials: Any = None
        self._began = 0.0
        self._done = 0

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._cells.values():
            self._bars.remove_task(task)
        self._bars.stop()

    def note(self, text: str) -> None:
        """See ``Display``."""
        self._bars.console.print(visible(text), markup=False, highlight=False)

    def preparing(self, done: int, total: int) -> None:
        """See ``Display``."""
        if self._features is None:
            self._features = self._bars.add_task("features", total=total, detail="tracks")
        self._bars.update(self._features, completed=done, total=total)

    def running(self, labels: Mapping[str, str]) -> None:
        """See ``Display``."""
        self._labels = labels
        self._began = time.monotonic()
        self._suite = self._bars.add_task("cells", total=len(labels), detail="")

    def event(self, event: Event) -> None:
        """See ``Display``."""
        if isinstance(event, Noted):
            self.note(_noted(event, self._labels))
        elif isinstance(event, CellStarted):
            label = self._labels.get(event.cell, event.cell)
            self._cells[event.cell] = self._bars.add_task(
                f"  {_short(visible(label))}", total=None, detail="loading"
            )
        elif isinstance(event, EpochFinished) and event.cell in self._cells:
            shown = " ".join(f"{name} {value:.3f}" for name, value in event.logs.items())
            self._bars.update(
                self._cells[event.cell],
                completed=event.epoch,
                total=event.epochs,
                detail=visible(f"{event.stage} {shown}"),
            )

    def finished(self, record: CellRecord, *, elsewhere: bool = False) -> None:
        """See ``Display``."""
        self._done += 1
        task = self._cells.pop(record.id, None)
        if task is not None:
            self._bars.remove_task(task)
        label = self._labels.get(record.id, record.id)
        self.note(f"{label}: {outcome_text(record) + _ELSEWHERE * elsewhere}")
        left = (time.monotonic() - self._began) / self._done * (len(self._labels) - self._done)
        self._bars.update(self._suite, completed=self._done, detail=f"about {_duration(left)} left")

    def studying(self, trials: int) -> None:
        """See ``Display``."""
        self._trials = self._bars.add_task("trials", total=trials, detail="of studies")

    def trial_finished(self, key: str, text: str) -> None:
        """See ``Display``."""
        task = self._cells.pop(key, None)
        if task is not None:
            self._bars.remove_task(task)
        self.note(text)
        self._bars.update(self._trials, advance=1)


def make_display() -> Display:
    """Return the live display if stderr is a terminal, else the plain one."""
    return LiveDisplay() if sys.stderr.isatty() else PlainDisplay()


def outcome_text(record: CellRecord) -> str:
    """Return how a cell ended, in one line."""
    seconds = f"{record.seconds.get('total', 0):.1f} s"
    if record.error is None:
        return f"{record.status}, {seconds}"
    first = record.error.message.splitlines()[0] if record.error.message else ""
    return f"{record.status} after {seconds}: {record.error.type}: {shortened(first, _SHOWN)}"


def _noted(event: Noted, labels: Mapping[str, str]) -> str:
    return f"Warning: {labels.get(event.cell, event.cell)}: {event.text}"


def _short(label: str, width: int = 48) -> str:
    return label if len(label) <= width else label[: width - 1] + "…"


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return (
        f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
    )
