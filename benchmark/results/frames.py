"""From a suite's result folders to the tables that analysis starts from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from benchmark.exceptions import PluginError, ResultsError
from benchmark.plugin.border import calling, checked_value
from benchmark.record import COSTS, CellRecord
from benchmark.results.expected import ExpectedTracks
from benchmark.results.mixing import MIXED, SET_APART, set_apart
from benchmark.results.predictions import PredictionReader, SetPredictions
from benchmark.results.row_predictions import RowPredictions
from benchmark.results.sets import filed_sets
from benchmark.results.standing import (
    BLOCKS,
    HONEST,
    LEAKY,
    Block,
    Standing,
    alike,
    gravest,
    repaired,
    standing,
)
from benchmark.results.store import DAMAGED_STATUS, Damaged, ResultsStore, read_history
from benchmark.suite.identity import OWN

if TYPE_CHECKING:
    from benchmark.plugin.metric import Metric
    from benchmark.plugin.registry import Registry
    from benchmark.results.plan import Plan
    from benchmark.suite.cell import Cell, Evaluation

ROW, CELL_NAME, STATUS = "row", "cell", "status"


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
    ``missing``, ``damaged``, ``set apart``), ``error``, ``added`` (whether its seed is none of the suite's list; such
    cells are here once they have ended), ``marks``, the audit's ``verdict`` and the ``standing`` in
    which it may be ranked (the gravest of its evaluation sets; ``<set> standing`` on each), ``total`` and ``trainable``
    parameters,
    ``training_seconds``, ``total_seconds``, ``peak_memory_mb``, ``train_items``, the costs of
    ``CellRecord.cost``, and one column per measure (``<set>/<metric>``), NaN without a value. Tracks that leak are left
    out of all this: ``<set> left out`` of ``<set> tracks``, and ``<set/metric> whole`` is the value with them.
    ``metrics`` are the metrics by label, ``stored`` the predictions of finished cells by id and evaluation set,
    without what is left out, and ``standings`` what decides that. ``filed`` are the names that the sets of a cell are
    filed under, by id and by what the suite calls them.
    """

    cells: pd.DataFrame
    axes: tuple[str, ...]
    measures: tuple[Measure, ...]
    records: Mapping[str, CellRecord]
    folders: Mapping[str, Path]
    notes: tuple[str, ...]
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    stored: Mapping[str, Mapping[str, SetPredictions]] = field(default_factory=dict)
    standings: Mapping[str, Mapping[str, Standing]] = field(default_factory=dict)
    filed: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def sets(self) -> tuple[str, ...]:
        """The evaluation sets, in the suite's order."""
        return tuple(dict.fromkeys(measure.set for measure in self.measures))

    def predictions(self, row: int, evaluation: str) -> RowPredictions | None:
        """Return what a row's finished cells predicted on an evaluation set, or None without any."""
        cells = self.by_cell(row, evaluation)
        if not cells:
            return None
        found = list(cells.values())
        return RowPredictions(
            cells=np.repeat(np.array(list(cells)), [len(each.tracks) for each in found]),
            tracks=np.concatenate([each.tracks for each in found]),
            groups=np.concatenate([each.groups for each in found]),
            labels=np.concatenate([each.labels for each in found]),
            probabilities=np.concatenate([each.probabilities for each in found]),
            classes=self.classes(row),
        )

    def by_cell(self, row: int, evaluation: str) -> dict[str, SetPredictions]:
        """Return what each finished cell of a row predicted on an evaluation set, by its name, sorted."""
        found = {name: self.stored.get(id_, {}).get(evaluation) for name, id_ in sorted(self._finished(row))}
        return {name: each for name, each in found.items() if each is not None}

    def standing(self, row: int, evaluation: str) -> Block | None:
        """Return what a row's finished cells may be ranked with on an evaluation set, the gravest; None without any."""
        found = [self.standings.get(id_, {}).get(evaluation) for _, id_ in self._finished(row)]
        return max((each.block for each in found if each is not None), key=BLOCKS.index, default=None)

    def classes(self, row: int) -> tuple[str, ...]:
        """Return the classes of a row, in the order of its probabilities; none without a finished cell."""
        finished = self._finished(row)
        return tuple(self.records[finished[0][1]].classes) if finished else ()

    def histories(self, row: int) -> dict[str, pd.DataFrame]:
        """Return the epochs of a row's finished cells, by the cell's name; those that have some."""
        found = {}
        for name, id_ in self._finished(row):
            history = pd.DataFrame(read_history(self.folders[id_]))
            numeric = [column for column in history.columns if column != "stage"]
            if "epoch" in numeric:
                found[name] = history.assign(
                    **{column: pd.to_numeric(history[column], errors="coerce") for column in numeric}
                )
        return found

    def _finished(self, row: int) -> list[tuple[str, str]]:
        """Return the names and ids of the cells of a row that are ok."""
        return self._finished_cells.get(row, [])

    def cells_of(self, row: int) -> pd.DataFrame:
        """Return the lines of ``cells`` of a row."""
        return self._cells_by_row[row]

    @cached_property
    def _cells_by_row(self) -> dict[int, pd.DataFrame]:
        return {int(str(row)): cells for row, cells in self.cells.groupby(ROW, sort=False)}

    @cached_property
    def _finished_cells(self) -> dict[int, list[tuple[str, str]]]:
        finished: dict[int, list[tuple[str, str]]] = {}
        ok = self.cells[self.cells[STATUS] == "ok"]
        for row, name, id_ in zip(ok[ROW], ok[CELL_NAME], ok["id"], strict=True):
            finished.setdefault(int(row), []).append((str(name), str(id_)))
        return finished


