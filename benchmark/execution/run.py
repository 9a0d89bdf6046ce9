"""Run what is missing of a suite: prepare features, run cells, file every outcome."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from benchmark.audit.findings import audit_record
from benchmark.checkpoints import tidy_checkpoints
from benchmark.claims import holdings
from benchmark.data.looking import THREADS
from benchmark.exceptions import CellTimeoutError, Interrupted, LostClaimError, ResultsError
from benchmark.execution.audit import audit_before_run
from benchmark.execution.availability import check_available
from benchmark.execution.cell import CellTask, run_cell
from benchmark.execution.corrupted import run_corrupted
from benchmark.execution.events import CellStarted, Event, Noted
from benchmark.execution.failure import cell_error
from benchmark.execution.features import prepare_features
from benchmark.execution.notify import Tell, nobody
from benchmark.execution.spare import sharing_workers
from benchmark.plugin.tracker import PlannedCell
from benchmark.record import CellError, CellRecord, Status
from benchmark.results.corrupted import remove_leftovers, unfinished
from benchmark.results.intact import Damaged
from benchmark.results.plan import Plan
from benchmark.results.provenance import provenance
from benchmark.results.standing import LEAKY
from benchmark.results.store import ResultsStore

if TYPE_CHECKING:
    from pathlib import Path

    from benchmark.audit.findings import Audit
    from benchmark.claims import Claims
    from benchmark.data.looking import Looker
    from benchmark.execution.executor import Executor, Executors, Outcome
    from benchmark.execution.progress import Display
    from benchmark.locations import Locations
    from benchmark.plugin.manager import Plugins
    from benchmark.plugin.registry import Registry
    from benchmark.results.store import Stamp
    from benchmark.suite.cell import Cell

RETRIED = ("failed", "timed out")
# How often cells are looked at that others run, in seconds.
_SHORTEST_WAIT, _LONGEST_WAIT = 0.05, 1.0


@dataclass(frozen=True)
class RunOptions:
    """What of a suite is run, and under which limits; nothing here changes a result.

    ``force`` runs cells that are ok again; ``retry_failed`` those that failed or timed out. ``seconds`` is the
    time limit of each cell. ``strict`` refuses to run anything where a split leaks.
    ``wait`` waits in the end for the cells that others run. ``only`` has, by axis, labels that cells must have: those
    of one of its members; where there is none, all cells are run. ``checkpoint_every`` is after how many seconds a
    training leaves a checkpoint (``checkpoints.NEVER``, or None: as often as costs little).
    """

    force: bool = False
    retry_failed: bool = False
    seconds: float | None = None
    keep_models: bool = False
    strict: bool = False
    marks: tuple[str, ...] = ()
    wait: bool = True
    checkpoint_every: float | None = None
    only: tuple[Mapping[str, frozenset[str]], ...] = ()

    def wants(self, cell: Cell) -> bool:
        """Whether a cell is one of those to be run."""
        return not self.only or any(
            all(cell.labels.get(axis) in labels for axis, labels in wanted.items()) for wanted in self.only
        )


@dataclass
class RunSummary:
    """How a run ended: records of the cells that it ran, whether it was interrupted, and what it left to others."""

    records: list[CellRecord] = field(default_factory=list)
    interrupted: bool = False
    elsewhere: list[str] = field(default_factory=list)


def has_work(plan: Plan, store: ResultsStore, options: RunOptions) -> bool:
    """Return whether cells are to be run, or finished ones lack corrupted sets."""
    return bool(missing_cells(plan, store, options) or unfinished(plan, store, options.wants))


def missing_cells(plan: Plan, store: ResultsStore, options: RunOptions) -> list[tuple[Cell, str]]:
    """Return the cells to be run: those without a result, those interrupted, and those the options ask for."""
    statuses = store.statuses()
    done = set() if options.force else {"ok"} | (set() if options.retry_failed else set(RETRIED))
    return [(cell, id_) for cell, id_ in plan.cells if statuses.get(id_) not in done and options.wants(cell)]


def run_suite(
    plan: Plan,
    plugins: Plugins,
    locations: Locations,
    options: RunOptions,
    executors: Executors,
    display: Display,
    tell: Tell = nobody,
    looker: Looker = THREADS,
) -> RunSummary:
    """Run the missing cells of a plan, together with all others that run it on the same results folder.

    ``tell`` hears of each cell and epoch; ``looker`` listens to tracks for the audit, where their files are: here.

    Each cell is run by who claims it (see ``claims``). What others have is waited for at the end, and run here if
    they give it up. Ctrl-C, or SIGTERM as clusters send it, stops the run: cells in flight are filed as interrupted,
    and the next run, or another one that goes on, takes them up again.

    Raises:
        ResultsError: when the results folder cannot be written; finished cells are kept.
        CacheError: when features cannot be stored.
        PluginError: when a component cannot work on this machine; nothing has been run.
        LeakError: when a split leaks and that is not to be; nothing has been run.
    """
    store = ResultsStore(locations.results, plan.suite.name)
    with terminate_as_interrupt(), store.claims() as claims:
        is_alone = not claims.reap()
        if is_alone:
            store.clean_leftovers()
            remove_leftovers(store)
            finished = [id_ for id_, status in store.statuses().items() if status == "ok"]
            tidy_checkpoints(store.folder, finished)
        # Whatever is filed from here on is newer than what is missing.
        before = store.stamps()
        missing = missing_cells(plan, store, options)
        ids = {id_ for _, id_ in missing}
        worn = [lacking for lacking in unfinished(plan, store, options.wants) if lacking.id not in ids]
        summary = RunSummary()
        if not missing and not worn:
            return summary
        if not is_alone:
            # Those who begin at the same cell would get into each other's way.
            random.Random(claims.owner).shuffle(missing)  # noqa: S311
        check_available(
            [*(cell for cell, _ in missing), *(lacking.cell for lacking in worn)], plugins.registry
        )
        flight = None
        try:
            cells = [cell for cell, _ in missing]
            with sharing_workers():
                audits = audit_before_run(
                    plan, cells, plugins.registry, locations, display, looker, strict=options.strict
                )
            with executors.features() as executor:
                again = [lacking.cell for lacking in worn if not lacking.has_model]
                unmade = prepare_features(
                    plan, [*cells, *again], plugins.registry, locations, executor, display
                )
                kept = [lacking.cell for lacking in worn if lacking.has_model]
                prepare_features(plan, kept, plugins.registry, locations, executor, display, training=False)
            tasks = _tasks(plan, plugins, missing, audits, locations, options, executors.threads, unmade)
            flight = _Flight(tasks, before, store, claims, tell, display, summary)
            with executors.training(len(missing) + len(worn)) as executor:
                display.running({task.id: cell.label for task, (cell, _) in zip(tasks, missing, strict=True)})
                flight.run(executor, wait=options.wait)
                run_corrupted(
                    plan, plugins, store, claims, locations, executor, display, options.wants,
                    tried={record.id for record in summary.records}, seconds=options.seconds, wait=options.wait,
                )  # fmt: skip
        except KeyboardInterrupt:
            summary.interrupted = True
            if flight is not None:
                flight.file_interrupted()
        return summary


class _Flight:
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


def _tasks(
    plan: Plan,
    plugins: Plugins,
    missing: Sequence[tuple[Cell, str]],
    audits: Sequence[Audit],
    locations: Locations,
    options: RunOptions,
    threads: int,
    unmade: Mapping[str, str],
) -> list[CellTask]:
    made = made_with(plan.suite.path, plugins.registry, threads)
    benchfile = plugins.registry.benchfile
    limit = plan.suite.leaderboard.leak_limit
    tasks = []
    for (cell, id_), audit in zip(missing, audits, strict=True):
        canonical = plan.identifier.canonical(cell.spec)
        assert canonical is not None
        tasks.append(
            CellTask(
                id=id_,
                suite=plan.suite.name,
                labels=dict(cell.labels),
                canonical=canonical,
                spec=cell.spec,
                tuning=dict(cell.tuning or {}),
                audit=audit_record(audit.findings, audit.sets),
                locations=locations,
                benchfile=benchfile,
                marks=tuple(sorted({*options.marks, *_marks(cell, plugins, audit, limit)})),
                provenance={**made, "added": "by bench run --decide"} if cell.added else made,
                seconds=options.seconds,
                keep_model=options.keep_models,
                checkpoint_every=options.checkpoint_every,
                unmade=unmade.get(cell.spec.features.key, ""),
            )
        )
    return tasks


def made_with(suite: Path, registry: Registry, threads: int) -> dict[str, Any]:
    """Return the provenance of what is trained now, for the ``suite`` of that file, on so many ``threads`` each."""
    made = {**provenance(suite.resolve().parent), "threads": threads}
    if registry.benchfile is not None:
        made["benchfile"] = registry.benchfile.digest
    return made


def _marks(cell: Cell, plugins: Plugins, audit: Audit, leak_limit: float) -> Iterator[str]:
    """Yield what every output must say of this cell's result."""
    datasets = [cell.spec.dataset, *(e.dataset for e in cell.spec.evaluate if e.dataset is not None)]
    if any(plugins.registry.offer("dataset", dataset.name).component.synthetic for dataset in datasets):  # type: ignore[attr-defined]
        yield "synthetic"
    # Tables decide anew, by the limit that the suite has then.
    if any(len(facts.leaking) > leak_limit * facts.tracks for facts in audit.sets.values()):
        yield LEAKY


def planned_cells(plan: Plan, store: ResultsStore, options: RunOptions) -> tuple[PlannedCell, ...]:
    """Return the cells of a plan whose identity is known, as plugins are told of them."""
    statuses = store.statuses()
    to_run = {id_ for _, id_ in missing_cells(plan, store, options)}
    return tuple(
        PlannedCell(
            id_,
            dict(cell.labels),
            plan.identifier.canonical(cell.spec) or {},
            statuses.get(id_, "missing"),
            id_ in to_run,
        )
        for cell, id_ in plan.cells
    )


@contextmanager
def terminate_as_interrupt() -> Iterator[None]:
    """Stop by ``Interrupted`` on Ctrl-C, and on SIGTERM as clusters send it."""

    def interrupt(number: int, frame: Any) -> None:
        raise Interrupted

    try:
        previous = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGINT)}
    except ValueError:
        # Only the main thread may set handlers; elsewhere whoever owns the process decides.
        yield
        return
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
