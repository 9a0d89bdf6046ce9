"""Likely wrong labels, by confident learning. A pure function.

Source: Northcutt, Jiang & Chuang (2021), Confident learning: estimating uncertainty in dataset labels, Journal of
Artificial Intelligence Research 70, equations 1 and 2 (the confident joint), 3 (its calibration), and section 3.3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Sums in another order differ in their last digits; what reaches a threshold but for these does reach it.
_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Suspects:
    """What confident learning says of n tracks.

    Attributes:
        thresholds: by class: the mean probability of the class among the tracks that bear its label; inf without any.
        joint: how many tracks of each label (lines) confidently are of each class (columns); shape (classes, classes).
        likely: the class that each track confidently is of, -1 where it is of none, shape (n,).
        flagged: whether that is another one than its label: the off-diagonal elements of the joint, shape (n,).
        margins: the greatest probability of another class less that of the label, shape (n,).
        estimated: how many labels are wrong by the joint, scaled to the number of tracks of each label.
    """

    thresholds: np.ndarray
    joint: np.ndarray
    likely: np.ndarray
    flagged: np.ndarray
    margins: np.ndarray
    estimated: float


def suspects(labels: np.ndarray, probabilities: np.ndarray) -> Suspects:
    """Return which labels are likely to be wrong.

    A track is confidently of a class whose probability is at least the class's threshold; of several such classes, of
    the one that is most probable.

    Args:
        labels: given classes, shape (n,).
        probabilities: by models that were not trained on the track, shape (n, classes).
    """
    count, classes = probabilities.shape
    own = probabilities[np.arange(count), labels]
    bearing = np.bincount(labels, minlength=classes)
    sums = np.bincount(labels, weights=own, minlength=classes)
    thresholds = np.where(bearing > 0, sums / np.maximum(bearing, 1), np.inf)
    reached = probabilities >= thresholds - _TOLERANCE
    likely = np.where(reached.any(axis=1), np.where(reached, probabilities, -1.0).argmax(axis=1), -1)
    joint = np.zeros((classes, classes), np.int64)
    counted = likely >= 0
    np.add.at(joint, (labels[counted], likely[counted]), 1)
    others = probabilities.copy()
    others[np.arange(count), labels] = -np.inf
    return Suspects(
        thresholds,
        joint,
        likely,
        counted & (likely != labels),
        others.max(axis=1) - own if classes > 1 else np.zeros(count),
        _wrong(joint, bearing),
    )


def _wrong(joint: np.ndarray, bearing: np.ndarray) -> float:
    """Return how many labels are wrong, where each line of the joint is scaled to the tracks that bear its label."""
    confident = joint.sum(axis=1)
    right = np.divide(np.diag(joint), confident, out=np.ones(len(joint)), where=confident > 0)
    return float((bearing * (1 - right)).sum())
