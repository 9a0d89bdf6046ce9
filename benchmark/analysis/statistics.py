"""What can be said of a leaderboard's rows beyond their means. Pure functions of stored predictions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import special
from threadpoolctl import threadpool_limits

from benchmark.analysis.asked import Asked
from benchmark.analysis.calibration import calibration
from benchmark.analysis.cochran import ALPHA, critical
from benchmark.analysis.comparison import Family, compare, family
from benchmark.analysis.critical_difference import CriticalDifference, critical_difference
from benchmark.analysis.effects import COLUMNS, ROW_COLUMNS, Change, changes, class_effects, effects
from benchmark.analysis.identical import alike, among
from benchmark.analysis.intervals import interval
from benchmark.analysis.known import (
    BLOCK,
    HIGHEST,
    LETTERS,
    LOWEST,
    NEEDED_COLUMNS,
    Known,
    known_of,
    needed_of,
    ranks_of,
)
from benchmark.analysis.leaderboard import DIFFERENCE, HIGH, LOW, baseline_rows
from benchmark.analysis.measured import Measured, Units, measure
from benchmark.analysis.needed import POWER
from benchmark.analysis.protocols import Block, Contents, competitors
from benchmark.analysis.recall import recalls
from benchmark.analysis.resampling import Weights, is_mean, resamples_for
from benchmark.analysis.seeds import seed_variances
from benchmark.plugin.metric import Metric
from benchmark.results.frames import ROW, Measure, Results
from benchmark.results.predictions import SetPredictions
from benchmark.results.standing import BLOCKS, HONEST, LEAKY
from benchmark.settings import LeaderboardSettings

RECALL = "recall"
PARTS = ("comparisons", "effects", "classes", "calibration")
Rows = Mapping[int, Mapping[str, SetPredictions]]


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


def with_statistics(lines: pd.DataFrame, found: Statistics) -> pd.DataFrame:
    """Return a leaderboard with ``block``, ``rank`` (a set: ``1-3``), its ends and letters, and intervals.

    Rows of a block stand together, ranked ones first.
    """
    block_of = {row: number for number, known in enumerate(found.known) for row in known.block.rows}
    ranks = found.ranks
    columns: dict[str, Any] = {
        name: lines[ROW].map(ranks[name]).astype("Int64") for name in (LOWEST, HIGHEST)
    }
    columns[LETTERS] = lines[ROW].map(ranks[LETTERS])
    columns["rank"] = [
        None if pd.isna(low) else rank_text(int(low), int(high))
        for low, high in zip(columns[LOWEST], columns[HIGHEST], strict=True)
    ]
    columns[BLOCK] = lines[ROW].map(block_of).astype("Int64")
    for name, each in found.intervals.groupby("measure", sort=False):
        limits = each.set_index(ROW)
        columns |= {f"{name} {side}": lines[ROW].map(limits[side]) for side in (LOW, HIGH)}
    for name, each in found.differences.groupby("measure", sort=False):
        limits = each.set_index(ROW)
        columns |= {f"{name} {DIFFERENCE} {side}": lines[ROW].map(limits[side]) for side in (LOW, HIGH)}
    table = lines.assign(**columns)
    # Incomplete rows stay last; within the others blocks stand together, in the order of their best rows.
    order = table.assign(_open=~table["complete"], _block=table[BLOCK].fillna(len(found.known)))
    order["_unranked"] = ~order["complete"] | ~order["clean"]
    return table.loc[order.sort_values(["_open", "_unranked", "_block"], kind="stable").index].reset_index(
        drop=True
    )


def rank_text(low: int, high: int) -> str:
    """Return a set of ranks as people read it."""
    return str(low) if low == high else f"{low}-{high}"


@dataclass
class _Findings:
    """What is gathered, set by set and row by row."""

    intervals: list[dict[str, Any]] = field(default_factory=list)
    calibration: list[pd.DataFrame] = field(default_factory=list)
    comparisons: list[pd.DataFrame] = field(default_factory=list)
    effects: list[dict[str, Any]] = field(default_factory=list)
    effects_by_row: list[dict[str, Any]] = field(default_factory=list)
    refused: dict[str, None] = field(default_factory=dict)
    single: set[int] = field(default_factory=set)
    separable: dict[str, float] = field(default_factory=dict)
    differences: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class _Set:
    """One evaluation set: the rows that were evaluated on it, which of them are one row, and which compete.

    ``standing`` is what an audit allows of each row on this set; another set may have another.
    """

    name: str
    rows: Rows
    same: Mapping[int, int]
    blocks: tuple[Block, ...]
    standing: Mapping[int, str]

    @property
    def block_of(self) -> dict[int, int]:
        return {row: number for number, block in enumerate(self.blocks) for row in block.rows}

    @property
    def leaky(self) -> list[int]:
        return [row for row, standing in self.standing.items() if standing == LEAKY]

    @property
    def clean(self) -> set[int]:
        """Rows of the most honest standing that there is; leaky ones never."""
        best = min(self.standing.values(), key=_gravity, default=HONEST)
        return {row for row, standing in self.standing.items() if standing == best != LEAKY}


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
    by = next((each for each in results.measures if each.name == settings.sort), results.measures[0])
    complete = lines[lines["complete"]]
    usable = [int(row) for row in complete[ROW]]
    clean_everywhere = set(usable)
    references = baseline_rows(lines, results.axes, settings.baseline) if settings.baseline else {}
    findings, drawn, contents, units = _Findings(), _Drawn(), Contents(), Units()
    known: tuple[Known, ...] = ()
    asked: list[Asked] = []
    wanted = pd.DataFrame(columns=NEEDED_COLUMNS)
    distinct: Mapping[int, Family] = {}
    for evaluation in results.sets:
        found = _set(results, evaluation, lines, contents)
        clean_everywhere -= found.standing.keys() - found.clean
        changed = changes(lines, results.axes, settings.baseline or {}, usable, found.leaky)
        for each in (each for each in results.measures if each.set == evaluation):
            measured = _measured(results, each, found, drawn, units, findings, seedless)
            findings.differences += _differences(
                each, measured, references, _bound(results.metrics[each.metric])
            )
            if each.metric != by.metric:
                continue
            kept = {row: measured[row] for row in usable if row in measured}
            is_wanted = each == by or "comparisons" in parts
            families = _compared(results, each, found, kept, settings, findings, price, is_wanted=is_wanted)
            if each == by:
                distinct = families
                compared = _joined(findings.comparisons)
                known = tuple(known_of(block, by, kept, compared, found.clean) for block in found.blocks)
                wanted = needed_of(known, families, by, settings, compared, price)
            if "effects" in parts:
                _effects(results, each, found, kept, changed, findings, price)
            if kept:
                asked.append(_asked(results, each, found, kept, settings, price))
        by_class = _recalls(results, found, changed, units, usable) if "classes" in parts else {}
        if "effects" in parts:
            findings.effects += _class_effects(found, changed, by_class)
        if asked and asked[-1].set == evaluation:
            asked[-1] = replace(asked[-1], by_class=by_class)
        if "calibration" in parts:
            findings.calibration += [
                _calibration(row, evaluation, cells) for row, cells in found.rows.items()
            ]
    intervals = pd.DataFrame(
        findings.intervals, columns=[ROW, "measure", "mean", "low", "high", "units", "seeds", "method"]
    )
    comparisons = _joined(findings.comparisons)
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
        _joined(findings.calibration),
        critical_difference(
            complete[complete[ROW].isin(clean_everywhere)],
            results.axes,
            results.sets,
            by.metric,
            greater_is_better=by.greater_is_better,
        ),
        settings.smallest / 100,
        tuple(_notes(intervals, results, findings)),
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
    findings, found = _Findings(), _set(results, measure.set, lines, Contents())
    measured = _measured(results, measure, found, _Drawn(), Units(), findings, seedless)
    complete = map(int, lines.loc[lines["complete"], ROW])
    kept = {row: measured[row] for row in complete if row in measured}
    _compared(results, measure, found, kept, settings, findings, price)
    return _joined(findings.comparisons)


class _Drawn:
    """Resamples' weights by their number, drawn when a metric first needs them."""

    def __init__(self) -> None:
        self._known: dict[int, Weights] = {}

    def of(self, metric: Metric) -> Weights:
        count = resamples_for(metric)
        return self._known.setdefault(count, Weights(count))


