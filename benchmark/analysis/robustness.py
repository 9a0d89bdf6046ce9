"""How robust rows are against corruptions of their test tracks, and what buys that. Pure functions.

The method and its error rates by simulation are in docs/robustness.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmark.analysis.asked import Asked
from benchmark.analysis.cochran import ALPHA, critical
from benchmark.analysis.contrast import Contrast, Family, family
from benchmark.analysis.effects import Change
from benchmark.analysis.intervals import wilson
from benchmark.analysis.measured import Measured, Units, of_scores
from benchmark.analysis.seeds import seed_variances
from benchmark.results.corrupted_scores import CellScores, SetScores

# A cell's scores on all corrupted versions of a set.
Scores = Mapping[str, CellScores]


@dataclass(frozen=True)
class Value:
    """A value with its 95 % interval, NaN where there is none."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class RowRobustness:
    """One row on one set.

    Attributes:
        clean: its value on the set as it is.
        severities: by corruption and severity.
        corruptions: by corruption, the mean over severities.
        mean: the mean over corruptions and severities; None where some are missing.
        drop: what share of the clean value is lost there, 0 for nothing and 1 for all; None where some are missing.
    """

    clean: float
    severities: Mapping[tuple[str, int], float]
    corruptions: Mapping[str, Value]
    mean: Value | None = None
    drop: Value | None = None


@dataclass(frozen=True)
class Robustness:
    """What is known on one evaluation set: of each row, and of each change.

    ``effects`` has a line per change and corruption: ``axis, value, baseline, corruption, pairs``; ``clean``, what the
    change does to clean tracks; ``difference, low, high, p, p_holm``, what it does to worn ones; and with ``extra``
    before them, by how much more it does to worn ones than to clean ones. Intervals hold for all lines at once.
    """

    scores: SetScores
    rows: Mapping[int, RowRobustness]
    effects: tuple[dict[str, Any], ...]


@threadpool_limits.wrap(limits=1, user_api="blas")
def robustness(
    scores: SetScores, asked: Asked | None, changes: Sequence[Change], axes: Sequence[str]
) -> Robustness:
    """Return how robust rows are on one set.

    Args:
        scores: of each row's cells.
        asked: who is compared with whom on the clean set; None where no row is complete.
        found: changes of axes.
        axes: those whose changes are asked after.
    """
    rows = _Rows(scores)
    effects = _effects(rows, asked, [change for change in changes if change.axis in axes])
    return Robustness(scores, _row_values(rows), effects)


class _Rows:
    """The rows of a set as ``Measured``, made when they are needed, all of one kind at once."""

    def __init__(self, scores: SetScores) -> None:
        self.scores = scores
        self._units = Units()
        self._made: dict[str, dict[int, Measured]] = {}

    def of(self, kind: str) -> dict[int, Measured]:
        """Return rows measured on ``clean`` tracks, on a corruption by its name (``=noise``), or by what the same row
        scores less on it than on clean tracks (``-noise``); rows of which all cells have that.
        """
        if kind not in self._made:
            self._made[kind] = {
                row: measured(cells, [_kind(cell, kind) for cell in cells.values()], self._units)
                for row, cells in self.scores.rows.items()
                if all(kind == "clean" or kind[1:] in cell.corrupted for cell in cells.values())
            }
        return self._made[kind]

    def over_all(self, row: int) -> tuple[Measured, Measured | None] | None:
        """Return a row measured over all corruptions, and by its relative drop; None where a corruption is missing.

        Of a row that gets nothing right there is no relative drop.
        """
        names, cells = self.scores.corruptions, self.scores.rows[row]
        if not all(name in cell.corrupted for cell in cells.values() for name in names):
            return None
        worn = [
            np.stack([cell.corrupted[name] for name in names]).mean(axis=0, dtype=np.float64)
            for cell in cells.values()
        ]
        clean = [cell.clean.astype(np.float64) for cell in cells.values()]
        whole = float(np.mean([scores.mean() for scores in clean]))
        if whole <= 0:
            return measured(cells, worn, self._units), None
        kept = float(np.mean([scores.mean() for scores in worn])) / whole
        # The ratio of two means of the same tracks, linear around its value (Cochran 1977, Sampling techniques, 6.3).
        lost = [
            np.asarray(1 - kept - (worn_scores - kept * clean_scores) / whole)
            for worn_scores, clean_scores in zip(worn, clean, strict=True)
        ]
        return measured(cells, worn, self._units), measured(cells, lost, self._units)


def measured(cells: Scores, scores: Sequence[np.ndarray], units: Units) -> Measured:
    """Return the mean of tracks' scores over a row's cells; ``scores`` are theirs, in their order."""
    groups = [cell.groups for cell in cells.values()]
    first = scores[0]
    same = all(own_groups is groups[0] or np.array_equal(own_groups, groups[0]) for own_groups in groups)
    fixed = len(scores) > 1 and same and all(np.array_equal(own_scores, first) for own_scores in scores[1:])
    return of_scores(tuple(cells), scores, groups, fixed=fixed, units=units)


def _kind(cell: CellScores, kind: str) -> np.ndarray:
    if kind == "clean":
        return cell.clean
    worn = cell.corrupted[kind[1:]]
    return worn if kind[0] == "=" else worn.astype(np.float64) - cell.clean


