"""Ensembles of rows and of seeds, with their measures. Pure functions of stored predictions.

An ensemble is made cell by cell: of the cells of one seed (and fold), with weights of their own. So what is true of
rows is true of it too: its value is a mean over cells, and its interval has seeds and tracks in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from benchmark.analysis.contrast import family
from benchmark.analysis.ensembles.greedy import goodness, greedy
from benchmark.analysis.intervals import interval
from benchmark.analysis.measured import Measured, Units, measure
from benchmark.analysis.resampling import Weights, resamples_for
from benchmark.analysis.seeds import seed_variances
from benchmark.plugin.metric import Metric
from benchmark.results.frames import CELL_NAME, ROW, STATUS, Measure, Results, lines_of
from benchmark.results.predictions import SetPredictions
from benchmark.results.standing import LEAKY
from benchmark.settings import EnsembleSettings

INCOMPLETE = "they are incomplete"
LEAKING = "they leak"
ALONE = "no other row has the same validation and test tracks, seed by seed"
ONE_SEED = "they have one seed"
VALIDATION = "validation"
OTHER_TRACKS = "their seeds are tested on different tracks, which the others were trained on"
FIXED = "their seeds all give the same answers"
Cells = Mapping[str, SetPredictions]


@dataclass(frozen=True)
class Value:
    """A measure of an ensemble: mean over cells, sd (NaN for one), 95 % interval, and the same of a difference."""

    measure: str
    mean: float
    sd: float
    low: float
    high: float
    difference: float
    difference_low: float
    difference_high: float


@dataclass(frozen=True)
class Ensemble:
    """An ensemble.

    Attributes:
        rows: that could be members.
        members: by cell, how often each row is a member.
        validation: by cell, the metric on the validation part; nothing for an ensemble of seeds.
        reference: the row that differences are taken to: the best by validation, or the row whose seeds these are.
        values: of the measures that could be computed.
    """

    rows: tuple[int, ...]
    members: Mapping[str, Mapping[int, int]]
    validation: Mapping[str, float]
    reference: int
    values: tuple[Value, ...]

    def weights(self) -> dict[int, float]:
        """Return the mean share of each member over cells, the greatest first."""
        shares: dict[int, float] = {}
        for counts in self.members.values():
            for row, count in counts.items():
                shares[row] = shares.get(row, 0.0) + count / sum(counts.values()) / len(self.members)
        return dict(sorted(shares.items(), key=lambda item: (-item[1], item[0])))


@dataclass(frozen=True)
class Ensembles:
    """All ensembles of a suite's rows.

    ``absent`` and ``seeds_absent`` say which rows have no part in those of rows and of seeds, by the reason.
    """

    of_rows: tuple[Ensemble, ...] = ()
    of_seeds: tuple[Ensemble, ...] = ()
    absent: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    seeds_absent: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def ensembles(
    results: Results,
    lines: pd.DataFrame,
    settings: EnsembleSettings,
    validation: Mapping[str, SetPredictions | str],
    sort: Measure,
) -> Ensembles:
    """Return the ensembles of a leaderboard (``lines``, from ``analysis.leaderboard``).

    Rows can be members of one ensemble where their cells have, seed by seed, the same validation tracks, the same
    tracks on each evaluation set, the same classes, and the same standing; none that leaks takes part.

    Args:
        results: all that is stored.
        lines: the leaderboard.
        settings: how members are chosen.
        validation: what each finished cell said of its validation part, by id, or why that is not known.
        sort: the measure whose metric is to be good on the validation part.
    """
    gauge = _Gauge(results)
    cells = _own_cells(results)
    complete = set(map(int, lines.loc[lines["complete"], ROW]))
    absent: dict[str, list[int]] = {}
    groups: dict[object, list[int]] = {}
    for row, ids in cells.items():
        why = _unfit(results, row, complete) or next(
            (said for id_ in ids.values() if isinstance(said := validation.get(id_, ""), str)), ""
        )
        if why:
            absent.setdefault(why, []).append(row)
        else:
            groups.setdefault(_tested_on(results, row, ids, validation), []).append(row)
    made, refused = [], []
    for rows in groups.values():
        if len(rows) < 2:
            absent.setdefault(ALONE, []).extend(rows)
            continue
        try:
            made.append(_of_rows(results, rows, cells, validation, settings.size, sort, gauge))
        except Exception as error:  # A metric may be anybody's code, and must not cost the whole report.
            refused.append(f"No ensemble by {sort.metric}: {type(error).__name__}: {error}")
    seeds: list[Ensemble] = []
    seeds_absent: dict[str, list[int]] = {}
    for row, ids in cells.items() if settings.seeds else ():
        joined = _unfit(results, row, complete) or _of_seeds(results, row, ids, gauge)
        if isinstance(joined, str):
            seeds_absent.setdefault(joined, []).append(row)
        else:
            seeds.append(joined)
    return Ensembles(
        tuple(made),
        tuple(seeds),
        {why: tuple(rows) for why, rows in absent.items()},
        {why: tuple(rows) for why, rows in seeds_absent.items()},
        tuple(dict.fromkeys([*refused, *gauge.refused])),
    )


def _own_cells(results: Results) -> dict[int, dict[str, str]]:
    """Return the ids of each row's finished cells by their names; those of seeds that were added are left out."""
    own: dict[int, dict[str, str]] = {int(row): {} for row in dict.fromkeys(results.cells[ROW])}
    for cell in lines_of(results.cells.sort_values(CELL_NAME)):
        if cell[STATUS] == "ok" and not cell.get("added"):
            own[int(cell[ROW])][str(cell[CELL_NAME])] = str(cell["id"])
    return own