def _set(results: Results, evaluation: str, lines: pd.DataFrame, contents: Contents) -> _Set:
    """Return an evaluation set with its rows, in the order of the suite."""
    rows = {int(row): results.by_cell(int(row), evaluation) for row in sorted(lines[ROW])}
    rows = {row: cells for row, cells in rows.items() if cells}
    said = dict(zip(map(int, lines[ROW]), map(str, lines["standing"]), strict=True))
    # Tables that were made without an audit's word on each set have one for the row.
    standing = {row: str(results.standing(row, evaluation) or said[row]) for row in rows}
    tested = {
        row: contents_of(results, row, own_cells(results, row, cells), evaluation, contents)
        for row, cells in rows.items()
    }
    blocks = competitors(tested, standing)
    blocks.sort(key=lambda block: block.standing != HONEST)
    return _Set(evaluation, rows, alike(rows), tuple(blocks), standing)


def _gravity(standing: str) -> int:
    return [str(each) for each in BLOCKS].index(standing)


def own_cells(
    results: Results, row: int, cells: Mapping[str, SetPredictions]
) -> Mapping[str, SetPredictions]:
    """Return the cells of a row whose seeds were not added to the suite's own.

    Who competes with whom is decided by these: that a row was given more seeds than another makes them no strangers.
    """
    every = results.cells_of(row)
    added = set(every.loc[every["added"], "cell"]) if "added" in every else set()
    own = {name: cell for name, cell in cells.items() if name not in added}
    return own or cells


