"""What can be said of a leaderboard's rows beyond their means. Pure functions of stored predictions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import pandas as pd
from threadpoolctl import threadpool_limits

from benchmark.analysis.asked import Asked
from benchmark.analysis.contrast import Family
from benchmark.analysis.critical_difference import CriticalDifference, critical_difference
from benchmark.analysis.effects import COLUMNS, ROW_COLUMNS, changes
from benchmark.analysis.evaluated import evaluated_set
from benchmark.analysis.findings import (
    Drawn,
    Findings,
    asked_on,
    baseline_differences,
    joined,
    measured_rows,
    note_comparisons,
    notes,
    row_calibration,
)
from benchmark.analysis.known import NEEDED_COLUMNS, Known, known_of, needed_of, ranks_of
from benchmark.analysis.leaderboard import HIGH, LOW, baseline_rows
from benchmark.analysis.measured import Units
from benchmark.analysis.protocols import Contents
from benchmark.analysis.resampling import largest_difference
from benchmark.analysis.set_effects import class_recalls, note_effects, recall_effects
from benchmark.results.frames import ROW, Measure, Results, sorting_measure
from benchmark.settings import LeaderboardSettings

PARTS = ("comparisons", "effects", "classes", "calibration")


@dataclass(frozen=True)
class Statistics:
    """All statistics of a leaderboard; values are in the metrics' own units (0.529, not 52.9 %).

    Attributes:
        intervals: a line per row and measure: ``row, measure, mean, low, high`` (95 %), ``units`` (independent ones in
            each cell: groups, or tracks), ``seeds`` (cells), ``method`` in words.
        comparisons: a line per pair of complete rows that are competitors, and evaluation set, for the metric that the
            leaderboard is sorted by; see ``comparison.compare``.
        ranks: by row: ``block`` (its place in ``known``), ``rank_low`` and ``rank_high``, ``letters``; missing for
            rows that are not ranked.
        known: by block of competitors, on the set that the leaderboard is sorted by.
        needed: for each ranked row that is undecided against the best of its block, what would decide it: ``row,
            other, outcome, seeds, tracks`` (more of them; NaN where too many).
        differences: a line per measure and row that has a baseline: ``measure, row, low, high`` (95 %) of the
            difference to it.
        separable: by measure, the difference between two rows that would be found in four of five tables.
        effects: a line per axis value, evaluation set and class (``""``: over all); see ``effects``.
        effects_by_row: the same for each pair of rows that shows it.
        calibration: a line per row, evaluation set and bin, with the row's ``ece`` and ``floor``.
        critical_difference: average ranks over data sets, or why there are none.
        smallest: a difference too small to care about, as a share.
        notes: what a reader should know.
        asked: what further questions are asked of, by evaluation set (``asked.Asked``).
        families: the distinct rows of each block of ``known`` that has several, by the block's place.
    """

    intervals: pd.DataFrame
    comparisons: pd.DataFrame
    ranks: pd.DataFrame
    known: tuple[Known, ...]
    needed: pd.DataFrame
    differences: pd.DataFrame
    separable: Mapping[str, float]
    effects: pd.DataFrame
    effects_by_row: pd.DataFrame
    calibration: pd.DataFrame
    critical_difference: CriticalDifference | str
    smallest: float
    notes: tuple[str, ...]
    families: Mapping[int, Family] = field(default_factory=dict)
    asked: tuple[Asked, ...] = ()


# Products are small: a second thread waits more than it works. And sums of one thread are the same on every machine.
@threadpool_limits.wrap(limits=1, user_api="blas")
def statistics(
    results: Results,
    lines: pd.DataFrame,
    settings: LeaderboardSettings,
    seedless: Collection[str] = (),
    price: float = 1.0,
    *,
    parts: Collection[str] = PARTS,
) -> Statistics:
    """Return the statistics of a leaderboard (``lines``, from ``analysis.leaderboard.leaderboard``).

    ``seedless`` names models that declare that their seed changes nothing. ``price`` is what p values are multiplied
    by, where a table is looked at more than once. ``parts`` are those of ``PARTS`` that are computed besides what the
    leaderboard itself needs; ``comparisons`` are those on the other evaluation sets.
    """
    by = sorting_measure(results.measures, settings.sort)
    complete = lines[lines["complete"]]
    usable = [int(row) for row in complete[ROW]]
    clean_everywhere = set(usable)
    references = baseline_rows(lines, results.axes, settings.baseline) if settings.baseline else {}
    findings, drawn, contents, units = Findings(), Drawn(), Contents(), Units()
    known: tuple[Known, ...] = ()
    asked: list[Asked] = []
    wanted = pd.DataFrame(columns=NEEDED_COLUMNS)
    distinct: Mapping[int, Family] = {}
    for evaluation in results.sets:
        evaluated = evaluated_set(results, evaluation, lines, contents)
        clean_everywhere -= evaluated.standing.keys() - evaluated.clean
        changed = changes(lines, results.axes, settings.baseline or {}, usable, evaluated.leaky)
        for column in (column for column in results.measures if column.set == evaluation):
            measured = measured_rows(results, column, evaluated, drawn, units, findings, seedless)
            kept = {row: measured[row] for row in usable if row in measured}
            bound = largest_difference(results.metrics[column.metric])
            findings.differences += baseline_differences(column, evaluated, measured, kept, references, bound)
            if column.metric != by.metric:
                continue
            is_wanted = column == by or "comparisons" in parts
            families = note_comparisons(
                results, column, evaluated, kept, settings, findings, price, is_wanted=is_wanted
            )
            if column == by:
                distinct = families
                compared = joined(findings.comparisons)
                known = tuple(
                    known_of(block, by, kept, compared, evaluated.clean) for block in evaluated.blocks
                )
                wanted = needed_of(known, families, by, settings, compared, price)
            if "effects" in parts:
                note_effects(results, column, evaluated, kept, changed, findings, price)
            if kept:
                asked.append(asked_on(results, column, evaluated, kept, settings, price))
        by_class = class_recalls(results, evaluated, changed, units, usable) if "classes" in parts else {}
        if "effects" in parts:
            findings.effects += recall_effects(evaluated, changed, by_class)
        if asked and asked[-1].set == evaluation:
            asked[-1] = replace(asked[-1], by_class=by_class)
        if "calibration" in parts:
            for row, cells in evaluated.rows.items():
                findings.calibration += row_calibration(row, evaluation, cells)
    intervals = pd.DataFrame(
        findings.intervals, columns=[ROW, "measure", "mean", "low", "high", "units", "seeds", "method"]
    )
    comparisons = joined(findings.comparisons)
    return Statistics(
        intervals,
        comparisons,
        ranks_of(known, comparisons, by),
        known,
        wanted,
        pd.DataFrame(findings.differences, columns=["measure", ROW, LOW, HIGH]),
        findings.separable,
        pd.DataFrame(findings.effects, columns=COLUMNS),
        pd.DataFrame(findings.effects_by_row, columns=ROW_COLUMNS),
        pd.DataFrame(findings.calibration),
        critical_difference(
            complete[complete[ROW].isin(clean_everywhere)],
            results.axes,
            results.sets,
            by.metric,
            greater_is_better=by.greater_is_better,
        ),
        settings.smallest / 100,
        tuple(notes(intervals, results, findings)),
        distinct,
        tuple(asked),
    )


@threadpool_limits.wrap(limits=1, user_api="blas")
def comparisons_on(
    results: Results,
    lines: pd.DataFrame,
    measure: Measure,
    settings: LeaderboardSettings,
    seedless: Collection[str] = (),
    price: float = 1.0,
) -> pd.DataFrame:
    """Return ``Statistics.comparisons`` of a leaderboard on one measure, whatever it is sorted by."""
    findings, evaluated = Findings(), evaluated_set(results, measure.set, lines, Contents())
    measured = measured_rows(results, measure, evaluated, Drawn(), Units(), findings, seedless)
    complete = map(int, lines.loc[lines["complete"], ROW])
    kept = {row: measured[row] for row in complete if row in measured}
    note_comparisons(results, measure, evaluated, kept, settings, findings, price)
    return joined(findings.comparisons)