def _folds(results: Results) -> dict[str, str]:
    """Return the fold of each cell by its name, where folds are an axis."""
    if "fold" not in results.cells:
        return {}
    return dict(zip(map(str, results.cells[CELL_NAME]), map(str, results.cells["fold"]), strict=True))


def _unfit(results: Results, row: int, complete: set[int]) -> str:
    """Return why a row can be in no ensemble, or nothing."""
    if row not in complete:
        return INCOMPLETE
    return LEAKING if any(results.standing(row, name) == LEAKY for name in results.sets) else ""


def _tested_on(
    results: Results, row: int, ids: Mapping[str, str], validation: Mapping[str, SetPredictions | str]
) -> object:
    """Return what is equal for rows that can be members of one ensemble."""
    tested = frozenset(
        (cell, name, predictions.tracks.tobytes(), predictions.tracks.dtype.str, predictions.labels.tobytes())
        for cell, id_ in ids.items()
        for name, predictions in [("", validation[id_]), *results.stored[id_].items()]
        if isinstance(predictions, SetPredictions)
    )
    return results.classes(row), tuple(results.standing(row, name) for name in results.sets), tested


def _of_rows(
    results: Results,
    rows: Sequence[int],
    cells: Mapping[int, Mapping[str, str]],
    validation: Mapping[str, SetPredictions | str],
    size: int,
    sort: Measure,
    gauge: _Gauge,
) -> Ensemble:
    metric: Metric = results.metrics[sort.metric]
    members: dict[str, dict[int, int]] = {}
    reached: dict[str, float] = {}
    alone = np.zeros((len(rows), 2))
    averaged: dict[str, dict[str, SetPredictions]] = {}
    for cell in cells[rows[0]]:
        said = [validation[cells[row][cell]] for row in rows]
        watched = [predictions for predictions in said if isinstance(predictions, SetPredictions)]
        labels, stacked = watched[0].labels, _stacked(watched)
        counts = greedy(labels, stacked, metric, size)
        members[cell] = {row: int(count) for row, count in zip(rows, counts, strict=True) if count}
        reached[cell] = float(metric.compute(labels, _weighted(stacked, counts)))
        alone += [goodness(labels, own, metric) for own in stacked]
        for name in results.stored[cells[rows[0]][cell]]:
            if is_watched(results, cells[rows[0]][cell], name):
                continue  # What members were chosen on flatters them.
            tested = [results.stored[cells[row][cell]][name] for row in members[cell]]
            averaged.setdefault(name, {})[cell] = _average(tested, list(members[cell].values()))
    # The best by validation: to choose it by the test would be to choose what was lucky there.
    best = rows[max(range(len(rows)), key=lambda at: (*alone[at].round(9), -at))]
    reference = {
        name: {cell: results.stored[cells[best][cell]][name] for cell in own}
        for name, own in averaged.items()
    }
    return Ensemble(tuple(rows), members, reached, best, gauge.values(averaged, reference))


def is_watched(results: Results, id_: str, name: str) -> bool:
    """Return whether an evaluation set of a cell is its validation part."""
    return results.filed.get(id_, {}).get(name, name) == VALIDATION