def collect(plan: Plan, store: ResultsStore, registry: Registry, *, mixed: bool = False) -> Results:
    """Read what is stored of a plan's cells, and compute its metrics. Nothing is trained.

    Cells of a row that must not meet (see ``set_apart``) do so only if they may be ``mixed``; all are marked then.
    """
    folders = store.scan()
    records, damaged = _read(plan, store, folders)
    measures, metrics = _measures(plan, registry)
    rows: dict[tuple[tuple[str, str], ...], int] = {}
    refused: Counter[tuple[str, str]] = Counter()
    read = _predictions(plan, records, folders, damaged, registry)
    whole, shown = read.whole, read.shown
    standings = _standings(plan, records, read)
    stored = repaired(whole, standings)
    lines = []
    for cell, known in zip(plan.suite.cells, plan.ids, strict=True):
        id_ = known or ""
        row = rows.setdefault(cell.row, len(rows))
        line = _line(cell, row, id_, records.get(id_), damaged.get(id_))
        if cell.added and line[STATUS] in ("missing", "interrupted"):
            # Nobody misses what the suite does not ask for.
            continue
        if id_ in stored:
            line |= _standing_of(standings[id_], line["marks"])
            line |= _values(stored[id_], measures, metrics, refused)
            left = {name: each for name, each in whole[id_].items() if standings[id_][name].left_out}
            line |= {
                f"{name} whole": value for name, value in _values(left, measures, metrics, Counter()).items()
            }
        elif id_ in damaged:
            line |= {STATUS: DAMAGED_STATUS, "error": damaged[id_]}
        lines.append(line)
    _keep_apart(lines, records, [measure.name for measure in measures], mixed=mixed)
    cells = pd.DataFrame(lines)
    for measure in measures:
        if measure.name not in cells:
            cells[measure.name] = np.nan
    axes = tuple(axis for axis in plan.suite.axes if axis not in ("seed", "fold"))
    notes = [
        f"{folders[id_].name} is damaged and not used: {reason.rstrip('.')}."
        for id_, reason in damaged.items()
    ]
    notes += [
        f"{'1 value' if count == 1 else f'{count} values'} of {metric} cannot be computed: {problem}"
        for (metric, problem), count in refused.items()
    ]
    notes += [
        f"Not used: predictions of {count} cells on {problem}." for problem, count in read.unfiled.items()
    ]
    notes += _mixed(records)
    return Results(
        cells, axes, tuple(measures), shown, folders, tuple(notes), metrics, stored, standings, read.names
    )


def _read(
    plan: Plan, store: ResultsStore, folders: Mapping[str, Path]
) -> tuple[dict[str, CellRecord], dict[str, str]]:
    """Return the records of the plan's cells, and what is wrong with those that cannot be read."""
    records: dict[str, CellRecord] = {}
    damaged: dict[str, str] = {}
    for id_ in dict.fromkeys(id_ for id_ in plan.ids if id_ in folders):
        found = store.read(str(id_), folders[str(id_)])
        if isinstance(found, Damaged):
            damaged[str(id_)] = found.reason
        elif found is not None:
            records[str(id_)] = found
    return records, damaged


