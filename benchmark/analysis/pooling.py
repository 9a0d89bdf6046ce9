"""Estimates of one kind, drawn towards their common mean. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from benchmark.analysis.cochran import LEVEL


@dataclass(frozen=True)
class Pooled:
    """Estimates after partial pooling, shape (m,) each.

    Attributes:
        values: the estimates, drawn towards ``common``.
        low: lower ends of their 95 % intervals.
        high: upper ends.
        weights: how much of each estimate is its own, 0 to 1; the rest is the common mean.
        common: the mean of all, each weighted by its precision.
        between: the variance of what is estimated, beyond chance.
    """

    values: np.ndarray
    low: np.ndarray
    high: np.ndarray
    weights: np.ndarray
    common: float
    between: float


def pooled(values: np.ndarray, variances: np.ndarray, freedom: np.ndarray) -> Pooled:
    """Return estimates under partial pooling.

    The variance between them is DerSimonian and Laird's (1986, Control. Clin. Trials 7:177). Each estimate is then
    drawn towards the common mean by how imprecise it is, with the variance of Morris (1983, J. Am. Stat. Assoc. 78:47),
    which counts that the mean is an estimate too.

    Args:
        values: shape (m,).
        variances: of the estimates, positive, shape (m,).
        freedom: degrees of freedom of the variances, shape (m,).
    """
    precision = 1 / variances
    fixed = float((precision * values).sum() / precision.sum())
    q = float((precision * (values - fixed) ** 2).sum())
    scale = float(precision.sum() - (precision**2).sum() / precision.sum())
    between = max((q - (len(values) - 1)) / scale, 0.0) if scale > 0 else 0.0
    total = 1 / (variances + between)
    common = float((total * values).sum() / total.sum())
    weights = between / (between + variances)
    shrunk = weights * values + (1 - weights) * common
    variance = weights * variances + (1 - weights) ** 2 / total.sum()
    if len(values) > 3:
        # That the variance between them is an estimate as well.
        rate = 2 / (len(values) - 3) * (1 - weights) ** 2
        variance = variance + rate * (values - common) ** 2 * weights
    half = stats.t.ppf((1 + LEVEL) / 2, freedom) * np.sqrt(variance)
    return Pooled(shrunk, shrunk - half, shrunk + half, weights, common, between)