def _of_seeds(results: Results, row: int, ids: Mapping[str, str], gauge: _Gauge) -> Ensemble | str:
    """Return the ensemble of a row's seeds, for each fold by itself; or why there is none."""
    folds: dict[str, list[str]] = {}
    own_folds = _folds(results)
    for cell in ids:
        folds.setdefault(own_folds.get(cell, ""), []).append(cell)
    if all(len(cells) < 2 for cells in folds.values()):
        return ONE_SEED
    averaged: dict[str, dict[str, SetPredictions]] = {}
    reference: dict[str, dict[str, SetPredictions]] = {}
    for name in results.stored[next(iter(ids.values()))]:
        own = {cell: results.stored[id_][name] for cell, id_ in ids.items()}
        if not all(_alike([own[cell] for cell in cells]) for cells in folds.values()):
            continue
        averaged[name] = {
            fold or "all": _average([own[cell] for cell in cells], [1] * len(cells))
            for fold, cells in folds.items()
        }
        reference[name] = own
    if not averaged:
        return OTHER_TRACKS
    if all(
        np.array_equal(own[cells[0]].probabilities, own[cell].probabilities)
        for own in reference.values()
        for cells in folds.values()
        for cell in cells
    ):
        return FIXED
    members = {fold or "all": {row: len(cells)} for fold, cells in folds.items()}
    return Ensemble((row,), members, {}, row, gauge.values(averaged, reference))


class _Gauge:
    """Measures ensembles beside the rows that they are compared with; ``refused`` says what could not be."""

    def __init__(self, results: Results) -> None:
        self._results = results
        self._units = Units()
        self._weights: dict[int, Weights] = {}
        self.refused: list[str] = []

    def values(self, averaged: Mapping[str, Cells], reference: Mapping[str, Cells]) -> tuple[Value, ...]:
        """Return all measures of an ensemble; both arguments are by evaluation set, then by cell."""
        values = []
        for asked in self._results.measures:
            if asked.set not in averaged:
                continue
            metric: Metric = self._results.metrics[asked.metric]
            try:
                pair = [self._measured(metric, cells[asked.set]) for cells in (averaged, reference)]
            except Exception as error:  # As above.
                self.refused.append(f"No {asked.metric} of ensembles: {type(error).__name__}: {error}")
                continue
            if all(np.isfinite(own.values).all() for own in pair):
                values.append(_value(asked, metric, *pair))
        return tuple(values)

    def _measured(self, metric: Metric, cells: Cells) -> Measured:
        count = resamples_for(metric)
        weights = self._weights.setdefault(count, Weights(count))
        return measure(metric, cells, weights, self._units)


def _value(asked: Measure, metric: Metric, own: Measured, reference: Measured) -> Value:
    """Return a measure with its interval, and its difference to the reference.

    Both draw on the same seeds, which the interval of the difference takes for independent: it is too wide, not narrow.
    """
    pair = family({0: own, 1: reference})
    seeds = seed_variances([own, reference])
    limits = interval(
        own,
        float(seeds.values[0]) / len(own.cells),
        float(seeds.freedom[0]),
        proportion=metric.proportion,
        bounds=metric.limits(),
    )
    bounds = metric.limits()
    contrast = pair.differences(np.array([0]), np.array([1]))
    low, high = contrast.interval(bounds[1] - bounds[0] if bounds else np.inf)
    sd = float(own.values.std(ddof=1)) if len(own.values) > 1 else float("nan")
    return Value(
        asked.name,
        own.mean,
        sd,
        limits.low,
        limits.high,
        float(contrast.values[0]),
        float(low[0]),
        float(high[0]),
    )


def _stacked(several: Sequence[SetPredictions]) -> np.ndarray:
    return np.stack([predictions.probabilities for predictions in several]).astype(np.float64)


def _weighted(stacked: np.ndarray, counts: Sequence[int] | np.ndarray) -> np.ndarray:
    """Return the weighted mean of probabilities, shape (members, n, classes) to (n, classes)."""
    weights = np.asarray(counts, np.float64)
    mean: np.ndarray = np.tensordot(weights / weights.sum(), stacked, axes=1)
    return mean


def _average(several: Sequence[SetPredictions], counts: Sequence[int]) -> SetPredictions:
    """Return the weighted mean of what was said of the same tracks."""
    first = several[0]
    mean = _weighted(_stacked(several), counts).astype(np.float32)
    return SetPredictions(first.tracks, first.groups, first.labels, mean)


def _alike(several: Sequence[SetPredictions]) -> bool:
    first = several[0]
    return all(
        np.array_equal(predictions.tracks, first.tracks) and np.array_equal(predictions.labels, first.labels)
        for predictions in several[1:]
    )