def contents_of(
    results: Results, row: int, cells: Mapping[str, SetPredictions], evaluation: str, contents: Contents
) -> dict[str, str]:
    """Return what each cell of a row was tested on, by the cell's name."""
    own = results.cells_of(row)
    ids = {str(name): str(id_) for name, id_ in zip(own["cell"], own["id"], strict=True)}
    return {
        name: contents.of(
            cell,
            results.records[ids[name]].spec,
            results.filed.get(ids[name], {}).get(evaluation, evaluation),
        )
        for name, cell in cells.items()
    }


def _measured(
    results: Results,
    each: Measure,
    found: _Set,
    drawn: _Drawn,
    units: Units,
    findings: _Findings,
    seedless: Collection[str],
) -> dict[int, Measured]:
    """Return a measure of each row, and note the intervals."""
    metric: Metric = results.metrics[each.metric]
    measured: dict[int, Measured] = {}
    for row, cells in found.rows.items():
        try:
            alone = len(cells) == 1 and _is_seedless(results, row, seedless)
            measured[row] = measure(metric, cells, drawn.of(metric), units, seedless=alone)
        except Exception as error:  # A plugin's code may raise anything, and must not cost the whole report.
            findings.refused[f"No interval of {each.metric}: {type(error).__name__}: {error}"] = None
    measured = {row: value for row, value in measured.items() if np.isfinite(value.values).all()}
    findings.single |= {row for row, value in measured.items() if value.is_single and not value.too_few}
    for block in found.blocks:
        own = {row: measured[row] for row in block.rows if row in measured}
        same = among(found.same, own)
        distinct = {row: value for row, value in own.items() if row not in same}
        seeds = seed_variances(list(distinct.values()))
        place = {row: number for number, row in enumerate(distinct)}
        for row, value in own.items():
            at = place[same.get(row, row)]
            limits = interval(
                value,
                float(seeds.values[at]) / len(value.cells),
                float(seeds.freedom[at]),
                proportion=metric.proportion,
                bounds=metric.limits(),
            )
            findings.intervals.append(
                {
                    ROW: row,
                    "measure": each.name,
                    "mean": value.mean,
                    "low": limits.low,
                    "high": limits.high,
                    "units": value.units,
                    "seeds": len(value.cells),
                    "method": limits.method,
                }
            )
    return measured


