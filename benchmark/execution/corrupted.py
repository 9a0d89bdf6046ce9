"""Evaluate cells' models on corrupted sets: models in memory, kept ones, and those that must be trained again."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.data.assemble import cell_items
from benchmark.data.corpora import kept_corpora
from benchmark.data.corrupted import corrupted_parts, evaluation_set
from benchmark.exceptions import CacheError, Interrupted, ResultsError, error_text
from benchmark.execution.events import Noted, emit
from benchmark.execution.model_again import checked_answers, model_of
from benchmark.locations import Locations
from benchmark.plugin.manager import load_registry
from benchmark.record import CellRecord
from benchmark.results.corrupted import (
    CorruptedRecord,
    How,
    Unfinished,
    clean_digest,
    described,
    file_corrupted,
    text_of,
    unfinished,
)
from benchmark.results.provenance import provenance
from benchmark.results.store import ResultsStore
from benchmark.suite.cell import CellSpec
from benchmark.suite.identity import Identifier, check_revisions
from benchmark.training.devices import backend_provenance
from benchmark.training.evaluate import predicted

if TYPE_CHECKING:
    from benchmark.claims import Claims
    from benchmark.data.assemble import CellItems
    from benchmark.execution.executor import Executor
    from benchmark.execution.progress import Display
    from benchmark.plugin.benchfile import Benchfile
    from benchmark.plugin.manager import Plugins
    from benchmark.plugin.model import Model
    from benchmark.plugin.registry import Registry
    from benchmark.results.plan import Plan
    from benchmark.suite.cell import Cell

_NAMED = 3
_SHORTEST_WAIT, _LONGEST_WAIT = 0.05, 1.0


@dataclass(frozen=True)
class CorruptedTask:
    """What a worker needs to evaluate a finished cell on corrupted sets: those that ``spec`` has.

    ``has_model`` says that the cell's model was kept; it is trained again otherwise. ``suite_folder`` is looked up in
    git.
    """

    id: str
    suite: str
    spec: CellSpec
    canonical: Mapping[str, Any]
    folder: Path
    has_model: bool
    locations: Locations
    benchfile: Benchfile | None
    suite_folder: Path
    seconds: float | None = None


def evaluate_in_memory(
    store: ResultsStore,
    record: CellRecord,
    spec: CellSpec,
    registry: Registry,
    locations: Locations,
    model: Model,
) -> None:
    """Evaluate the model of a cell that was just filed; what goes wrong is told, and costs the cell nothing.

    Raises:
        Interrupted: when the person who runs this wants it to stop.
    """
    if not spec.corrupted:
        return
    try:
        items = cell_items(spec, registry, kept_corpora(registry, locations))
        clean = clean_digest(record, store.folder_of(record))
        made = {**record.provenance}
        _evaluate(store, record, clean, spec, items, registry, locations, model, "in memory", 0.0, made)
    except Interrupted:
        raise
    except BaseException as error:
        emit(Noted(record.id, f"its corrupted sets could not be evaluated: {error_text(error)}"))


def run_corrupted(
    plan: Plan,
    plugins: Plugins,
    store: ResultsStore,
    claims: Claims,
    locations: Locations,
    executor: Executor,
    display: Display,
    wants: Callable[[Cell], bool],
    *,
    tried: Collection[str] = (),
    seconds: float | None = None,
    wait: bool = True,
) -> None:
    """Evaluate finished cells on the corrupted sets that they have no predictions of, but those that were ``tried``.

    Of cells that nobody ``wants`` none is. Each is done by who claims its cell. What goes wrong is told; the sets then
    stay missing.
    """
    pause, done, said = _SHORTEST_WAIT, set(tried), False
    while True:
        left = [cell for cell in unfinished(plan, store, wants) if cell.id not in done]
        if not left:
            return
        if not said:
            display.note(text_of(left))
            said = True
        given: list[Unfinished] = []

        def taken(several: Sequence[Unfinished], given: list[Unfinished]) -> Iterator[tuple[CorruptedTask]]:
            for cell in several:
                if store.take(claims, cell.id) is not None:
                    given.append(cell)
                    yield (_task(cell, plan, plugins, store, locations, seconds),)

        for outcome in executor.run(wear_cell, taken(left, given), display.event):
            cell = given[outcome.index]
            done.add(cell.id)
            claims.release(cell.id)
            what = f"evaluated on {len(cell.corrupted)} corrupted sets"
            if outcome.error is not None:
                display.note(f"Warning: {cell.cell.label}: not {what}: {error_text(outcome.error)}")
            else:
                display.note(f"{cell.cell.label}: {what}")
        if not given:
            if not wait:
                return
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_WAIT)
            claims.reap()


def wear_cell(task: CorruptedTask) -> None:
    """Evaluate a finished cell on the corrupted sets of its task, and file what its model says.

    Raises:
        ResultsError: when the model gives other answers on clean sets than the cell has.
        BenchError: of many kinds; and whatever plugins raise.
    """
    store = ResultsStore(task.locations.results, task.suite)
    record = store.read(task.id, task.folder)
    if not isinstance(record, CellRecord):
        raise ResultsError(f"{task.folder} is damaged, or gone.")
    registry = load_registry(task.benchfile)
    corpus_of = kept_corpora(registry, task.locations)
    identifier = Identifier(lambda dataset: corpus_of(dataset).revision)
    check_revisions(task.canonical, identifier.canonical(task.spec))
    items = cell_items(task.spec, registry, corpus_of)
    if list(items.classes) != record.classes:
        raise ResultsError("its classes are not those that it was trained on.")
    made = {**provenance(task.suite_folder), "cell": record.provenance.get("started")}
    with model_of(task, registry) as (model, how):
        difference = checked_answers(model, task, record, items, registry)
        clean = clean_digest(record, task.folder)
        _evaluate(
            store, record, clean, task.spec, items, registry, task.locations, model, how, difference, made
        )


def _task(
    cell: Unfinished,
    plan: Plan,
    plugins: Plugins,
    store: ResultsStore,
    locations: Locations,
    seconds: float | None,
) -> CorruptedTask:
    canonical = plan.identifier.canonical(cell.cell.spec)
    assert canonical is not None
    return CorruptedTask(
        cell.id,
        store.folder.name,
        replace(cell.cell.spec, corrupted=cell.corrupted),
        canonical,
        cell.folder,
        cell.has_model,
        locations,
        plugins.registry.benchfile,
        plan.suite.path.resolve().parent,
        seconds,
    )


def _evaluate(
    store: ResultsStore,
    record: CellRecord,
    clean: str,
    spec: CellSpec,
    items: CellItems,
    registry: Registry,
    locations: Locations,
    model: Model,
    how: How,
    difference: float,
    made: Mapping[str, Any],
) -> None:
    """File what a model says of a cell's corrupted sets; those whose features are missing are told of and left out."""
    frames, sets, lacking = [], {}, []
    keys = {clean_part.name: clean_part.key for clean_part in items.evaluations}
    for corrupted, part in zip(spec.corrupted, corrupted_parts(spec, items), strict=True):
        try:
            worn = evaluation_set(part, items.classes, spec, registry, locations.cache)
        except CacheError:
            lacking.append(part.name)
            continue
        frames.append(predicted(model, worn, items.classes)[0])
        sets[part.key] = described(corrupted, keys[corrupted.evaluation.label])
    if frames:
        import pandas as pd

        filed = CorruptedRecord(
            record.id, clean, list(items.classes), sets, how, difference, {**made, **backend_provenance()}
        )
        file_corrupted(store, filed, pd.concat(frames, ignore_index=True))
    if lacking:
        names = "; ".join(lacking[:_NAMED]) + (", …" if len(lacking) > _NAMED else "")
        told = f"features of {len(lacking)} corrupted sets could not be computed ({names})"
        emit(Noted(record.id, told))
