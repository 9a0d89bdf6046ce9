"""The t test of an estimate whose variance is a sum of parts, each known with degrees of freedom of its own.

Pure functions of arrays. Sources: Cochran & Cox (1950), Experimental Designs, 4.14; Cochran (1964), Approximate
significance levels of the Behrens-Fisher test, Biometrics 20:191.
"""

from __future__ import annotations

import numpy as np
from scipy import special

LEVEL = 0.95
ALPHA = 0.05
# Errors of Newton's method are squared by each step: after one of 1e-8 nothing is left to do.
_MOST_STEPS, _LAST_STEP, _CLOSE = 60, 1e-8, 4e-15


def p_values(z: np.ndarray, parts: np.ndarray, freedom: np.ndarray) -> np.ndarray:
    """Return two-sided p values: the mean over parts of Student's, weighted by the parts.

    Args:
        z: estimates over their standard errors, not negative, shape (m,).
        parts: of the variance, shape (parts, m); 1 for all where there is no variance at all.
        freedom: of each part, shape (parts, m).
    """
    parts, freedom = merged(parts, freedom)
    p: np.ndarray = (_weights(parts) * 2 * special.stdtr(freedom, -z)).sum(axis=0)
    return p


def critical(level: float | np.ndarray, parts: np.ndarray, freedom: np.ndarray) -> np.ndarray:
    """Return the z at which ``p_values`` is ``level``; shape (m,).

    It lies between the quantiles of the parts, and is found by Newton's method on the logarithms of both, which a
    tail is nearly straight in; a step that leaves the bracket halves it.
    """
    parts, freedom = merged(parts, freedom)
    weights = _weights(parts)
    quantiles = _quantiles(level, freedom)
    used = weights > 0
    low = np.where(used, quantiles, np.inf).min(axis=0)
    high = np.where(used, quantiles, -np.inf).max(axis=0)
    unsure = np.flatnonzero(high - low > 1e-12 * high)
    wanted = np.broadcast_to(level, low.shape)[unsure]
    below, above, weights, freedom = low[unsure], high[unsure], weights[:, unsure], freedom[:, unsure]
    constant = _density_constant(freedom)
    z = np.sqrt(below * above)
    for _ in range(_MOST_STEPS):
        if not len(unsure):
            break
        p = (weights * 2 * special.stdtr(freedom, -z)).sum(axis=0)
        density = (weights * 2 * constant * (1 + z**2 / freedom) ** (-(freedom + 1) / 2)).sum(axis=0)
        too_low = p > wanted
        below, above = np.where(too_low, z, below), np.where(too_low, above, z)
        step = z * np.exp(np.log(p / wanted) * p / (density * z))
        inside = (step > below) & (step < above)
        after = np.where(inside, step, (below + above) / 2)
        moving = np.abs(after - z) > np.where(inside, _LAST_STEP, _CLOSE) * z
        low[unsure] = after
        if not moving.all():
            unsure, wanted, below, above, z = (
                values[moving] for values in (unsure, wanted, below, above, after)
            )
            weights, freedom, constant = (values[:, moving] for values in (weights, freedom, constant))
        else:
            z = after
    return low


def _quantiles(level: float | np.ndarray, freedom: np.ndarray) -> np.ndarray:
    """Return Student's two-sided quantiles, each once for a number of degrees of freedom, of which there are few."""
    quantiles = np.empty(freedom.shape)
    levels = np.broadcast_to(level, freedom.shape)
    for own in np.unique(level):
        at = levels == own
        distinct, places = np.unique(freedom[at], return_inverse=True)
        quantiles[at] = -special.stdtrit(distinct, own / 2)[places]
    return quantiles


def _density_constant(freedom: np.ndarray) -> np.ndarray:
    """Return what the density of Student's t is at zero."""
    distinct, places = np.unique(freedom, return_inverse=True)
    constant = np.exp(special.gammaln((distinct + 1) / 2) - special.gammaln(distinct / 2))
    density: np.ndarray = (constant / np.sqrt(distinct * np.pi))[places].reshape(freedom.shape)
    return density


def satterthwaite(first: float, first_freedom: float, second: float, second_freedom: float) -> float:
    """Return the degrees of freedom of a sum of two variances (Satterthwaite 1946)."""
    below = first**2 / first_freedom + second**2 / second_freedom
    return (first + second) ** 2 / below if below > 0 else first_freedom


def merged(parts: np.ndarray, freedom: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return neighbouring parts of the same degrees of freedom as one: seeds of many rows have them from all rows."""
    starts = np.flatnonzero([True, *(freedom[1:] != freedom[:-1]).any(axis=1)])
    if len(starts) == len(parts):
        return parts, freedom
    return np.add.reduceat(parts, starts, axis=0), freedom[starts]


def _weights(parts: np.ndarray) -> np.ndarray:
    total = parts.sum(axis=0)
    even = np.zeros_like(parts)
    even[0] = 1.0
    return np.divide(parts, total, out=even, where=total > 0)
