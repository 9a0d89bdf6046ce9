"""Intervals of a row's measures, seeds taken into account. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from benchmark.analysis.cochran import ALPHA, LEVEL, satterthwaite
from benchmark.analysis.measured import Measured

Bounds = tuple[float, float]
# Sums of what is equal leave a trace.
_NOTHING = 1e-20


@dataclass(frozen=True)
class Interval:
    """A 95 % interval, NaN where there is none, and in words how it was found, or why not."""

    low: float
    high: float
    method: str


def interval(
    row: Measured, seeds: float, freedom: float, *, proportion: bool, bounds: Bounds | None
) -> Interval:
    """Return the 95 % interval of a row's mean.

    A proportion gets Wilson's (1927); with groups or several cells its effective sample size is that at which the
    proportion's variance would be the one found (Korn & Graubard 1998, Dean & Pagano 2015), with Student's t and
    Satterthwaite's degrees of freedom. Other measures get mean ± t times the standard error, within ``bounds``; where
    nothing varies, as many more units as ``unseen`` says may be as bad or as good as can be.

    Args:
        row: the row.
        seeds: variance of its mean that comes from seeds, and
        freedom: its degrees of freedom; see ``seeds.seed_variances``.
        proportion: whether it is a share of tracks.
        bounds: between which all values lie; None where there are none.
    """
    sources = "groups" if row.grouped else "tracks"
    if row.too_few:
        unit = "group" if row.grouped else "track"
        return Interval(
            np.nan, np.nan, f"none: {row.units} {unit}{'s' if row.units > 1 else ''} show no spread"
        )
    sources += " and seeds" if len(row.values) > 1 and not row.fixed else ""
    if proportion and (len(row.values) == 1 or row.fixed) and not row.grouped:
        low, high = wilson(row.mean, row.tracks, float(special.ndtri((1 + LEVEL) / 2)))
        return Interval(low, high, "Wilson, over tracks")
    degrees = satterthwaite(row.variance, row.units - 1, seeds, freedom)
    total, quantile = row.variance + seeds, float(special.stdtrit(degrees, (1 + LEVEL) / 2))
    if proportion:
        spread = row.mean * (1 - row.mean)
        effective = spread / total if total > 0 and spread > 0 else float(row.units)
        low, high = wilson(row.mean, effective, quantile)
        return Interval(low, high, f"Wilson with effective sample size, over {sources}")
    half = quantile * np.sqrt(total)
    low, high = row.mean - half, row.mean + half
    if bounds is not None:
        if total < _NOTHING:
            share = float(unseen(row.units))
            low, high = row.mean - share * (row.mean - bounds[0]), row.mean + share * (bounds[1] - row.mean)
        low, high = max(low, bounds[0]), min(high, bounds[1])
    kind = "bootstrap" if row.names is None else "standard error"
    return Interval(float(low), float(high), f"{kind}, over {sources}")


def unseen(units: Any, level: Any = ALPHA) -> Any:
    """Return how large a share of units may be unlike all that were seen, where these are alike.

    With a larger one, none of ``units`` would be unlike the others in less than half of ``level`` of all cases: the
    upper limit of Clopper & Pearson (1934) for none of n.
    """
    return 1 - (level / 2) ** (1 / np.maximum(units, 1))


def wilson(share: float, size: float, quantile: float) -> tuple[float, float]:
    """Return Wilson's score interval (1927) of a share of ``size`` independent ones."""
    squared = quantile**2
    middle = (share + squared / (2 * size)) / (1 + squared / size)
    half = quantile / (1 + squared / size) * np.sqrt(share * (1 - share) / size + squared / (4 * size**2))
    return float(max(middle - half, 0.0)), float(min(middle + half, 1.0))