def _is_seedless(results: Results, row: int, models: Collection[str]) -> bool:
    """Return whether nothing of a row depends on its seed: neither its model, nor its split or augmentation."""
    own = results.cells_of(row)
    specs = [results.records[id_].spec for id_ in own["id"] if id_ in results.records]
    return bool(specs) and all(
        spec.get("model", {}).get("name") in models
        and spec.get("split", {}).get("strategy") == "predefined"
        and not spec.get("augmentation")
        # A share of the training part is drawn anew for each seed.
        and spec.get("training_size") is None
        for spec in specs
    )


def _compared(
    results: Results,
    each: Measure,
    found: _Set,
    kept: Mapping[int, Measured],
    settings: LeaderboardSettings,
    findings: _Findings,
    price: float,
    *,
    is_wanted: bool = True,
) -> dict[int, Family]:
    """Note the comparisons within each block, and what they can separate; return the distinct rows of each block.

    Comparisons that are not ``is_wanted`` are not made.
    """
    families, widths = {}, []
    for number, block in enumerate(found.blocks):
        own = {row: kept[row] for row in block.rows if row in kept}
        same = among(found.same, own)
        if is_wanted:
            findings.comparisons.append(
                compare(
                    own,
                    each.name,
                    greater_is_better=each.greater_is_better,
                    bound=_bound(results.metrics[each.metric]),
                    smallest=settings.smallest / 100 if each.percent else None,
                    alike=same,
                    price=price,
                )
            )
        distinct = {row: value for row, value in own.items() if row not in same}
        if len(distinct) > 1:
            families[number] = family(distinct)
            widths.append(_separable(families[number], price))
    if widths and np.isfinite(widths).any():
        findings.separable[each.name] = float(np.nanmedian(widths))
    return families


def _differences(
    each: Measure, measured: Mapping[int, Measured], references: Mapping[int, int], bound: float
) -> list[dict[str, Any]]:
    """Return the intervals of the rows' differences to their baselines."""
    pairs = [(row, base) for row, base in references.items() if row in measured and base in measured]
    if not pairs:
        return []
    every = family(measured)
    place = {row: number for number, row in enumerate(every.rows)}
    first, second = (np.array([place[pair[side]] for pair in pairs]) for side in (0, 1))
    low, high = every.differences(first, second).interval(bound)
    return [
        {"measure": each.name, ROW: row, LOW: float(low[number]), HIGH: float(high[number])}
        for number, (row, _) in enumerate(pairs)
    ]


def _bound(metric: Metric) -> float:
    """Return the largest difference that there can be."""
    limits = metric.limits()
    return limits[1] - limits[0] if limits else np.inf


def _separable(found: Family, price: float) -> float:
    """Return the difference that is found in four of five tables, where all pairs are tested: the median of pairs."""
    first, second = np.triu_indices(len(found.rows), 1)
    contrast = found.differences(first, second)
    tests = int(contrast.known.sum())
    if not tests:
        return float("nan")
    wanted = critical(ALPHA / price / tests, contrast.parts, contrast.freedom) + special.ndtri(POWER)
    return float(np.median((wanted * contrast.error)[contrast.known]))


