"""Differences between rows on the same test tracks, and which of them are more than chance. Pure functions."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from benchmark.analysis.intervals import LEVEL, Variance, satterthwaite
from benchmark.analysis.resampling import Resampled

MCNEMAR, BOOTSTRAP = "exact McNemar", "paired bootstrap"


@dataclass(frozen=True)
class Joint:
    """Rows with the covariances of their means, from which the variance of any difference follows.

    Attributes:
        rows: numbers of the rows, the order of everything else.
        values: means, shape (rows,).
        tracks: covariance that comes from the choice of tracks, shape (rows, rows).
        seeds: covariance that comes from the choice of seeds, shape (rows, rows).
        units: how many units each row has, shape (rows,).
        cells: how many cells each row has, shape (rows,).
    """

    rows: tuple[int, ...]
    values: np.ndarray
    tracks: np.ndarray
    seeds: np.ndarray
    units: np.ndarray
    cells: np.ndarray

    def contrast(self, weights: np.ndarray) -> tuple[float, Variance]:
        """Return a weighted sum of rows, and its variance."""
        tracks, seeds = (max(float(weights @ matrix @ weights), 0.0) for matrix in (self.tracks, self.seeds))
        used = weights != 0
        units, cells = (int(counts[used].min()) for counts in (self.units, self.cells))
        freedom = satterthwaite(tracks, max(units - 1, 1), seeds, max(cells - 1, 1))
        return float(weights @ self.values), Variance(tracks, seeds, freedom)


def joint(rows: Mapping[int, Resampled]) -> Joint:
    """Return the covariances of rows. Seeds are paired where two rows have cells of the same names.

    Each entry comes from its two rows alone: what other rows there are changes nothing.
    """
    found = list(rows.values())
    units = np.array([row.units for row in found])
    corrections = np.sqrt(units / np.maximum(units - 1, 1))
    means = np.stack([row.resampled.mean(axis=1, dtype=np.float64) for row in found], axis=1)
    tracks = _covariance(means) * np.outer(corrections, corrections)
    seeds = np.zeros_like(tracks)
    by_cells: dict[tuple[str, ...], list[int]] = {}
    for index, row in enumerate(found):
        by_cells.setdefault(row.cells, []).append(index)
    for cells, indices in by_cells.items():
        if len(cells) > 1:
            seeds[np.ix_(indices, indices)] = _between([found[index] for index in indices]) / len(cells)
    values = np.array([row.mean for row in found])
    return Joint(tuple(rows), values, tracks, seeds, units, np.array([len(row.cells) for row in found]))


def _covariance(values: np.ndarray) -> np.ndarray:
    """Return the covariance of columns, each pair over the lines where both are finite."""
    finite = np.isfinite(values)
    counts = finite.sum(axis=0)
    centred = np.where(finite, values, 0.0)
    centred = np.where(finite, values - centred.sum(axis=0) / np.maximum(counts, 1), 0.0)
    both = finite.astype(np.float64).T @ finite
    return (centred.T @ centred) / np.maximum(both - 1, 1)


def _between(rows: Sequence[Resampled]) -> np.ndarray:
    """Return the covariance between cells, less what different test tracks of the cells add to it.

    What is left of a difference's variance may be below zero, and then is none.
    """
    between = np.atleast_2d(np.cov(np.stack([row.values for row in rows]), ddof=1))
    apart = np.array([not row.shared for row in rows])
    if not apart.any():
        return between
    stacked = np.stack([row.resampled for row in rows], axis=2).astype(np.float64)
    centred = stacked - stacked.mean(axis=1, keepdims=True)
    finite = np.isfinite(centred).all(axis=1)
    flat = np.where(finite[:, None], centred, 0.0).reshape(-1, len(rows))
    both = finite.astype(np.float64).T @ finite
    added = flat.T @ flat / np.maximum(both * (stacked.shape[1] - 1), 1) - between
    return between - np.where(np.logical_or.outer(apart, apart) & (both > 0), added, 0.0)


def t_test(
    difference: np.ndarray, variance: np.ndarray, freedom: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return p values of two-sided t tests against no difference, and half the widths of 95 % intervals."""
    error = np.sqrt(variance)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * stats.t.sf(np.abs(difference) / error, freedom)
    p = np.where(error > 0, p, np.where(difference == 0, 1.0, 0.0))
    return p, stats.t.ppf((1 + LEVEL) / 2, freedom) * error