@dataclass
class _Read:
    """What finished cells predicted, by id and what the suite calls an evaluation set.

    ``names`` are what the sets are filed under, ``shown`` the records with sets called as in the suite, and ``unfiled``
    counts the sets whose predictions are not certain.
    """

    whole: dict[str, dict[str, SetPredictions]] = field(default_factory=dict)
    names: dict[str, dict[str, str]] = field(default_factory=dict)
    shown: dict[str, CellRecord] = field(default_factory=dict)
    unfiled: Counter[str] = field(default_factory=Counter)


def _predictions(
    plan: Plan,
    records: Mapping[str, CellRecord],
    folders: Mapping[str, Path],
    damaged: dict[str, str],
    registry: Registry,
) -> _Read:
    """Read what finished cells predicted; add to ``damaged`` what cannot be believed."""
    reader = PredictionReader()
    expected = ExpectedTracks(plan, registry)
    found = _Read(shown=dict(records))
    for cell, known in zip(plan.suite.cells, plan.ids, strict=True):
        id_ = known or ""
        record = records.get(id_)
        if record is None or record.status != "ok" or id_ in damaged:
            continue
        try:
            read = reader.read(folders[id_], record.classes)
            names, problems = _filed(read, cell, record, plan)
            own = {label: read[name] for label, name in names.items()}
            expected.check(cell.spec, record, own)
        except ResultsError as error:
            damaged[id_] = str(error)
            for each in (found.whole, found.names):
                each.pop(id_, None)
            continue
        # Another cell of the suite may be the same, and call its sets otherwise.
        found.whole.setdefault(id_, {}).update(own)
        found.names.setdefault(id_, {}).update(names)
        found.shown[id_] = _relabelled(record, cell.spec.dataset.label, names)
        found.unfiled.update(problems)
    return found


def _keep_apart(
    lines: Sequence[dict[str, Any]],
    records: Mapping[str, CellRecord],
    measures: Sequence[str],
    *,
    mixed: bool,
) -> None:
    """Take out of rows what must not be among the others there; or mark all, if they may be mixed."""
    rows: dict[int, list[dict[str, Any]]] = {}
    for line in lines:
        if line[STATUS] == "ok":
            rows.setdefault(line[ROW], []).append(line)
    apart = {row: set_apart({line["id"]: records[line["id"]] for line in own}) for row, own in rows.items()}
    for row, own in rows.items():
        for line in own:
            if mixed and any(apart.values()):
                line["marks"] = (*line["marks"], MIXED)
            elif not mixed and line["id"] in apart[row]:
                line |= {
                    STATUS: SET_APART,
                    "error": apart[row][line["id"]],
                    **dict.fromkeys(measures, np.nan),
                }


def _filed(
    found: Mapping[str, SetPredictions], cell: Cell, record: CellRecord, plan: Plan
) -> tuple[dict[str, str], list[str]]:
    """Return what a cell's sets are filed under by what the suite calls them now, and what is wrong with others."""
    evaluate = cell.spec.evaluate
    # Only several sets of a record of format 1 have to be told apart by their tracks.
    is_certain = bool(record.sets) or len(found) == 1
    tracks = {name: frozenset(() if is_certain else each.tracks.tolist()) for name, each in found.items()}
    filed = filed_sets(
        plan.identifier.sets(evaluate), record, tracks, lambda canonical: _ids(canonical, evaluate, plan)
    )
    labels = [each.label for each in evaluate]
    names = {label: name for label, name in zip(labels, filed.names, strict=True) if name is not None}
    return names, [f"{label}: {why}" for label, why in zip(labels, filed.problems, strict=True) if why]


def _relabelled(record: CellRecord, dataset: str, names: Mapping[str, str]) -> CellRecord:
    """Return a record whose counts and files are listed under what the suite calls its sets now."""
    called = {name: label for label, name in names.items()}
    counts = {}
    for name, count in record.counts.items():
        part, _, unit = name.rpartition("_")
        counts[f"{called[part]}_{unit}" if part in called else name] = count
    owners = {OWN: dataset, **called}
    left_out = {}
    for name, reason in record.left_out.items():
        owner = next((each for each in owners if name.startswith(f"{each}: ")), None)
        left_out[name if owner is None else owners[owner] + name.removeprefix(owner)] = reason
    if (counts, left_out) == (record.counts, record.left_out):
        # Thousands of records need no second copy.
        return record
    return replace(record, counts=counts, left_out=left_out)


