"""Differences between rows on the same test tracks: which are more than chance, and which too small to care about.

Pure functions. The method, its sources and its error rates by simulation are in docs/statistics.md.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmark.analysis.cochran import ALPHA, critical, merged, p_values
from benchmark.analysis.holm import holm
from benchmark.analysis.measured import FEWEST_UNITS, Measured
from benchmark.analysis.seeds import seed_variances

BETTER, WORSE, EQUAL, UNDECIDED = "better", "worse", "equal", "undecided"
SAME = "same answers"
COLUMNS = [
    "measure", "row", "other", "difference", "low", "high", "p", "p_holm", "p_equal", "p_equal_holm", "verdict",
    "reason", "units", "seeds",
]  # fmt: skip


@dataclass(frozen=True)
class Family:
    """Rows that are compared with each other.

    Attributes:
        rows: numbers of the rows, the order of everything else.
        values: means, shape (rows,).
        tracks: covariance of the means that comes from the choice of tracks, shape (rows, rows).
        seeds: variance of the means that comes from the choice of seeds, shape (rows,). Rows draw their seeds' luck
            independently: there is no covariance.
        freedom: its degrees of freedom, shape (rows,).
        added: what the choice of tracks adds to the variance between cells, shape (rows,).
        units: how many units each cell of a row has, shape (rows,).
        cells: how many cells each row has, shape (rows,).
        single: which rows have one cell of which nobody knows what another seed would give, shape (rows,).
        fixed: which rows no seed changes, shape (rows,).
    """

    rows: tuple[int, ...]
    values: np.ndarray
    tracks: np.ndarray
    seeds: np.ndarray
    freedom: np.ndarray
    added: np.ndarray
    units: np.ndarray
    cells: np.ndarray
    single: np.ndarray
    fixed: np.ndarray

    def contrast(self, weights: np.ndarray) -> Contrast:
        """Return a weighted sum of rows with the parts of its variance; ``weights`` have shape (rows,)."""
        used = np.flatnonzero(weights)
        tracks = max(float(weights @ self.tracks @ weights), 0.0)
        difference, units = float(weights @ self.values), int(self.units[used].min())
        parts = np.array([_floored(tracks, difference, units), *(weights[used] ** 2 * self.seeds[used])])
        freedom = np.array([max(units - 1, 1), *self.freedom[used]])
        return Contrast(
            np.array([difference]),
            parts[:, None],
            freedom[:, None],
            np.array([units]),
            np.array([bool(self.single[used].any())]),
        )

    def differences(self, first: np.ndarray, second: np.ndarray) -> Contrast:
        """Return the differences of pairs of rows, given by their places; shapes (pairs,)."""
        diagonal = np.diag(self.tracks)
        units = np.minimum(self.units[first], self.units[second])
        difference = self.values[first] - self.values[second]
        tracks = np.maximum(diagonal[first] + diagonal[second] - 2 * self.tracks[first, second], 0.0)
        # Sums of products leave a trace where two rows are alike.
        tracks[tracks < 1e-12 * (diagonal[first] + diagonal[second])] = 0.0
        parts = np.stack([_floored(tracks, difference, units), self.seeds[first], self.seeds[second]])
        freedom = np.stack([np.maximum(units - 1, 1), self.freedom[first], self.freedom[second]])
        single = self.single[first] | self.single[second]
        return Contrast(difference, parts, freedom.astype(np.float64), units, single)


@dataclass(frozen=True)
class Contrast:
    """Estimates with the parts of their variances.

    Attributes:
        values: shape (m,).
        parts: of the variances: that of the tracks, then those of the seeds of each row, shape (parts, m).
        freedom: of the parts, shape (parts, m).
        units: shape (m,).
        single: where a row of one cell takes part, shape (m,).
    """

    values: np.ndarray
    parts: np.ndarray
    freedom: np.ndarray
    units: np.ndarray
    single: np.ndarray

    @property
    def error(self) -> np.ndarray:
        """Standard errors, shape (m,)."""
        error: np.ndarray = np.sqrt(self.parts.sum(axis=0))
        return error

    @property
    def known(self) -> np.ndarray:
        """Where a test can be made: there are units enough, and seeds."""
        known: np.ndarray = (self.units >= FEWEST_UNITS) & ~self.single
        return known

    def p(self) -> np.ndarray:
        """Return two-sided p values against zero; NaN where no test can be made.

        n units can agree by chance in one of 2 ** (n - 1) cases, whatever their numbers: p is never below that.
        """
        p = self._p(np.abs(self.values))
        return np.where(self.known, np.maximum(p, self._least()), np.nan)

    def p_equal(self, margin: float | None) -> np.ndarray:
        """Return p values against a difference of ``margin`` or more: the larger of two one-sided tests.

        NaN where no test can be made, or there is no margin. Source: Schuirmann (1987), J. Pharmacokinet. Biopharm. 15.
        """
        if margin is None:
            return np.full(len(self.values), np.nan)
        room = margin - np.abs(self.values)
        p = np.where(room > 0, np.maximum(self._p(np.maximum(room, 0)) / 2, self._least()), 1.0)
        return np.where(self.known, p, np.nan)

    def interval(
        self, bound: float = np.inf, level: float | np.ndarray = ALPHA
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the values that the test at ``level`` does not reject, within ``-bound`` to ``bound``.

        ``level`` is one for all, or one for each, shape (m,).
        NaN where there are too few units. Where a row has one cell, it covers the choice of tracks only.
        """
        return self.within(critical(level, self.parts, self.freedom), bound, level)

    def within(
        self, quantiles: np.ndarray, bound: float = np.inf, level: float | np.ndarray = ALPHA
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return ``interval`` where the critical values at ``level`` are known."""
        half = quantiles * self.error
        half = np.where(self._least() > level, np.inf, half)
        half = np.where(self.units >= FEWEST_UNITS, half, np.nan)
        return np.maximum(self.values - half, -bound), np.minimum(self.values + half, bound)

    def _p(self, distance: np.ndarray) -> np.ndarray:
        z = np.divide(distance, self.error, out=np.zeros_like(distance), where=self.error > 0)
        p = p_values(z, self.parts, self.freedom)
        return np.where((self.error == 0) & (distance > 0), 0.0, p)

    def _least(self) -> np.ndarray:
        least: np.ndarray = 2.0 ** (1 - self.units)
        return least


def intervals(
    contrasts: Sequence[Contrast], bound: float = np.inf, level: float = ALPHA
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return ``Contrast.interval`` of each; those with as many parts in one go, as a call costs more than its sums."""
    by_parts: dict[int, list[tuple[int, np.ndarray, np.ndarray]]] = {}
    for place, contrast in enumerate(contrasts):
        parts, freedom = merged(contrast.parts, contrast.freedom)
        by_parts.setdefault(len(parts), []).append((place, parts, freedom))
    limits: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    for alike in by_parts.values():
        members = [contrasts[place] for place, _, _ in alike]
        together = Contrast(
            np.concatenate([contrast.values for contrast in members]),
            np.concatenate([parts for _, parts, _ in alike], axis=1),
            np.concatenate([freedom for _, _, freedom in alike], axis=1),
            np.concatenate([contrast.units for contrast in members]),
            np.concatenate([contrast.single for contrast in members]),
        )
        ends = np.cumsum([len(contrast.values) for contrast in members])[:-1]
        sides = (np.split(side, ends) for side in together.interval(bound, level))
        limits |= {place: pair for (place, _, _), pair in zip(alike, zip(*sides, strict=True), strict=True)}
    return [limits[place] for place in range(len(contrasts))]


def family(rows: Mapping[int, Measured]) -> Family:
    """Return rows that are compared with each other."""
    measured = list(rows.values())
    seeds = seed_variances(measured)
    cells = np.array([len(row.cells) for row in measured])
    return Family(
        tuple(rows),
        np.array([row.mean for row in measured]),
        _covariance(measured),
        seeds.values / np.maximum(cells, 1),
        seeds.freedom,
        np.array([row.added for row in measured]),
        np.array([row.units for row in measured]),
        cells,
        np.array([row.is_single for row in measured], bool),
        np.array([row.fixed for row in measured], bool),
    )


def compare(
    rows: Mapping[int, Measured],
    measure: str,
    *,
    greater_is_better: bool = True,
    bound: float = np.inf,
    smallest: float | None = None,
    alike: Mapping[int, int] | None = None,
    price: float = 1.0,
) -> pd.DataFrame:
    """Return one line per pair of rows.

    Columns: ``measure, row, other, difference, low, high`` (95 % interval), ``p`` against no difference, ``p_equal``
    against one of ``smallest`` or more, both corrected over all pairs (``p_holm``, ``p_equal_holm``), the ``verdict``
    on ``row`` (better, worse, equal, undecided), the ``reason`` where no test can be made, and ``units`` and ``seeds``
    (cells) of the row that has fewer.

    Args:
        rows: by number.
        measure: what it is of.
        greater_is_better: which direction is better.
        bound: the largest difference that there can be.
        smallest: a difference too small to care about; None where nobody said.
        alike: for a row whose predictions are those of another, that one. It counts once.
        price: by what corrected p values are multiplied, where the same is looked at more than once.
    """
    distinct = {row: measured for row, measured in rows.items() if (alike or {}).get(row, row) == row}
    if len(rows) < 2 or not distinct:
        return pd.DataFrame(columns=COLUMNS)
    every = family(distinct)
    first, second = np.triu_indices(len(every.rows), 1)
    table = judge(
        every.differences(first, second),
        measure,
        greater_is_better=greater_is_better,
        bound=bound,
        smallest=smallest,
        price=price,
    )
    numbers = np.array(every.rows)
    table = table.assign(
        row=numbers[first], other=numbers[second], seeds=np.minimum(every.cells[first], every.cells[second])
    )[COLUMNS]
    copies = {row: alike[row] for row in rows if row not in distinct} if alike else {}
    return _with_copies(table, copies, rows, measure) if copies else table


def judge(
    contrast: Contrast,
    measure: str,
    *,
    greater_is_better: bool,
    bound: float = np.inf,
    smallest: float | None = None,
    same: np.ndarray | None = None,
    price: float = 1.0,
) -> pd.DataFrame:
    """Return the columns of ``compare`` that need no rows; ``same`` marks pairs that gave the same answers."""
    low, high = contrast.interval(bound)
    p, equal = contrast.p(), contrast.p_equal(smallest)
    reason = reasons(contrast)
    if same is not None:
        # They are no test, and count as none.
        low, high = np.where(same, 0.0, low), np.where(same, 0.0, high)
        p, equal = np.where(same, np.nan, p), np.where(same, np.nan, equal)
        reason = np.where(same, SAME, reason)
    corrected, corrected_equal = (np.minimum(price * holm(values), 1.0) for values in (p, equal))
    if same is not None:
        p, corrected = np.where(same, 1.0, p), np.where(same, 1.0, corrected)
    up = (contrast.values > 0) == greater_is_better
    real = corrected < ALPHA
    is_equal = (corrected_equal < ALPHA) | (reason == SAME)
    verdict = np.select([real & up, real & ~up, is_equal], [BETTER, WORSE, EQUAL], UNDECIDED)
    return pd.DataFrame(
        {
            "measure": measure,
            "difference": contrast.values,
            "low": low,
            "high": high,
            "p": p,
            "p_holm": corrected,
            "p_equal": equal,
            "p_equal_holm": corrected_equal,
            "verdict": verdict,
            "reason": reason,
            "units": contrast.units,
        }
    )


def reasons(contrast: Contrast) -> np.ndarray:
    """Return why no test can be made, or nothing, shape (m,)."""
    units = [f"only {count} unit{'s' if count > 1 else ''}" for count in range(FEWEST_UNITS)]
    few = np.array(units, object)[np.minimum(contrast.units, FEWEST_UNITS - 1)]
    single = np.where(contrast.single, "one seed", "").astype(object)
    return np.where(contrast.units < FEWEST_UNITS, few, single)


def by_pair(
    comparisons: pd.DataFrame, measure: str, of: Collection[int] | None = None
) -> dict[tuple[int, int], dict[Hashable, Any]]:
    """Return the lines of ``compare`` on a measure by (row, other), each pair both ways round.

    ``of``: only pairs in which one of these rows is.
    """
    pairs: dict[tuple[int, int], dict[Hashable, Any]] = {}
    if comparisons.empty:
        return pairs
    if of is not None:
        comparisons = comparisons[comparisons["row"].isin(of) | comparisons["other"].isin(of)]
    turned_verdict = {BETTER: WORSE, WORSE: BETTER}
    for line in comparisons[comparisons["measure"] == measure].to_dict("records"):
        row, other = int(line["row"]), int(line["other"])
        turned = {"row": other, "other": row, "difference": -line["difference"]}
        turned |= {"low": -line["high"], "high": -line["low"]}
        turned |= {"verdict": turned_verdict.get(line["verdict"], line["verdict"])}
        pairs[row, other], pairs[other, row] = line, line | turned
    return pairs


def _floored(tracks: Any, difference: Any, units: Any) -> Any:
    """Return the tracks' variance, not below what one more unit that shows no difference would make it.

    Only where units hardly differ does that change anything: if all agree, they still do not say that all others will.
    """
    return np.maximum(tracks, (difference / (units + 1)) ** 2)


def _covariance(rows: list[Measured]) -> np.ndarray:
    """Return sums of products of the rows' deviations, matched by the names of units."""
    names = {id(row.names): row.names for row in rows}
    if len(names) == 1:
        stacked = np.stack([row.deviations for row in rows])
        return stacked @ stacked.T
    every = np.unique(np.concatenate([own for own in names.values() if own is not None]))
    places = {key: np.searchsorted(every, own) for key, own in names.items() if own is not None}
    stacked = np.zeros((len(rows), len(every)))
    for line, row in zip(stacked, rows, strict=True):
        line[places[id(row.names)]] = row.deviations
    return stacked @ stacked.T


def _with_copies(
    table: pd.DataFrame, copies: Mapping[int, int], rows: Mapping[int, Measured], measure: str
) -> pd.DataFrame:
    """Return the comparisons of all rows: copies have those of the row whose predictions they share."""
    known = by_pair(table, measure)
    order = list(rows)
    same: dict[Hashable, Any] = dict.fromkeys(("difference", "low", "high", "p_equal", "p_equal_holm"), 0.0)
    same |= {"measure": measure, "p": 1.0, "p_holm": 1.0, "verdict": EQUAL, "reason": SAME}
    lines = []
    for number, row in enumerate(order):
        for other in order[number + 1 :]:
            original, other_original = copies.get(row, row), copies.get(other, other)
            facts = same | {"units": rows[row].units, "seeds": len(rows[row].cells)}
            lines.append(
                (facts if original == other_original else known[original, other_original])
                | {"row": row, "other": other}
            )
    return pd.DataFrame(lines, columns=COLUMNS)
