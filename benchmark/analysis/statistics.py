"""What can be said of a leaderboard's rows beyond their means. Pure functions of stored predictions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from benchmark.analysis.calibration import calibration
from benchmark.analysis.comparison import compare, joint, separable
from benchmark.analysis.critical_difference import CriticalDifference, critical_difference
from benchmark.analysis.effects import COLUMNS, Change, changes, effects
from benchmark.analysis.intervals import interval
from benchmark.analysis.leaderboard import HIGH, LOW
from benchmark.analysis.ranks import shared_ranks
from benchmark.analysis.resampling import FEWEST, Resampled, Weights, resample, resamples_for
from benchmark.plugin.metric import Metric
from benchmark.results.frames import ROW, Measure, Results
from benchmark.results.predictions import SetPredictions
from benchmark.suite.settings import LeaderboardSettings

RECALL = "recall"


@dataclass(frozen=True)
class Statistics:
    """All statistics of a leaderboard; values are in the metrics' own units (0.529, not 52.9 %).

    Attributes:
        intervals: a line per row and measure: ``row, measure, mean, low, high`` (95 %), ``units`` (independent ones:
            groups, or tracks), ``seeds`` (cells), ``method`` in words.
        comparisons: a line per pair of rows that may be compared (both complete, both leaky or both not) and
            evaluation set, for the metric that the leaderboard is sorted by; see ``comparison.compare``.
        ranks: by row, shared by rows that cannot be told apart; missing for rows that are not ranked.
        separable: by measure, the difference that these data can separate.
        effects: a line per axis value, evaluation set and class (``""``: over all); see ``effects.effects``.
        calibration: a line per row, evaluation set and bin, with the row's ``ece``.
        critical_difference: average ranks over data sets, or why there are none.
        notes: what a reader should know.
    """

    intervals: pd.DataFrame
    comparisons: pd.DataFrame
    ranks: pd.Series
    separable: Mapping[str, float]
    effects: pd.DataFrame
    calibration: pd.DataFrame
    critical_difference: CriticalDifference | str
    notes: tuple[str, ...]


def with_statistics(lines: pd.DataFrame, found: Statistics) -> pd.DataFrame:
    """Return a leaderboard with the shared ``rank``, and ``<set/metric> low`` and ``high`` of each measure."""
    columns = {"rank": lines[ROW].map(found.ranks).astype("Int64")}
    for measure, each in found.intervals.groupby("measure", sort=False):
        limits = each.set_index(ROW)
        columns |= {f"{measure} {side}": lines[ROW].map(limits[side]) for side in (LOW, HIGH)}
    return lines.assign(**columns)


@dataclass
class _Findings:
    """What is gathered, set by set and row by row."""

    intervals: list[dict[str, Any]] = field(default_factory=list)
    calibration: list[pd.DataFrame] = field(default_factory=list)
    comparisons: list[pd.DataFrame] = field(default_factory=list)
    effects: list[dict[str, Any]] = field(default_factory=list)
    refused: dict[str, None] = field(default_factory=dict)


# Products are small: a second thread waits more than it works. And sums of one thread are the same on every machine.
@threadpool_limits.wrap(limits=1, user_api="blas")
def statistics(results: Results, lines: pd.DataFrame, settings: LeaderboardSettings) -> Statistics:
    """Return the statistics of a leaderboard (``lines``, from ``analysis.leaderboard.leaderboard``)."""
    by = next((each for each in results.measures if each.name == settings.sort), results.measures[0])
    complete = lines[lines["complete"]]
    clean = [int(row) for row in complete.loc[complete["clean"], ROW]]
    leaky = [int(row) for row in complete.loc[~complete["clean"], ROW]]
    changed = changes(lines, results.axes, settings.baseline or {}, [*clean, *leaky], leaky)
    findings = _Findings()
    weights: dict[int, Weights] = {}
    for evaluation in results.sets:
        rows = {int(row): results.by_cell(int(row), evaluation) for row in lines[ROW]}
        rows = {row: cells for row, cells in rows.items() if cells}
        measures = [each for each in results.measures if each.set == evaluation]
        for measure in measures:
            resampled = _resampled(results, measure, rows, weights, findings)
            if measure.metric == by.metric:
                metric = results.metrics[measure.metric]
                findings.comparisons += [
                    compare(
                        {row: resampled[row] for row in alike if row in resampled},
                        measure.name,
                        proportion=metric.proportion,
                    )
                    for alike in (clean, leaky)
                ]
                usable = {row: resampled[row] for row in [*clean, *leaky] if row in resampled}
                if usable:  # Cells may be finished, and no row of them complete.
                    overall = {"": joint(usable)}
                    findings.effects += effects(
                        changed, overall, evaluation, measure.name, bounded=measure.percent
                    )
        findings.effects += _class_effects(results, rows, changed, evaluation, weights)
        findings.calibration += [_calibration(row, evaluation, cells) for row, cells in rows.items()]
    comparisons = _joined(findings.comparisons)
    own = comparisons[comparisons["measure"] == by.name] if len(comparisons) else comparisons
    order = [row for row in clean if np.isfinite(_mean(lines, row, by.name))]
    ranked = own if len(own) else pd.DataFrame(columns=["row", "other", "p_holm"])
    intervals = pd.DataFrame(
        findings.intervals, columns=[ROW, "measure", "mean", "low", "high", "units", "seeds", "method"]
    )
    return Statistics(
        intervals,
        comparisons,
        shared_ranks(order, ranked),
        {str(name): separable(found) for name, found in comparisons.groupby("measure", sort=False)}
        if len(comparisons)
        else {},
        pd.DataFrame(findings.effects, columns=COLUMNS),
        _joined(findings.calibration),
        critical_difference(
            complete[complete["clean"]],
            results.axes,
            results.sets,
            by.metric,
            greater_is_better=by.greater_is_better,
        ),
        tuple(_notes(intervals, results, findings)),
    )


def _resampled(
    results: Results,
    measure: Measure,
    rows: Mapping[int, Mapping[str, SetPredictions]],
    weights: dict[int, Weights],
    findings: _Findings,
) -> dict[int, Resampled]:
    """Return a measure of each row, resampled, and note the intervals."""
    metric: Metric = results.metrics[measure.metric]
    resamples = resamples_for(metric)
    drawn = weights.setdefault(resamples, Weights(resamples))
    found = {}
    for row, cells in rows.items():
        try:
            each = resample(metric, cells, drawn)
        except Exception as error:  # A plugin's code may raise anything, and must not cost the whole report.
            findings.refused[f"No interval of {measure.metric}: {type(error).__name__}: {error}"] = None
            continue
        if not np.isfinite(each.values).all():
            continue
        found[row] = each
        limits = interval(each, proportion=metric.proportion, percent=metric.percent)
        findings.intervals.append(
            {
                ROW: row,
                "measure": measure.name,
                "mean": each.mean,
                "low": limits.low,
                "high": limits.high,
                "units": each.units,
                "seeds": len(each.cells),
                "method": limits.method,
            }
        )
    return found


def _class_effects(
    results: Results,
    rows: Mapping[int, Mapping[str, SetPredictions]],
    changed: Sequence[Change],
    evaluation: str,
    weights: dict[int, Weights],
) -> list[dict[str, Any]]:
    """Return the effects on the share of each class's tracks that is recognised."""
    wanted = {row for change in changed for pair in change.pairs for row in pair} & set(rows)
    if not wanted:
        return []
    classes = results.classes(min(wanted))
    drawn = weights.setdefault(FEWEST, Weights(FEWEST))
    by_class: dict[str, dict[int, Resampled]] = {}
    for row in sorted(wanted):
        if results.classes(row) == classes:
            for number, each in _recalls(rows[row], drawn, len(classes)):
                by_class.setdefault(classes[number], {})[row] = each
    joints = {name: joint(found) for name, found in by_class.items()}
    return effects(changed, joints, evaluation, f"{evaluation}/{RECALL}", bounded=True)