def _ids(canonical: Mapping[str, Any], evaluate: Sequence[Evaluation], plan: Plan) -> frozenset[str] | None:
    """Return the ids of the tracks of an evaluation set's dataset, or None where it is not here."""
    for evaluation, known in zip(evaluate, plan.identifier.sets(evaluate), strict=True):
        if known == canonical and evaluation.dataset is not None and evaluation.dataset.key in plan.found:
            return frozenset(track.id for track in plan.found[evaluation.dataset.key].tracks)
    return None


def _line(cell: Cell, row: int, id_: str, record: CellRecord | None, damage: str | None) -> dict[str, Any]:
    name = "/".join(cell.labels[axis] for axis in ("seed", "fold") if axis in cell.labels) or str(
        cell.spec.seed
    )
    line: dict[str, Any] = {ROW: row, **cell.labels, CELL_NAME: name, "id": id_, "added": cell.added}
    if record is None:
        status, why = (DAMAGED_STATUS, damage) if damage else ("missing", cell.pending)
        return line | {STATUS: status, "error": why, "marks": (), "verdict": ""}
    return line | {
        STATUS: record.status,
        "error": f"{record.error.type}: {record.error.message}" if record.error else "",
        "marks": tuple(record.marks),
        "verdict": record.audit.get("verdict") or ("leaky" if "leaky" in record.marks else "unknown"),
        "total": record.parameters.get("total", np.nan),
        "trainable": record.parameters.get("trainable", np.nan),
        "training_seconds": record.seconds.get("training", np.nan),
        "total_seconds": record.seconds.get("total", np.nan),
        "peak_memory_mb": record.peak_memory_mb,
        **{name: record.cost.get(name, np.nan) for name in COSTS},
        **{name: record.counts[name] for name in ("train_items",) if name in record.counts},
    }


def _standings(plan: Plan, records: Mapping[str, CellRecord], read: _Read) -> dict[str, dict[str, Standing]]:
    """Return, by cell and evaluation set, what a result may be ranked with, and which tracks are left out of it."""
    limit = plan.suite.leaderboard.leak_limit
    shared = {
        id_
        for cell, id_ in zip(plan.suite.cells, plan.ids, strict=True)
        if cell.spec.split.groups == "shared"
    }
    found = {
        id_: {
            name: standing(
                records[id_].audit,
                read.names[id_][name],
                tested,
                leak_limit=limit,
                groups_shared=id_ in shared,
                leaky="leaky" in records[id_].marks,
            )
            for name, tested in sets.items()
        }
        for id_, sets in read.whole.items()
    }
    return alike(read.whole, found, limit)


def _standing_of(standings: Mapping[str, Standing], marks: Sequence[str]) -> dict[str, Any]:
    """Return what a cell's line says of its audit: the gravest of its sets, and how many tracks are left out."""
    if not standings:
        return {}
    worst = gravest(standings.values())
    line: dict[str, Any] = {"verdict": worst.verdict, "standing": worst.block}
    line |= {f"{name} standing": each.block for name, each in standings.items()}
    concerned = [name for name, each in standings.items() if each.block == worst.block]
    if worst.block != HONEST and len(concerned) < len(standings):
        line["verdict"] += f" on {', '.join(concerned)}"
    line["marks"] = tuple(mark for mark in marks if mark != LEAKY) + (
        (LEAKY,) if worst.block == LEAKY else ()
    )
    for name, each in standings.items():
        if each.left_out:
            line |= {f"{name} left out": len(each.left_out), f"{name} tracks": each.tracks}
    return line


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
    stored: Mapping[str, SetPredictions],
    measures: Sequence[Measure],
    metrics: Mapping[str, Metric],
    refused: Counter[tuple[str, str]],
) -> dict[str, float]:
    """Compute all measures of a cell from its predictions; ``refused`` counts what metrics raised, by their names.

    Never from ``metrics.json``: a metric may have been added since, or have been given other parameters.
    """
    values = {}
    for measure in measures:
        found = stored.get(measure.set)
        if found is None:
            continue
        metric = metrics[measure.metric]
        try:
            with calling(metric, "compute"):
                value = metric.compute(found.labels, found.probabilities)
            values[measure.name] = checked_value(metric, value)
        except PluginError as error:  # One metric must not cost the whole report.
            refused[measure.metric, str(error)] += 1
    return values


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
