"""Estimates of one kind, drawn towards their common mean. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from benchmark.analysis.cochran import LEVEL

_STEPS = 60


@dataclass(frozen=True)
class Pooled:
    """Estimates after partial pooling, shape (m,) each.

    Attributes:
        values: the estimates, drawn towards their common mean.
        low: lower ends of their 95 % intervals.
        high: upper ends.
        weights: how much of each estimate is its own, 0 to 1; the rest is the common mean.
    """

    values: np.ndarray
    low: np.ndarray
    high: np.ndarray
    weights: np.ndarray


def pooled(values: np.ndarray, variances: np.ndarray, freedom: np.ndarray) -> Pooled:
    """Return estimates under partial pooling.

    What is estimated is taken as normal around a common mean. How much it differs there, beyond chance, is not taken
    as known: results are averaged over all that it may be, each weighed by its likelihood. Source: Rubin (1981),
    J. Educ. Stat. 6:377; Gelman (2006), Bayesian Analysis 1:515, with a flat prior on the standard deviation.

    Args:
        values: shape (m,).
        variances: of the estimates, positive, shape (m,).
        freedom: degrees of freedom of the variances, shape (m,).
    """
    spread = np.linspace(0, 3 * np.sqrt(variances.max() + values.var()), _STEPS)[:, None]
    total = variances + spread**2
    precision = (1 / total).sum(axis=1, keepdims=True)
    common = (values / total).sum(axis=1, keepdims=True) / precision
    weight = spread**2 / total
    fits = -0.5 * (
        np.log(precision) + (np.log(total) + (values - common) ** 2 / total).sum(axis=1, keepdims=True)
    )
    share = np.exp(fits - fits.max())
    share /= share.sum()
    shrunk = weight * values + (1 - weight) * common
    within = weight * variances + (1 - weight) ** 2 / precision
    mean = (share * shrunk).sum(axis=0)
    variance = (share * (within + (shrunk - mean) ** 2)).sum(axis=0)
    half = special.stdtrit(freedom, (1 + LEVEL) / 2) * np.sqrt(variance)
    return Pooled(mean, mean - half, mean + half, (share * weight).sum(axis=0))
