"""The results of a folder, from its records alone: where its suite is not at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from benchmark.exceptions import PluginError, ResultsError
from benchmark.plugin.unopened import Unopened
from benchmark.record import COSTS, CellRecord
from benchmark.results.folder import read_metrics
from benchmark.results.frames import CELL_NAME, ROW, STATUS, Measure, Results
from benchmark.results.intact import DAMAGED_STATUS, Damaged
from benchmark.results.predictions import PredictionReader, SetPredictions
from benchmark.results.standing import Standing, alike, gravest, repaired, standing
from benchmark.results.store import ResultsStore
from benchmark.settings import LeaderboardSettings
from benchmark.suite.cell import REPEATED

if TYPE_CHECKING:
    from benchmark.plugin.metric import Metric
    from benchmark.plugin.registry import Registry


def results_of(store: ResultsStore, registry: Registry) -> Results:
    """Return what is stored, as ``collect`` does for a suite's plan.

    Rows are cells of the same labels but for seed and fold; of cells of the same labels, the one that was started last
    counts. Metrics are those that were filed with results and are known here, at their defaults.

    Raises:
        ResultsError: when the folder has no results.
    """
    folders = store.scan()
    records: dict[str, CellRecord] = {}
    notes: list[str] = []
    for id_, filed in store.records().items():
        if isinstance(filed, Damaged):
            notes.append(f"{filed.path.name} is {DAMAGED_STATUS} and not used: {filed.reason.rstrip('.')}.")
        else:
            records[id_] = filed
    if not records:
        raise ResultsError(f"{store.folder} has no results that can be read.")
    latest = {
        tuple(record.labels.items()): id_
        for id_, record in sorted(
            records.items(), key=lambda pair: str(pair[1].provenance.get("started", ""))
        )
    }
    if len(latest) < len(records):
        notes.append(f"{len(records) - len(latest)} results are older ones of cells that have a later one.")
    records = {
        id_: records[id_]
        for id_ in sorted(latest.values(), key=lambda id_: tuple(records[id_].labels.values()))
    }
    whole, names = _predictions(store, records, notes)
    standings = {
        id_: {
            label: standing(
                records[id_].audit, names[id_][label], tested, leaky="leaky" in records[id_].marks
            )
            for label, tested in sets.items()
        }
        for id_, sets in whole.items()
    }
    standings = alike(whole, standings, LeaderboardSettings().leak_limit)
    stored = repaired(whole, standings)
    metrics = _metrics(store, records, registry, notes)
    sets = dict.fromkeys(label for predictions in whole.values() for label in predictions)
    measures = tuple(
        Measure(label, name, metric.greater_is_better, metric.percent)
        for label in sets
        for name, metric in metrics.items()
    )
    axes = tuple(
        dict.fromkeys(axis for record in records.values() for axis in record.labels if axis not in REPEATED)
    )
    rows: dict[tuple[str, ...], int] = {}
    lines = []
    for id_, record in records.items():
        row = rows.setdefault(tuple(record.labels.get(axis, "") for axis in axes), len(rows))
        line = _line(record, row, axes, standings.get(id_, {}))
        for measure in measures:
            tested = stored.get(id_, {}).get(measure.set)
            value = (
                np.nan
                if tested is None
                else metrics[measure.metric].compute(tested.labels, tested.probabilities)
            )
            line[measure.name] = float(value)
        lines.append(line)
    return Results(
        pd.DataFrame(lines), axes, measures, records, folders, tuple(notes), metrics, stored, standings, names
    )


def _predictions(
    store: ResultsStore, records: dict[str, CellRecord], notes: list[str]
) -> tuple[dict[str, dict[str, SetPredictions]], dict[str, dict[str, str]]]:
    """Return what finished cells predicted, by id and by what sets are called, and what these are filed under."""
    reader, folders = PredictionReader(), store.scan()
    whole: dict[str, dict[str, SetPredictions]] = {}
    names: dict[str, dict[str, str]] = {}
    for id_, record in list(records.items()):
        if record.status != "ok":
            continue
        try:
            predictions = reader.read(folders[id_], record.classes)
        except ResultsError as error:
            notes.append(str(error))
            del records[id_]
            continue
        whole[id_] = {record.sets.get(name, name): answers for name, answers in predictions.items()}
        names[id_] = {record.sets.get(name, name): name for name in predictions}
    return whole, names


def _metrics(
    store: ResultsStore, records: dict[str, CellRecord], registry: Registry, notes: list[str]
) -> dict[str, Metric]:
    folders = store.scan()
    labels = {
        label: None
        for id_, record in records.items()
        if record.status == "ok"
        for values in (read_metrics(folders[id_]) or {}).values()
        for label in values
    }
    made: dict[str, Metric] = {}
    for label in labels or {"top1": None}:
        try:
            metric: Any = registry.spec("metric", label).create(registry)
        except (PluginError, TypeError, ValueError):
            metric = None
        if metric is None or isinstance(metric, Unopened):
            notes.append(f"Metric '{label}' is not known here.")
        else:
            made[label] = metric
    return made


def _line(
    record: CellRecord, row: int, axes: tuple[str, ...], standings: dict[str, Standing]
) -> dict[str, Any]:
    name = "/".join(record.labels[axis] for axis in REPEATED if axis in record.labels)
    line: dict[str, Any] = {
        ROW: row,
        **{axis: record.labels.get(axis, "") for axis in axes},
        **{axis: record.labels[axis] for axis in REPEATED if axis in record.labels},
        CELL_NAME: name or str(record.spec.get("seed", 0)),
        "id": record.id,
        "added": False,
        STATUS: record.status,
        "error": f"{record.error.type}: {record.error.message}" if record.error else "",
        "marks": tuple(record.marks),
        "verdict": str(record.audit.get("verdict") or "unknown"),
        "standing": None,
        "total": record.parameters.get("total", np.nan),
        "trainable": record.parameters.get("trainable", np.nan),
        "training_seconds": record.seconds.get("training", np.nan),
        "total_seconds": record.seconds.get("total", np.nan),
        "peak_memory_mb": record.peak_memory_mb,
        "train_items": record.counts.get("train_items", np.nan),
        **{cost: record.cost.get(cost, np.nan) for cost in COSTS},
    }
    if standings:
        worst = gravest(standings.values())
        line |= {"verdict": worst.verdict, "standing": worst.block}
        line |= {f"{label} standing": standing.block for label, standing in standings.items()}
    return line
