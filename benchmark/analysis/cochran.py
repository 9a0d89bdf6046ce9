"""The t test of an estimate whose variance is a sum of parts, each known with degrees of freedom of its own.

Pure functions of arrays. Sources: Cochran & Cox (1950), Experimental Designs, 4.14; Cochran (1964), Approximate
significance levels of the Behrens-Fisher test, Biometrics 20:191.
"""

from __future__ import annotations

import numpy as np
from scipy import special

LEVEL = 0.95
ALPHA = 0.05
_HALVINGS = 46


def p_values(z: np.ndarray, parts: np.ndarray, freedom: np.ndarray) -> np.ndarray:
    """Return two-sided p values: the mean over parts of Student's, weighted by the parts.

    Args:
        z: estimates over their standard errors, not negative, shape (m,).
        parts: of the variance, shape (parts, m); 1 for all where there is no variance at all.
        freedom: of each part, shape (parts, m).
    """
    found: np.ndarray = (_weights(parts) * 2 * special.stdtr(freedom, -z)).sum(axis=0)
    return found


def critical(level: float | np.ndarray, parts: np.ndarray, freedom: np.ndarray) -> np.ndarray:
    """Return the z at which ``p_values`` is ``level``; shape (m,)."""
    weights = _weights(parts)
    quantiles = -special.stdtrit(freedom, np.broadcast_to(level, freedom.shape) / 2)
    used = weights > 0
    low = np.where(used, quantiles, np.inf).min(axis=0)
    high = np.where(used, quantiles, -np.inf).max(axis=0)
    unsure = high - low > 1e-12 * high
    if unsure.any():
        weights, freedom = weights[:, unsure], freedom[:, unsure]
        wanted = np.broadcast_to(level, low.shape)[unsure]
        below, above = low[unsure], high[unsure]
        for _ in range(_HALVINGS):
            middle = (below + above) / 2
            too_low = (weights * 2 * special.stdtr(freedom, -middle)).sum(axis=0) > wanted
            below, above = np.where(too_low, middle, below), np.where(too_low, above, middle)
        low[unsure] = (below + above) / 2
    return low


def satterthwaite(first: float, first_freedom: float, second: float, second_freedom: float) -> float:
    """Return the degrees of freedom of a sum of two variances (Satterthwaite 1946)."""
    below = first**2 / first_freedom + second**2 / second_freedom
    return (first + second) ** 2 / below if below > 0 else first_freedom


def _weights(parts: np.ndarray) -> np.ndarray:
    total = parts.sum(axis=0)
    even = np.zeros_like(parts)
    even[0] = 1.0
    return np.divide(parts, total, out=even, where=total > 0)
