"""Estimates that are weighted sums of rows' means, with the parts of their variances: tests and intervals of them.

Pure functions. The method, its sources and its error rates by simulation are in docs/statistics.md.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from benchmark.analysis.cochran import ALPHA, critical, merged, p_values
from benchmark.analysis.identical import among
from benchmark.analysis.intervals import unseen
from benchmark.analysis.measured import FEWEST_UNITS, Measured
from benchmark.analysis.seeds import SeedVariances, seed_variances


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

    def p_equal(self, margin: float | None, bound: float = 1.0) -> np.ndarray:
        """Return p values against a difference of ``margin`` or more: the larger of two one-sided tests.

        NaN where no test can be made, or there is no margin. Source: Schuirmann (1987), J. Pharmacokinet. Biopharm. 15.
        The variance of the tracks is not below what it is if units that differ by ``bound``, the largest difference,
        make up the margin: that no unit happens to differ does not say that few do. Source: Nam (1997), Biometrics
        53:1422, and Tango (1998), Stat. Med. 17:891.
        """
        if margin is None:
            return np.full(len(self.values), np.nan)
        tracks = np.maximum(self.parts[0], null_variance(margin, bound, self.units))
        null = replace(self, parts=np.vstack([tracks, self.parts[1:]]))
        room = margin - np.abs(self.values)
        p = np.where(room > 0, np.maximum(null._p(np.maximum(room, 0)) / 2, self._least()), 1.0)
        return np.where(self.known, p, np.nan)

    def interval(
        self, bound: float = np.inf, level: float | np.ndarray = ALPHA
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the values that the test at ``level`` does not reject, within ``-bound`` to ``bound``.

        ``level`` is one for all, or one for each, shape (m,).
        NaN where there are too few units. Where a row has one cell, it covers the choice of tracks only.
        If no unit differs, so many more may as ``unseen`` says.
        """
        return self.within(critical(level, self.parts, self.freedom), bound, level)

    def within(
        self, quantiles: np.ndarray, bound: float = np.inf, level: float | np.ndarray = ALPHA
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return ``interval`` where the critical values at ``level`` are known."""
        half = quantiles * self.error
        if np.isfinite(bound):
            half = np.where(self.error == 0, bound * unseen(self.units, level), half)
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


def null_variance(margin: float, bound: float, units: Any) -> Any:
    """Return the variance of a mean over units of which some differ by ``bound`` and make it ``margin``, others not."""
    return margin * (max(bound, margin) - margin) / np.maximum(units, 1)


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


def family(
    rows: Mapping[int, Measured],
    same: Mapping[int, int] | None = None,
    blocks: Sequence[Collection[int]] = (),
) -> Family:
    """Return rows that are compared with each other.

    What seeds change is pooled over the distinct rows of each block, whatever else there is, so that all tables say the
    same of a pair of rows.

    Args:
        rows: by number.
        same: for a row whose answers are those of another, that one.
        blocks: rows that compete with each other; those in none are one more.
    """
    measured = list(rows.values())
    seeds = _pooled(rows, same or {}, blocks)
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


def _pooled(
    rows: Mapping[int, Measured], same: Mapping[int, int], blocks: Sequence[Collection[int]]
) -> SeedVariances:
    """Return what seeds change in each row, in the order of ``rows``."""
    values, freedom = np.zeros(len(rows)), np.ones(len(rows))
    place = {row: at for at, row in enumerate(rows)}
    within = {row for block in blocks for row in block}
    for block in [*blocks, [row for row in rows if row not in within]]:
        own = [row for row in block if row in rows]
        copies = among(same, own)
        distinct = [row for row in own if row not in copies]
        at = [place[row] for row in distinct]
        pooled = seed_variances([rows[row] for row in distinct])
        values[at], freedom[at] = pooled.values, pooled.freedom
        for row, original in copies.items():
            values[place[row]], freedom[place[row]] = values[place[original]], freedom[place[original]]
    return SeedVariances(values, freedom)


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
