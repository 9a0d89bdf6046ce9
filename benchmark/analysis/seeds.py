"""How much seeds change: pooled over rows, since two or three cells of one row say little of it. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.analysis.measured import Measured

# How many degrees of freedom other rows may lend a row. More would have more power where all rows vary alike, and
# would call equal rows different where they do not.
MOST_LENT = 4
# With fewer degrees of freedom, what is taken off for the choice of tracks too often leaves nothing by chance: then
# it stays, which errs on the safe side.
FEWEST = 5
# Two cells of a row may agree by luck, and others lend little: what is left after taking that off is not below this
# share of what was there. Without it, one row of loud seeds among quiet ones is too often called different.
LEAST_LEFT = 0.22


@dataclass(frozen=True)
class SeedVariances:
    """The variance of one cell that comes from its seed, by row.

    Attributes:
        values: shape (rows,); 0 where seeds change nothing, and where one cell cannot say.
        freedom: their degrees of freedom, at least 1, shape (rows,).
    """

    values: np.ndarray
    freedom: np.ndarray


def seed_variances(rows: Sequence[Measured]) -> SeedVariances:
    """Return each row's variance between seeds, drawn towards the mean of all rows'.

    With b the variance between a row's S cells, a what the choice of tracks adds to it, b0 the mean of b over rows and
    D = min(4, degrees of freedom of the other rows): max(0, (D b0 + (S - 1) b) / (D + S - 1) - a), with D + S - 1
    degrees of freedom; a is taken off only if these are five or more, and ``LEAST_LEFT`` of a row of two cells stays.
    Source: Smyth (2004), Linear models and empirical Bayes methods, with a prior of fixed weight.
    Rows that seeds do not change have none, and lend none; a row of one cell has none that is known.
    """
    own = np.array([len(row.values) - 1 for row in rows])
    between = np.array([row.between for row in rows])
    pooled = (own > 0) & ~np.array([row.fixed for row in rows], bool)
    common = float(between[pooled].mean()) if pooled.any() else 0.0
    lent = np.minimum(MOST_LENT, own[pooled].sum() - own)
    freedom = np.where(pooled, lent + own, np.maximum(own, 1))
    variance = (lent * common + own * between) / np.maximum(lent + own, 1)
    added = np.array([row.added for row in rows]) * (freedom >= FEWEST)
    least = np.where(own == 1, LEAST_LEFT * variance, 0.0)
    return SeedVariances(
        np.where(pooled, np.maximum(variance - added, least), 0.0), freedom.astype(np.float64)
    )