def _recalls(
    cells: Mapping[str, SetPredictions], weights: Weights, classes: int
) -> Iterable[tuple[int, Resampled]]:
    """Yield, for each class that every cell has tracks of, the share of them that is recognised."""
    found = list(cells.values())
    values = np.full((len(found), classes), np.nan)
    resampled = np.full((weights.resamples, len(found), classes), np.nan, np.float32)
    together: dict[tuple[int, int], list[int]] = {}
    for index, cell in enumerate(found):
        together.setdefault((id(cell.groups), id(cell.labels)), []).append(index)
    for indices in together.values():
        first = found[indices[0]]
        truth = np.eye(classes, dtype=np.float32)[first.labels]
        right = [found[index].probabilities.argmax(axis=1) == first.labels for index in indices]
        hits = np.concatenate([truth * each[:, None] for each in right], axis=1)
        values[indices] = _shares(hits.sum(axis=0).reshape(-1, classes), truth.sum(axis=0))
        drawn = weights.of(first.groups)
        counted = (drawn @ hits).reshape(len(drawn), len(indices), classes)
        resampled[:, indices] = _shares(counted, (drawn @ truth)[:, None])
    distinct = [found[indices[0]] for indices in together.values()]
    units = [
        len(np.unique(np.concatenate([cell.groups[cell.labels == number] for cell in distinct])))
        for number in range(classes)
    ]
    shared = all(np.array_equal(cell.tracks, found[0].tracks) for cell in found)
    for number in np.flatnonzero(np.isfinite(values).all(axis=0)):
        yield (
            int(number),
            Resampled(
                tuple(cells),
                values[:, number],
                resampled[:, :, number],
                units[number],
                float(len(found[0].labels)),
                grouped=False,
                shared=shared,
            ),
        )


def _shares(hits: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return hits by counts, NaN where nothing is counted."""
    with np.errstate(invalid="ignore", divide="ignore"):
        shares: np.ndarray = hits / counts
    return shares


def _calibration(row: int, evaluation: str, cells: Mapping[str, SetPredictions]) -> pd.DataFrame:
    error, bins = calibration(list(cells.values()))
    return bins.assign(row=row, set=evaluation, ece=error)


def _joined(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame()


def _mean(lines: pd.DataFrame, row: int, measure: str) -> float:
    return float(lines.loc[lines[ROW] == row, f"{measure} mean"].iloc[0])


def _notes(intervals: pd.DataFrame, results: Results, findings: _Findings) -> Iterable[str]:
    single = intervals.loc[intervals["seeds"] == 1, ROW].nunique()
    if single:
        some = "1 row has" if single == 1 else f"{single} rows have"
        yield (
            f"{some} one finished cell: the interval covers the choice of test tracks, and not that of the seed."
        )
    plain = [name for name, metric in results.metrics.items() if resamples_for(metric) == FEWEST]
    if plain:
        yield f"{', '.join(plain)} can only be resampled by computing it again: {FEWEST} times, not more."
    yield from findings.refused