def compare(rows: Mapping[int, Resampled], measure: str, *, proportion: bool) -> pd.DataFrame:
    """Return one line per pair of rows: ``measure, row, other, difference, low, high, p, p_holm, test, units``.

    The difference is paired by track (and group) and by seed. Two single cells on the same ungrouped tracks are
    compared by McNemar's exact test (1947) where the measure says of each track right or wrong; all others by the
    paired bootstrap's standard error and Student's t. ``p_holm`` is corrected over all pairs (Holm 1979).
    """
    columns = ["measure", "row", "other", "difference", "low", "high", "p", "p_holm", "test", "units"]
    if len(rows) < 2:
        return pd.DataFrame(columns=columns)
    found = joint(rows)
    first, second = np.triu_indices(len(found.rows), 1)
    difference = found.values[first] - found.values[second]
    parts = []
    for matrix in (found.tracks, found.seeds):
        diagonal = np.diag(matrix)
        parts.append(np.maximum(diagonal[first] + diagonal[second] - 2 * matrix[first, second], 0))
    units, cells = (np.minimum(counts[first], counts[second]) for counts in (found.units, found.cells))
    freedom = _freedom(parts[0], units - 1, parts[1], cells - 1)
    p, half = t_test(difference, parts[0] + parts[1], freedom)
    names = np.full(len(p), BOOTSTRAP, object)
    if proportion:
        exact = _mcnemar(list(rows.values()), first, second)
        names[~np.isnan(exact)] = MCNEMAR
        p = np.where(np.isnan(exact), p, exact)
    low, high = difference - half, difference + half
    if proportion:
        low, high = low.clip(-1, 1), high.clip(-1, 1)
    numbers = np.array(found.rows)
    return pd.DataFrame(
        {
            "measure": measure,
            "row": numbers[first],
            "other": numbers[second],
            "difference": difference,
            "low": low,
            "high": high,
            "p": p,
            "p_holm": holm(p),
            "test": names,
            "units": units,
        },
        columns=columns,
    )


def holm(p: np.ndarray) -> np.ndarray:
    """Return p values corrected for their number (Holm 1979)."""
    order = np.argsort(p, kind="stable")
    corrected = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)).clip(max=1)
    result = np.empty_like(corrected)
    result[order] = corrected
    return result


def mcnemar(only_first: np.ndarray, only_second: np.ndarray) -> np.ndarray:
    """Return p values of McNemar's exact test from the numbers of tracks that only one of the two got right."""
    both = only_first + only_second
    return np.minimum(2 * stats.binom.cdf(np.minimum(only_first, only_second), both, 0.5), 1.0)


def separable(comparisons: pd.DataFrame) -> float:
    """Return the difference that these data can separate: the median half width of the pairs' intervals."""
    half = (comparisons["high"] - comparisons["low"]) / 2
    return float(half.median()) if len(half) else float("nan")


def by_pair(comparisons: pd.DataFrame, measure: str) -> dict[tuple[int, int], dict[Hashable, Any]]:
    """Return the lines of ``compare`` on a measure by (row, other), each pair both ways round."""
    found: dict[tuple[int, int], dict[Hashable, Any]] = {}
    if comparisons.empty:
        return found
    for line in comparisons[comparisons["measure"] == measure].to_dict("records"):
        row, other = int(line["row"]), int(line["other"])
        turned = {"row": other, "other": row, "difference": -line["difference"]}
        turned |= {"low": -line["high"], "high": -line["low"]}
        found[row, other], found[other, row] = line, line | turned
    return found


def _freedom(
    first: np.ndarray, first_freedom: np.ndarray, second: np.ndarray, second_freedom: np.ndarray
) -> np.ndarray:
    below = first**2 / np.maximum(first_freedom, 1) + second**2 / np.maximum(second_freedom, 1)
    otherwise = np.maximum(first_freedom, 1).astype(np.float64)
    return np.divide((first + second) ** 2, below, out=otherwise, where=below > 0)


def _mcnemar(rows: Sequence[Resampled], first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return exact p values for pairs of rows that allow it, NaN for the others."""
    p = np.full(len(first), np.nan)
    groups: dict[bytes, list[int]] = {}
    for index, row in enumerate(rows):
        if row.scores is not None and not row.grouped and np.isin(row.scores, (0, 1)).all():
            assert row.names is not None
            groups.setdefault(row.names.tobytes(), []).append(index)
    for indices in groups.values():
        hits = np.stack([np.asarray(rows[index].scores) for index in indices], axis=1)
        only = hits.T @ (1 - hits)
        place = {index: number for number, index in enumerate(indices)}
        chosen = np.isin(first, indices) & np.isin(second, indices)
        a = np.array([place[index] for index in first[chosen]], int)
        b = np.array([place[index] for index in second[chosen]], int)
        p[chosen] = mcnemar(only[a, b].round(), only[b, a].round())
    return p
