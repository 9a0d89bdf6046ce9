"""Run what is missing of a suite: prepare features, run cells, file every outcome."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchmark.checkpoints import tidy_checkpoints
from benchmark.data.looking import THREADS
from benchmark.exceptions import Interrupted
from benchmark.execution.audit import audit_before_run
from benchmark.execution.availability import check_available
from benchmark.execution.corrupted import run_corrupted
from benchmark.execution.features import prepare_features
from benchmark.execution.flight import Flight
from benchmark.execution.making import cell_tasks
from benchmark.execution.notify import Tell, nobody
from benchmark.execution.spare import sharing_workers
from benchmark.plugin.tracker import PlannedCell
from benchmark.record import CellRecord
from benchmark.results.corrupted import remove_leftovers, unfinished
from benchmark.results.plan import Plan
from benchmark.results.store import ResultsStore

if TYPE_CHECKING:
    from benchmark.data.looking import Looker
    from benchmark.execution.executor import Executors
    from benchmark.execution.progress import Display
    from benchmark.locations import Locations
    from benchmark.plugin.manager import Plugins
    from benchmark.suite.cell import Cell

RETRIED = ("failed", "timed out")


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
            tasks = cell_tasks(plan, plugins, missing, audits, locations, options, executors.threads, unmade)
            flight = Flight(tasks, before, store, claims, tell, display, summary)
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