def _row_values(rows: _Rows) -> dict[int, RowRobustness]:
    """Return what is known of each row that has some corruption whole."""
    scores = rows.scores
    bounds = (0.0, 1.0) if scores.percent else None
    corruptions = {
        name: _values(rows.of(f"={name}"), proportion=scores.proportion, bounds=bounds)
        for name in scores.corruptions
    }
    over_all = {row: both for row in scores.rows if (both := rows.over_all(row)) is not None}
    means = _values(
        {row: both[0] for row, both in over_all.items()}, proportion=scores.proportion, bounds=bounds
    )
    drops = _values(
        {row: both[1] for row, both in over_all.items() if both[1] is not None}, proportion=False, bounds=None
    )
    clean = rows.of("clean")
    return {
        row: RowRobustness(
            clean[row].mean,
            _by_severity(cells, scores),
            {name: values[row] for name, values in corruptions.items() if row in values},
            means.get(row),
            drops.get(row),
        )
        for row, cells in scores.rows.items()
        if any(row in values for values in corruptions.values())
    }


def _by_severity(cells: Scores, scores: SetScores) -> dict[tuple[str, int], float]:
    return {
        key: float(np.mean([cell.means[key] for cell in cells.values()]))
        for key in scores.amounts
        if all(key in cell.means for cell in cells.values())
    }


def _values(
    rows: Mapping[int, Measured | None], *, proportion: bool, bounds: tuple[float, float] | None
) -> dict[int, Value]:
    """Return values with the interval that each has by itself; what seeds change is pooled over rows.

    A share of tracks has Wilson's interval at the size of sample that would have the variance (see
    ``intervals.interval``), though a mean over severities is no whole number of tracks; others have the mean ± t times
    the standard error. NaN where units are too few.
    """
    known = {row: value for row, value in rows.items() if value is not None}
    if not known:
        return {}
    values = list(known.values())
    seeds, units = seed_variances(values), np.array([value.units for value in values])
    cells = np.array([len(value.cells) for value in values])
    parts = np.stack([np.array([value.variance for value in values]), seeds.values / cells])
    quantiles = critical(ALPHA, parts, np.stack([np.maximum(units - 1.0, 1.0), seeds.freedom]))
    total = parts.sum(axis=0)
    return {
        row: _value(value, float(total[at]), float(quantiles[at]), proportion=proportion, bounds=bounds)
        for at, (row, value) in enumerate(known.items())
    }


def _value(
    value: Measured,
    variance: float,
    quantile: float,
    *,
    proportion: bool,
    bounds: tuple[float, float] | None,
) -> Value:
    share = value.mean
    if value.too_few:
        return Value(share, np.nan, np.nan)
    if proportion:
        spread = share * (1 - share)
        size = spread / variance if variance > 0 and spread > 0 else float(value.units)
        return Value(share, *wilson(share, size, quantile))
    low, high = share - quantile * np.sqrt(variance), share + quantile * np.sqrt(variance)
    if bounds is not None:
        low, high = max(low, bounds[0]), min(high, bounds[1])
    return Value(share, float(low), float(high))


def _effects(rows: _Rows, asked: Asked | None, changes: Sequence[Change]) -> tuple[dict[str, Any], ...]:
    """Return what changes do on each corruption, and by how much more than on clean tracks."""
    if asked is None or not changes:
        return ()
    lines: list[dict[str, Any]] = []
    tests: list[tuple[Contrast, float]] = []
    blocks = [block.rows for block in asked.blocks]
    clean = family(rows.of("clean"), asked.same, blocks)
    for name in rows.scores.corruptions:
        worn, extra = (_kept(rows.of(f"{sign}{name}"), asked) for sign in "=-")
        if len(worn) < 2:
            continue
        families = [family(kept, asked.same, blocks) for kept in (worn, extra)]
        for change in changes:
            pairs = [
                pair
                for pair in change.pairs
                if set(pair) <= worn.keys() and asked.comparable(pair) and not asked.alike(*pair)
            ]
            if not pairs:
                continue
            lines.append(
                {
                    "axis": change.axis,
                    "value": change.value,
                    "baseline": change.baseline,
                    "corruption": name,
                    "pairs": len(pairs),
                    "clean": float(_contrast(clean, pairs).values[0]),
                }
            )
            tests += [
                (_contrast(own_family, pairs), bound * asked.bound)
                for own_family, bound in zip(families, (1, 2), strict=True)
            ]
    p = np.array([float(contrast.p()[0]) for contrast, _ in tests])
    corrected = asked.corrected(p)
    level = ALPHA / asked.price / max(int(np.isfinite(p).sum()), 1)
    for number, (contrast, bound) in enumerate(tests):
        low, high = contrast.interval(bound, level)
        prefix = "extra " if number % 2 else ""
        lines[number // 2] |= {
            f"{prefix}difference": float(contrast.values[0]),
            f"{prefix}low": float(low[0]),
            f"{prefix}high": float(high[0]),
            f"{prefix}p": float(p[number]),
            f"{prefix}p_holm": float(corrected[number]),
        }
    return tuple(lines)


def _kept(rows: Mapping[int, Measured], asked: Asked) -> dict[int, Measured]:
    """Return rows that are complete."""
    return {row: value for row, value in rows.items() if row in asked.rows}


def _contrast(rows: Family, pairs: Sequence[tuple[int, int]]) -> Contrast:
    """Return the mean difference over pairs of rows."""
    place = {row: number for number, row in enumerate(rows.rows)}
    weights = np.zeros(len(place))
    for row, other in pairs:
        weights[place[row]] += 1 / len(pairs)
        weights[place[other]] -= 1 / len(pairs)
    return rows.contrast(weights)
