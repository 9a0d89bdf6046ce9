"""Whether confident answers are right. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.analysis.ties import chances
from benchmark.results.predictions import SetPredictions

BINS = 10
_EDGE = 1e-5


@dataclass(frozen=True)
class Calibration:
    """How far confidence is from accuracy.

    Attributes:
        error: the expected calibration error, the mean over cells.
        floor: what the error of a perfectly calibrated model of the same confidences would be on so many tracks, by
            chance alone: an error near it says nothing.
        bins: by confidence, without empty ones.
    """

    error: float
    floor: float
    bins: tuple[Bin, ...]


@dataclass(frozen=True)
class Bin:
    """The answers whose largest probability is above ``bin_low`` and at most ``bin_high``.

    Attributes:
        bin_low: the lower edge.
        bin_high: the upper edge.
        confidence: their mean largest probability.
        accuracy: the share of them that is right.
        count: how many there are.
    """

    bin_low: float
    bin_high: float
    confidence: float
    accuracy: float
    count: int


def calibration(cells: Sequence[SetPredictions], bins: int = BINS) -> Calibration:
    """Return the expected calibration error, its floor of noise, and bins of equal width over all cells.

    Empty bins are left out. Source: Guo et al. (2017), section 2.
    """
    tables = [_bins(cell, bins) for cell in cells]
    errors = [float(np.abs(right - sure).sum() / count.sum()) for count, sure, right, _ in tables]
    # The sum of a bin's answers is nearly normal, and the mean distance of a normal from its mean is 0.8 deviations.
    floors = [float(np.sqrt(2 / np.pi * noise).sum() / count.sum()) for count, _, _, noise in tables]
    count, sure, right, _ = (np.sum(parts, axis=0) for parts in zip(*tables, strict=True))
    edges = np.linspace(0, 1, bins + 1).tolist()
    filled = tuple(
        Bin(
            edges[at],
            edges[at + 1],
            float(sure[at] / count[at]),
            float(right[at] / count[at]),
            int(count[at]),
        )
        for at in np.flatnonzero(count)
    )
    return Calibration(float(np.mean(errors)), float(np.mean(floors)), filled)


def _bins(cell: SetPredictions, bins: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return, per bin, how many tracks, the sum of their confidences, how many are right, and the variance of that.

    The variance is that of a calibrated model, of which each answer is right with the probability that it gives.
    """
    confidence = cell.probabilities.max(axis=1).astype(np.float64)
    hits = chances(cell.labels, cell.probabilities)
    # A bin has its upper edge, as in the source: a confidence of 0.3 is in (0.2, 0.3], and as a number of 32 bits it is
    # a little more.
    places = np.clip(np.ceil(confidence * bins - _EDGE).astype(int) - 1, 0, bins - 1)
    count, sure, right, noise = (
        np.bincount(places, weights, bins)
        for weights in (np.ones_like(hits), confidence, hits, confidence * (1 - confidence))
    )
    return count, sure, right, noise
