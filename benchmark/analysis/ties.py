"""What a model answers where several classes are equally probable: each of them by chance. Pure functions.

Whoever took the first of them would favour classes by their place in the alphabet: a model that tells nothing apart
would recognise all tracks of the first one. So all tables count as the metric ``top1`` does.
"""

from __future__ import annotations

import numpy as np


def answers(probabilities: np.ndarray) -> np.ndarray:
    """Return by what chance each class is the answer, from probabilities of shape (n, classes) to float64 of the same.

    >>> answers(np.array([[0.4, 0.4, 0.2]])).tolist()
    [[0.5, 0.5, 0.0]]
    """
    first = probabilities == probabilities.max(axis=1, keepdims=True)
    shares: np.ndarray = first / first.sum(axis=1, keepdims=True)
    return shares


def chances(labels: np.ndarray, probabilities: np.ndarray, k: int = 1) -> np.ndarray:
    """Return, per track, the chance that its class is among the ``k`` most probable; shape (n,).

    Args:
        labels: the tracks' classes, by number, shape (n,).
        probabilities: shape (n, classes).
        k: how many answers a model has.
    """
    true = probabilities[np.arange(len(labels)), labels][:, None]
    above = (probabilities > true).sum(axis=1)
    tied = (probabilities == true).sum(axis=1)
    shares: np.ndarray = np.clip((k - above) / tied, 0, 1)
    return shares
