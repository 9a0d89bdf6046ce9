"""The cells of one run in flight: claimed, given to workers, heard of, and filed, whatever becomes of them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from benchmark.claims import holdings
from benchmark.exceptions import CellTimeoutError, LostClaimError, ResultsError
from benchmark.execution.cell import CellTask, run_cell
from benchmark.execution.events import CellStarted, Event, Noted
from benchmark.execution.failure import cell_error
from benchmark.execution.notify import Tell
from benchmark.plugin.tracker import PlannedCell
from benchmark.record import CellError, CellRecord, Status
from benchmark.results.intact import Damaged
from benchmark.results.store import ResultsStore

if TYPE_CHECKING:
    from benchmark.claims import Claims
    from benchmark.execution.executor import Executor, Outcome
    from benchmark.execution.progress import Display
    from benchmark.execution.run import RunSummary
    from benchmark.results.store import Stamp

# How often cells are looked at that others run, in seconds.
_SHORTEST_WAIT, _LONGEST_WAIT = 0.05, 1.0


class Flight:
    """The cells that are to be run, those that are being run, and what is to be done when one ends."""

    def __init__(
        self,
        tasks: Sequence[CellTask],
        before: Mapping[str, Stamp | None],
        store: ResultsStore,
        claims: Claims,
        tell: Tell,
        display: Display,
        summary: RunSummary,
    ) -> None:
        self._tasks = {task.id: task for task in tasks}
        self._left = dict(self._tasks)
        self._before = before
        self._store = store
        self._claims = claims
        self._tell = tell
        self._display = display
        self._summary = summary
        self._started: dict[str, CellTask] = {}

    def run(self, executor: Executor, *, wait: bool = True) -> None:
        """Run all that others do not; come back when every cell has a result, or with what others run."""
        pause = _SHORTEST_WAIT
        said: set[str] = set()
        while self._left:
            given: list[CellTask] = []
            for outcome in executor.run(run_cell, self._taken(given), self._heard):
                self._end(given[outcome.index], outcome)
            if self._left and not given and not wait:
                self._summary.elsewhere += self._left
                return
            if self._left:
                pause = _SHORTEST_WAIT if given else min(pause * 2, _LONGEST_WAIT)
                if pause == _LONGEST_WAIT:
                    said = self._tell_of_others(said)
                time.sleep(pause)
                self._claims.reap()

    def _heard(self, event: Event) -> None:
        """Pass on what a cell tells, from whichever process."""
        self._display.event(event)
        if isinstance(event, Noted):
            return
        task = self._tasks[event.cell]
        cell = PlannedCell(task.id, task.labels, task.canonical)
        if isinstance(event, CellStarted):
            self._tell("bench_cell_started", suite=task.suite, cell=cell)
        else:
            told = {"stage": event.stage, "epoch": event.epoch, "epochs": event.epochs, "logs": event.logs}
            self._tell("bench_epoch_finished", suite=task.suite, cell=cell, **told)

    def file_interrupted(self) -> None:
        """File the cells in flight as interrupted."""
        for id_, task in sorted(self._started.items()):
            record = self._filed(task)
            if record is None:
                error = CellError("KeyboardInterrupt", "The run was stopped while this cell was running.")
                record = task.record("interrupted", error=error)
                # With --force an older result may be there, which is worth more than this.
                if self._store.statuses().get(id_) != "ok":
                    with suppress(LostClaimError):
                        self._write(task, record)
            self._summary.records.append(record)

    def _taken(self, given: list[CellTask]) -> Iterator[tuple[CellTask]]:
        """Yield tasks as a worker takes them: those are in flight from now on, whatever it comes to tell."""
        for id_ in list(self._left):
            claim = self._store.take(self._claims, id_)
            if claim is None:
                continue
            task = replace(self._left.pop(id_), claim=claim)
            if not self._is_missing(task):
                self._claims.release(id_)
                continue
            self._started[id_] = task
            given.append(task)
            yield (task,)

    def _is_missing(self, task: CellTask) -> bool:
        """Whether a cell that is claimed is still to be run: others may have filed it since this run began."""
        is_new = self._store.stamp(task.id, task.labels) != self._before.get(task.id)
        filed = self._store.read(task.id)
        if isinstance(filed, Damaged):
            self._store.set_aside(task.id)
            self._display.note(
                f"Warning: {filed.path.name} was damaged ({filed.reason}), is kept aside and run again."
            )
        if not is_new or not isinstance(filed, CellRecord) or filed.status == "interrupted":
            return True
        self._display.finished(filed, elsewhere=True)
        return False

    def _end(self, task: CellTask, outcome: Outcome) -> None:
        """Take note of how a cell ended: with its record, or with what its process died of."""
        try:
            if isinstance(outcome.error, ResultsError):
                raise outcome.error
            record = outcome.value if outcome.error is None else self._failure(task, outcome)
        except LostClaimError as error:
            self._display.note(f"Warning: {error}")
            self._left[task.id] = task
            return
        finally:
            self._started.pop(task.id)
            self._claims.release(task.id)
        self._summary.records.append(record)
        self._display.finished(record)
        folder = self._store.folder_of(record)
        self._tell("bench_cell_finished", suite=task.suite, record=record, folder=folder)

    def _failure(self, task: CellTask, outcome: Outcome) -> CellRecord:
        """Return the record of a cell whose process did not return one: the one that it filed before, or a new one."""
        filed = self._filed(task)
        if filed is not None:
            return filed
        assert outcome.error is not None
        status: Status = "timed out" if isinstance(outcome.error, CellTimeoutError) else "failed"
        record = task.record(status, error=cell_error(outcome.error), seconds={"total": outcome.seconds})
        self._write(task, record)
        return record

    def _write(self, task: CellTask, record: CellRecord) -> None:
        self._store.write(record, predictions=None, history=[], metrics=None, claim=task.claim)

    def _filed(self, task: CellTask) -> CellRecord | None:
        """Return what this run has filed of a cell, of which only its process could not tell."""
        record = self._store.read(task.id)
        if isinstance(record, CellRecord) and record.provenance.get("started") == task.provenance["started"]:
            return record
        return None

    def _tell_of_others(self, said: set[str]) -> set[str]:
        """Say for whom this run waits, when that changes."""
        held = [holding for holding in holdings(self._claims.folder) if holding.name in self._left]
        who = {f"process {holding.owner.pid} on {holding.owner.host}" for holding in held}
        if who - said:
            cells = "1 cell" if len(self._left) == 1 else f"{len(self._left)} cells"
            self._display.note(f"Waiting for {cells} that others run: {', '.join(sorted(who))}.")
        return said | who
