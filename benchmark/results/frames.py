"""From a suite's result folders to the tables that analysis starts from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from benchmark.analysis.predictions import RowPredictions
from benchmark.exceptions import ResultsError
from benchmark.results.record import CellRecord
from benchmark.results.store import (
    PREDICTIONS,
    Damaged,
    ResultsStore,
    read_history,
    read_metrics,
    read_predictions,
)

if TYPE_CHECKING:
    from benchmark.execution.plan import Plan
    from benchmark.plugin.metric import Metric
    from benchmark.plugin.registry import Registry
    from benchmark.suite.cell import Cell

ROW, CELL_NAME, STATUS = "row", "cell", "status"
_KEPT = 32


@dataclass(frozen=True)
class Measure:
    """One column of results: a metric on an evaluation set; ``name`` is ``set/metric``."""

    set: str
    metric: str
    greater_is_better: bool
    percent: bool

    @property
    def name(self) -> str:
        """How suites and tables call it."""
        return f"{self.set}/{self.metric}"


@dataclass(frozen=True)
class Results:
    """All that is stored of a suite.

    ``cells`` has one line per cell of the suite: ``row`` (number of its row, in the suite's order),
    a column per axis with its labels, ``cell`` (seed and fold in words), ``id``, ``status`` (or
    ``missing``, ``damaged``), ``error``, ``marks``, ``total`` and ``trainable`` parameters,
    ``training_seconds``, ``total_seconds``, ``peak_memory_mb``, ``train_items``, and one column per
    measure (``<set>/<metric>``), NaN without a value.
    """

    cells: pd.DataFrame
    axes: tuple[str, ...]
    measures: tuple[Measure, ...]
    records: Mapping[str, CellRecord]
    folders: Mapping[str, Path]
    notes: tuple[str, ...]
    _cache: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False, compare=False)

    @property
    def sets(self) -> tuple[str, ...]:
        """The evaluation sets, in the suite's order."""
        return tuple(dict.fromkeys(measure.set for measure in self.measures))

    def predictions(self, row: int, evaluation: str) -> RowPredictions | None:
        """Return what a row's finished cells predicted on an evaluation set, or None without any."""
        frames = []
        classes: tuple[str, ...] = ()
        for name, id_ in self._finished(row):
            frame = self._stored(id_)
            frames.append(frame[frame["set"] == evaluation].assign(cell=name))
            classes = tuple(self.records[id_].classes)
        if not sum(len(frame) for frame in frames):
            return None
        joined = pd.concat(frames, ignore_index=True).sort_values(["cell", "track"], kind="stable")
        groups = joined["group"].where(joined["group"].notna(), joined["track"])
        labels, probabilities = _answers(joined, classes)
        return RowPredictions(
            cells=joined["cell"].to_numpy(str),
            tracks=joined["track"].to_numpy(str),
            groups=groups.to_numpy(str),
            labels=labels,
            probabilities=probabilities,
            classes=classes,
        )

    def histories(self, row: int) -> dict[str, pd.DataFrame]:
        """Return the epochs of a row's finished cells, by the cell's name; those that have some."""
        found = {}
        for name, id_ in self._finished(row):
            history = pd.DataFrame(read_history(self.folders[id_]))
            numeric = [column for column in history.columns if column != "stage"]
            if "epoch" in numeric:
                found[name] = history.assign(**{column: pd.to_numeric(history[column]) for column in numeric})
        return found

    def _finished(self, row: int) -> list[tuple[str, str]]:
        """Return the names and ids of the cells of a row that are ok."""
        cells = self.cells[(self.cells[ROW] == row) & (self.cells[STATUS] == "ok")]
        return [(str(name), str(id_)) for name, id_ in zip(cells[CELL_NAME], cells["id"], strict=True)]

    def _stored(self, id_: str) -> pd.DataFrame:
        """Return a cell's predictions; the few that were read last are kept, one row having several sets."""
        if id_ not in self._cache:
            while len(self._cache) >= _KEPT:
                self._cache.pop(next(iter(self._cache)))
            self._cache[id_] = read_predictions(self.folders[id_])
        return self._cache[id_]


def collect(plan: Plan, store: ResultsStore, registry: Registry) -> Results:
    """Read what is stored of a plan's cells. Nothing is trained; metrics that a cell lacks are computed."""
    folders = store.scan()
    records: dict[str, CellRecord] = {}
    damaged: dict[str, str] = {}
    for id_ in dict.fromkeys(id_ for id_ in plan.ids if id_):
        found = store.read(id_, folders[id_]) if id_ in folders else None
        if isinstance(found, Damaged):
            damaged[id_] = found.reason
        elif found is not None:
            records[id_] = found
    measures, metrics = _measures(plan, registry)
    rows: dict[tuple[tuple[str, str], ...], int] = {}
    lines = []
    for cell, known in zip(plan.suite.cells, plan.ids, strict=True):
        id_ = known or ""
        row = rows.setdefault(cell.row, len(rows))
        record = records.get(id_)
        line = _line(cell, row, id_, record, damaged.get(id_))
        if record is not None and record.status == "ok":
            try:
                line |= _values(folders[record.id], record, measures, metrics)
            except ResultsError as error:
                damaged[record.id] = str(error)
                line |= {STATUS: "damaged", "error": str(error)}
        lines.append(line)
    cells = pd.DataFrame(lines)
    for measure in measures:
        if measure.name not in cells:
            cells[measure.name] = np.nan
    axes = tuple(axis for axis in plan.suite.axes if axis not in ("seed", "fold"))
    notes = tuple(
        f"{folders[id_].name} is damaged and not used: {reason}." for id_, reason in damaged.items()
    )
    return Results(cells, axes, tuple(measures), records, folders, (*notes, *_mixed(records)))


def _line(cell: Cell, row: int, id_: str, record: CellRecord | None, damage: str | None) -> dict[str, Any]:
    name = "/".join(cell.labels[axis] for axis in ("seed", "fold") if axis in cell.labels) or str(
        cell.spec.seed
    )
    line: dict[str, Any] = {ROW: row, **cell.labels, CELL_NAME: name, "id": id_}
    if record is None:
        return line | {STATUS: "damaged" if damage else "missing", "error": damage or "", "marks": ()}
    return line | {
        STATUS: record.status,
        "error": f"{record.error.type}: {record.error.message}" if record.error else "",
        "marks": tuple(record.marks),
        "total": record.parameters.get("total", np.nan),
        "trainable": record.parameters.get("trainable", np.nan),
        "training_seconds": record.seconds.get("training", np.nan),
        "total_seconds": record.seconds.get("total", np.nan),
        "peak_memory_mb": record.peak_memory_mb,
        **{name: record.counts[name] for name in ("train_items",) if name in record.counts},
    }


def _measures(plan: Plan, registry: Registry) -> tuple[list[Measure], dict[str, Metric]]:
    measures: dict[str, Measure] = {}
    metrics: dict[str, Metric] = {}
    for cell in plan.suite.cells:
        for evaluation in cell.spec.evaluate:
            for spec in cell.spec.metrics:
                name = f"{evaluation.label}/{spec.label}"
                if name not in measures:
                    metric = metrics.setdefault(spec.label, spec.create(registry))
                    measures[name] = Measure(
                        evaluation.label, spec.label, metric.greater_is_better, metric.percent
                    )
    return list(measures.values()), metrics


def _values(
    folder: Path, record: CellRecord, measures: Sequence[Measure], metrics: Mapping[str, Metric]
) -> dict[str, float]:
    stored = read_metrics(folder) or {}
    predictions: pd.DataFrame | None = None
    values: dict[str, float] = {}
    for measure in measures:
        known = stored.get(measure.set, {}).get(measure.metric)
        if known is not None:
            values[measure.name] = float(known)
            continue
        if predictions is None:
            predictions = read_predictions(folder)
        part = predictions[predictions["set"] == measure.set]
        if len(part):
            values[measure.name] = metrics[measure.metric].compute(*_answers(part, record.classes))
    return values


def _answers(frame: pd.DataFrame, classes: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return true class indices and probabilities.

    Raises:
        ResultsError: when the predictions are of other classes than the record says.
    """
    index = {name: number for number, name in enumerate(classes)}
    columns = [f"p:{name}" for name in classes]
    labels = frame["label"].map(index)
    if labels.isna().any() or not set(columns) <= set(frame.columns):
        raise ResultsError(f"{PREDICTIONS} is of other classes than {', '.join(classes) or 'none'}")
    return labels.to_numpy(np.int64), frame[columns].to_numpy(np.float32)


def _version(record: CellRecord, name: str) -> str | None:
    return record.provenance.get("versions", {}).get(name)


def _mixed(records: Mapping[str, CellRecord]) -> list[str]:
    """Say when results of one table come from different versions or backends."""
    notes = []
    for name in ("genrebench", "keras", "tensorflow", "jax", "torch", "numpy"):
        found = {version for record in records.values() if (version := _version(record, name))}
        if len(found) > 1:
            notes.append(
                f"These results were made with {len(found)} versions of {name}: {', '.join(sorted(found))}."
            )
    backends = {
        str(record.provenance["backend"]) for record in records.values() if "backend" in record.provenance
    }
    if len(backends) > 1:
        notes.append(f"These results were made with several Keras backends: {', '.join(sorted(backends))}.")
    return notes
