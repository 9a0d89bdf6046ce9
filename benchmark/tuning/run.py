"""Run the studies of a suite that are not done: trials side by side, through the executor that runs cells."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from benchmark.checkpoints import CheckpointPlace
from benchmark.execution.availability import check_available
from benchmark.execution.failure import cell_error
from benchmark.execution.features import prepare_features
from benchmark.execution.left import checkpoint_place
from benchmark.execution.making import made_with
from benchmark.execution.run import RunOptions, terminate_as_interrupt
from benchmark.results.plan import Plan
from benchmark.results.store import ResultsStore
from benchmark.suite.cell import Cell, CellSpec
from benchmark.suite.tuning.space import with_values
from benchmark.suite.tuning.tune import StudySpec
from benchmark.tuning.record import value_text, values_text
from benchmark.tuning.resolve import PlannedStudy, unfinished_studies
from benchmark.tuning.storage import mend_journal, storage_place
from benchmark.tuning.study import Asked, Study
from benchmark.tuning.trial import TrialOutcome, TrialTask, run_trial

if TYPE_CHECKING:
    from benchmark.claims import Claims
    from benchmark.execution.executor import Executor, Executors, Outcome
    from benchmark.execution.progress import Display
    from benchmark.locations import Locations
    from benchmark.plugin.manager import Plugins
    from benchmark.plugin.registry import Registry

_SHORTEST_WAIT, _LONGEST_WAIT = 0.05, 1.0
_DATA_KEYS = ("augmentation.", "features.", "clips.")


def run_studies(
    plan: Plan,
    plugins: Plugins,
    locations: Locations,
    options: RunOptions,
    executors: Executors,
    display: Display,
) -> bool:
    """Run what is missing of a suite's studies, together with all others that run it.

    Returns whether it was interrupted. Each study's record is written after each trial. Ctrl-C, or SIGTERM, stops:
    trials in flight are tried again when the study goes on, or at once by others, as are those that a process left
    that was killed.

    Raises:
        ResultsError: when the results folder cannot be written, or a storage cannot be opened.
        CacheError: when features cannot be stored.
        PluginError: when a component cannot work on this machine; nothing has been run.
    """
    store = ResultsStore(locations.results, plan.suite.name)
    with terminate_as_interrupt(), store.claims() as claims:
        is_alone = not claims.reap()
        wanted = unfinished_studies(plan, store.folder, plugins.registry, retry_failed=options.retry_failed)
        if not wanted:
            return False
        check_available([Cell(study.spec.labels, study.spec.base) for study in wanted], plugins.registry)
        tune = plan.suite.tune
        assert tune is not None
        place = storage_place(tune.settings.storage, store.folder, by_hand=tune.storage_by_hand)
        # Others came later than this process found itself alone, and wait here.
        with claims.held("studies"):
            said = mend_journal(place) if is_alone else ""
        if said:
            display.note(said)
        flight = _Flight(plan, plugins, locations, options, display, wanted, place, claims, executors.threads)
        try:
            missing = flight.missing()
            if missing or flight.is_running():
                cells = cells_to_prepare([study.spec for study in wanted], plugins.registry)
                with executors.features() as executor:
                    prepare_features(plan, cells, plugins.registry, locations, executor, display)
                with executors.training(max(missing, 1)) as executor:
                    flight.run(executor)
            flight.finish()
        except KeyboardInterrupt:
            flight.take_back()
            return True
        return False


class _Flight:
    """The studies that are being run, and what is to be done when a trial ends."""

    def __init__(
        self,
        plan: Plan,
        plugins: Plugins,
        locations: Locations,
        options: RunOptions,
        display: Display,
        wanted: Sequence[PlannedStudy],
        place: str,
        claims: Claims,
        threads: int,
    ) -> None:
        self._plan, self._registry = plan, plugins.registry
        self._made_with = made_with(plan.suite.path, plugins.registry, threads)
        self._locations, self._options, self._display = locations, options, display
        self._place, self._claims = place, claims
        self._results = ResultsStore(locations.results, plan.suite.name).folder
        self._studies = [self._open(study) for study in wanted]

    def missing(self) -> int:
        """Return how many trials are left."""
        return sum(study.missing() for study in self._studies)

    def is_running(self) -> bool:
        """Whether trials run somewhere, or were left."""
        return any(study.is_running() for study in self._studies)

    def waits(self) -> bool:
        """Whether others run trials, which may end, or be left for this run."""
        return any(study.waits() for study in self._studies)

    def run(self, executor: Executor) -> None:
        """Run all: the next trial is asked for when a worker is free, so that it knows how the others ended.

        At the end, others are waited for.
        """
        self._display.studying(self.missing())
        wait = _SHORTEST_WAIT
        while True:
            given: list[tuple[Study, Asked]] = []
            for outcome in executor.run(run_trial, self._tasks(given), self._display.event):
                self._end(*given[outcome.index], outcome)
            # In this order: what is not waited for any more has been left, and is taken up.
            waits = self.waits()
            self._claims.reap()
            for study in self._studies:
                study.take_back()
            if not self.missing() and not waits:
                return
            if not given and wait == _SHORTEST_WAIT:
                self._display.note("Waiting for trials that others run.")
            wait = _SHORTEST_WAIT if given else min(2 * wait, _LONGEST_WAIT)
            time.sleep(wait)

    def _end(self, study: Study, asked: Asked, outcome: Outcome) -> None:
        ended = outcome.value
        if outcome.error is not None:
            ended = TrialOutcome(error=cell_error(outcome.error))
        if not study.tell(asked, ended):
            self._display.note(
                f"Warning: {_key(study, asked)}: this process was stopped for so long that others took it over."
            )
            return
        self._display.trial_finished(_key(study, asked), _told(study, asked, ended))
        study.filed(self._results)

    def finish(self) -> None:
        """File what has come of all, and say which wait for trials that run elsewhere."""
        for study in self._studies:
            study.filed(self._results)
            if not study.is_done():
                self._display.note(
                    f"Warning: {study.spec.label}: some trials run in other processes, or were left by them. Run the "
                    "suite again when they have ended; --retry-failed takes them up here."
                )

    def take_back(self) -> None:
        """Let the trials in flight be tried again by the next run."""
        for study in self._studies:
            study.take_back(mine=True)
            study.filed(self._results)

    def _open(self, planned: PlannedStudy) -> Study:
        tune = self._plan.suite.tune
        assert tune is not None
        assert planned.id is not None
        assert planned.canonical is not None
        greater = tune.metric.create(self._registry).greater_is_better
        study = Study(planned.spec, planned.id, planned.canonical, tune, self._place, greater, self._claims)
        retry = self._options.retry_failed
        study.take_back(failed=retry, others=retry)
        return study

    def _tasks(self, given: list[tuple[Study, Asked]]) -> Iterator[tuple[TrialTask]]:
        tune = self._plan.suite.tune
        assert tune is not None
        for study in self._studies:
            while (asked := study.ask()) is not None:
                given.append((study, asked))
                spec = with_values(study.spec.base, asked.values, self._registry)
                task = TrialTask(
                    key=_key(study, asked),
                    study=study.name,
                    trial=asked.trial,
                    storage=self._place,
                    pruner=tune.pruner,
                    protected=asked.is_first,
                    spec=spec,
                    locations=self._locations,
                    benchfile=self._registry.benchfile,
                    seconds=self._options.seconds,
                    checkpoint=self._checkpoint(spec),
                )
                yield (task,)

    def _checkpoint(self, spec: CellSpec) -> CheckpointPlace | None:
        """Return where a training leaves a checkpoint: by what it is, as a trial tried again has a new number."""
        id_ = self._plan.identifier.identity(spec)
        every = self._options.checkpoint_every
        return checkpoint_place(self._results, id_, self._made_with, every) if id_ is not None else None


def _key(study: Study, asked: Asked) -> str:
    return f"{study.spec.label}, trial {asked.number}"


def _told(study: Study, asked: Asked, outcome: TrialOutcome) -> str:
    """Return how a trial ended, and which is the best so far, in one line."""
    if outcome.error is not None:
        first = outcome.error.message.splitlines()[0] if outcome.error.message else ""
        ended = f"failed: {outcome.error.type}: {first}"
    else:
        ended = "pruned" if outcome.pruned else value_text(outcome.value)
    best = study.best()
    so_far = f"; best {value_text(best.value)} of trial {best.number}" if best is not None else ""
    of = f"{len(study.ended())}/{study.limit}"
    return f"[{of}] {_key(study, asked)}: {ended} ({values_text(asked.values)}){so_far}"


def cells_to_prepare(specs: Sequence[StudySpec], registry: Registry) -> list[Cell]:
    """Return cells that need the features of rows as they are, and of each listed value of what changes features.

    What else a trial may ask for, its worker computes.
    """
    cells = []
    for spec in specs:
        cells.append(Cell(spec.labels, spec.base))
        for dimension in spec.space:
            if dimension.name.startswith(_DATA_KEYS):
                cells += [
                    Cell(spec.labels, with_values(spec.base, {dimension.name: value}, registry))
                    for value in dimension.choices
                ]
    return cells