def _effects(
    results: Results,
    each: Measure,
    found: _Set,
    kept: Mapping[int, Measured],
    changed: Sequence[Change],
    findings: _Findings,
    price: float,
) -> None:
    if not kept:
        return
    gathered = effects(
        changed,
        family(kept),
        found.name,
        each.name,
        bound=_bound(results.metrics[each.metric]),
        unmoved=_unmoved(changed, found.same),
        block_of=found.block_of,
        price=price,
    )
    findings.effects += gathered.overall
    findings.effects_by_row += gathered.by_row


def _unmoved(changed: Sequence[Change], same: Mapping[int, int]) -> set[tuple[int, int]]:
    """Return the pairs of rows with the same answers: what was changed cannot change them."""
    return {
        (row, other)
        for change in changed
        for row, other in change.pairs
        if same.get(row, row) == same.get(other, other)
    }


def _asked(
    results: Results,
    each: Measure,
    found: _Set,
    kept: Mapping[int, Measured],
    settings: LeaderboardSettings,
    price: float,
) -> Asked:
    metric: Metric = results.metrics[each.metric]
    smallest = settings.smallest / 100 if each.percent else None
    return Asked(
        each.set, each.name, kept, found.blocks, found.same, metric.proportion, each.greater_is_better, metric.limits(),
        smallest, price,
    )  # fmt: skip


def _recalls(
    results: Results, found: _Set, changed: Sequence[Change], units: Units, usable: Sequence[int]
) -> dict[str, dict[int, Measured]]:
    """Return the share of each class's tracks that is recognised, by class and row; rows that a change concerns."""
    wanted = (
        {row for change in changed for pair in change.pairs for row in pair} & set(found.rows) & set(usable)
    )
    if not wanted:
        return {}
    classes = results.classes(min(wanted))
    by_class: dict[str, dict[int, Measured]] = {}
    parts: dict[tuple[int, int, int], np.ndarray] = {}
    for row in sorted(wanted):
        if results.classes(row) == classes:
            for number, each in recalls(found.rows[row], units, len(classes), parts):
                by_class.setdefault(classes[number], {})[row] = each
    return {name: by_class[name] for name in classes if name in by_class}


def _class_effects(
    found: _Set, changed: Sequence[Change], by_class: Mapping[str, Mapping[int, Measured]]
) -> list[dict[str, Any]]:
    """Return the effects on the share of each class's tracks that is recognised."""
    if not by_class:
        return []
    families = {name: family(rows) for name, rows in by_class.items()}
    return class_effects(
        changed, families, found.name, f"{found.name}/{RECALL}", _unmoved(changed, found.same)
    )


def _calibration(row: int, evaluation: str, cells: Mapping[str, SetPredictions]) -> pd.DataFrame:
    found = calibration(list(cells.values()))
    return found.bins.assign(row=row, set=evaluation, ece=found.error, floor=found.floor)


def _joined(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame()


def _notes(intervals: pd.DataFrame, results: Results, findings: _Findings) -> Iterable[str]:
    single = len(findings.single)
    if single:
        some, has = ("1 row has", "it has") if single == 1 else (f"{single} rows have", "they have")
        yield (
            f"{some} one finished cell: the interval covers the choice of test tracks, and not that of the seed. "
            f"{has[0].upper()}{has[1:]} no rank, and none is called better: another seed might say otherwise."
        )
    few = intervals[intervals["low"].isna()]
    for units, rows in few.groupby("units")[ROW].nunique().items():
        one = "1 row has" if rows == 1 else f"{rows} rows have"
        unit = "unit" if units == 1 else "units"
        yield f"{one} no interval and no test: {units} independent {unit} (groups, or tracks) show no spread."
    plain = [
        name
        for name, metric in results.metrics.items()
        if not is_mean(metric) and type(metric).resampled is Metric.resampled
    ]
    if plain:
        count = resamples_for(results.metrics[plain[0]])
        yield f"{', '.join(plain)} can only be resampled by computing it again: {count} times, not more."
    yield from findings.refused
