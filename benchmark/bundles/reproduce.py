"""Run a recorded cell again from its stored specification, and say whether the same comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.bundles.suite_text import suite_of, to_yaml
from benchmark.digests import canonical_json
from benchmark.exceptions import BundleError, ResultsError, SuiteError
from benchmark.record import CellRecord
from benchmark.results.folder import read_metrics
from benchmark.results.plan import Plan, make_plan
from benchmark.results.predictions import SetPredictions, load_predictions
from benchmark.results.store import ResultsStore
from benchmark.suite.identity import set_key
from benchmark.suite.load import load_suite

if TYPE_CHECKING:
    from benchmark.execution.executor import Executors
    from benchmark.execution.progress import Display
    from benchmark.locations import Locations
    from benchmark.plugin.manager import Plugins
    from benchmark.plugin.registry import Registry

EXACT, CLOSE, OTHER = "exact", "close", "other"
NAME = "reproduced"
_MADE_WITH = ("python", "platform", "cpu", "cores", "threads", "backend", "devices", "git", "benchfile")


@dataclass(frozen=True)
class Reproduced:
    """What came of a second run of a cell.

    Attributes:
        verdict: ``exact`` if all probabilities are the same, ``close`` if all metrics are within the tolerance of
            what they were, else ``other``.
        metrics: by ``set/metric``: what was recorded, and what came of it now.
        answers: by set: how many tracks got another answer, of how many, and the largest difference of a
            probability.
        versions: what the two were made with, where that differs: what, then, now.
        differences: where the specification is another one now (versions of components, revisions of data).
    """

    verdict: str
    metrics: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    answers: Mapping[str, tuple[int, int, float]] = field(default_factory=dict)
    versions: tuple[tuple[str, str, str], ...] = ()
    differences: tuple[tuple[str, str, str], ...] = ()


def plan_of_record(
    record: CellRecord, metrics: Mapping[str, Any], plugins: Plugins, locations: Locations, folder: Path
) -> Plan:
    """Return a plan of one cell, made from a record's specification alone.

    ``metrics`` are by label, as suites name them; ``folder`` takes the suite that is made for it.

    Raises:
        BundleError: when files belong to the cell, of which its record has no more than digests, or a component does
            not exist here, or takes no such parameters.
    """
    content, lacking = suite_of(NAME, record.spec, list(metrics.values()))
    if lacking:
        listed = "\n".join(f"  {text}" for text in lacking)
        raise BundleError(
            f"Files belong to this cell, of which its record has digests only. Give its suite with --suite:\n{listed}"
        )
    file = folder / "suite.yaml"
    file.write_text(to_yaml(content), encoding="utf-8")
    try:
        suite = load_suite(file, plugins.registry)
    except SuiteError as error:
        # It was made here from the record, and is of no use to whoever reads of its lines.
        said = " ".join(problem.message for problem in error.problems)
        raise BundleError(
            f"Cell {' · '.join(record.labels.values())} ({record.id}) cannot be made here: {said} Code that lies "
            "beside its suite is found by --suite; a package has to be installed."
        ) from error
    cells = tuple(replace(cell, labels=record.labels) for cell in suite.cells)
    return make_plan(replace(suite, cells=cells), plugins.registry, locations)


def narrowed(plan: Plan, record: CellRecord) -> Plan:
    """Return a suite's plan with the one cell that a record is of: by its identity, else by its labels.

    Raises:
        BundleError: when the suite has no such cell.
    """
    numbers = [number for number, id_ in enumerate(plan.ids) if id_ == record.id]
    numbers = numbers or [
        number for number, cell in enumerate(plan.suite.cells) if dict(cell.labels) == record.labels
    ]
    if not numbers:
        raise BundleError(
            f"{plan.suite.path} has no cell {record.id}, and none that is called {' · '.join(record.labels.values())}."
        )
    cell = plan.suite.cells[numbers[0]]
    cell = replace(cell, spec=replace(cell.spec, corrupted=()))
    suite = replace(plan.suite, name=NAME, cells=(cell,), tune=None)
    return replace(plan, suite=suite, ids=(plan.ids[numbers[0]],))


def metrics_of(folder: Path, registry: Registry) -> dict[str, Any]:
    """Return the metrics that were filed with a result, by label, as suites name them; those that are known here."""
    filed = read_metrics(folder) or {}
    labels = dict.fromkeys(label for values in filed.values() for label in values)
    known = {label: label for label in labels if registry.knows("metric", label)}
    return known or {"top1": "top1"}


def run_again(
    plan: Plan, plugins: Plugins, locations: Locations, executors: Executors, display: Display
) -> tuple[CellRecord, Path]:
    """Run the one cell of a plan into ``locations.results``; return its record and its folder.

    Raises:
        BundleError: when its data are not here.
        ResultsError: when it did not end well.
    """
    from benchmark.execution.run import RunOptions, run_suite

    for error in plan.absent.values():
        raise error
    (id_,) = plan.ids
    if id_ is None:
        raise BundleError("Not all of this cell is known here, so that it cannot be run.")
    run_suite(plan, plugins, locations, RunOptions(), executors, display)
    store = ResultsStore(locations.results, plan.suite.name)
    record = store.read(id_)
    if not isinstance(record, CellRecord) or record.status != "ok":
        failure = record.error if isinstance(record, CellRecord) else None
        said = f": {failure.type}: {failure.message}" if failure else ""
        raise ResultsError(f"The cell did not end well this time{said}.")
    return record, store.scan()[id_]


def compare(
    record: CellRecord, folder: Path, again: CellRecord, other: Path, tolerance: float, registry: Registry
) -> Reproduced:
    """Compare a recorded result with that of a second run; nothing of the first but its predictions is believed.

    ``tolerance`` is how far a metric may be off, in its own unit (0.02 is two points of accuracy).

    Raises:
        ResultsError: when predictions of either cannot be read.
    """
    before, after = load_predictions(folder, record.classes), load_predictions(other, again.classes)
    before = _by_key(record, before)
    answers, metrics = {}, {}
    exact = record.classes == again.classes and before.keys() == after.keys()
    same_tracks = exact
    for name in before.keys() & after.keys():
        first, second = before[name], after[name]
        same = first.tracks.tolist() == second.tracks.tolist() and record.classes == again.classes
        same_tracks &= same
        if not same:
            exact = False
            continue
        most = float(np.abs(first.probabilities - second.probabilities).max(initial=0.0))
        changed = int((first.probabilities.argmax(axis=1) != second.probabilities.argmax(axis=1)).sum())
        answers[name] = (changed, len(first.tracks), most)
        exact &= bool(np.array_equal(first.probabilities, second.probabilities))
        for label in metrics_of(other, registry):
            metric: Any = registry.spec("metric", label).create(registry)
            values = [float(metric.compute(side.labels, side.probabilities)) for side in (first, second)]
            metrics[f"{name}/{label}"] = (values[0], values[1])
    close = same_tracks and all(
        abs(before - after) <= tolerance or (np.isnan(before) and np.isnan(after))
        for before, after in metrics.values()
    )
    return Reproduced(
        EXACT if exact else CLOSE if close and metrics else OTHER,
        metrics,
        answers,
        tuple(_versions(record.provenance, again.provenance)),
        tuple(_differences(record.spec, again.spec)),
    )


def _by_key(record: CellRecord, predictions: Mapping[str, SetPredictions]) -> dict[str, SetPredictions]:
    """Return predictions by what their sets are; records of format 1 filed those of one set under a label."""
    keys = [set_key(evaluation) for evaluation in record.spec.get("evaluate", ())]
    if not record.sets and len(keys) == 1 and len(predictions) == 1:
        return {keys[0]: next(iter(predictions.values()))}
    return dict(predictions)


def _versions(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    before, after = dict(then.get("versions") or {}), dict(now.get("versions") or {})
    pairs = [(name, before.get(name), after.get(name)) for name in dict.fromkeys((*before, *after))]
    pairs += [(name, then.get(name), now.get(name)) for name in _MADE_WITH]
    return [(name, _text(a), _text(b)) for name, a, b in pairs if a != b and (a or b)]


def _differences(before: Any, after: Any, place: str = "") -> list[tuple[str, str, str]]:
    """Return where two plain values differ, by path."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [
            difference
            for key in dict.fromkeys((*before, *after))
            for difference in _differences(
                before.get(key), after.get(key), f"{place}.{key}" if place else str(key)
            )
        ]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = enumerate(zip(before, after, strict=True))
        return [
            difference for number, (a, b) in pairs for difference in _differences(a, b, f"{place}.{number}")
        ]
    return [] if before == after else [(place, _text(before), _text(after))]


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else value if isinstance(value, str) else canonical_json(value)
