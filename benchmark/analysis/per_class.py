"""Accuracy per class. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from benchmark.analysis.ties import chances
from benchmark.results.predictions import SetPredictions


def class_accuracy(cells: Iterable[SetPredictions], classes: Sequence[str]) -> pd.Series:
    """Return, by class, the share of its tracks that were recognised (recall): the mean over cells.

    Where several classes are the most probable ones, a track counts by chance (see ``ties``).
    NaN for a class that occurs in no cell's tracks. ``classes`` are in the order of the probabilities.
    """
    hits = [(cell.labels, chances(cell.labels, cell.probabilities)) for cell in cells]
    return pd.Series(class_means(hits, len(classes)), list(classes))


def class_means(cells: Iterable[tuple[np.ndarray, np.ndarray]], classes: int) -> list[float]:
    """Return, by the class's number, the mean over cells of the mean of each cell's tracks of that class.

    Args:
        cells: of each cell its tracks' classes and what they score, both of shape (n,).
        classes: how many there are; NaN for one that has no tracks.
    """
    sums, known = np.zeros(classes), np.zeros(classes)
    for labels, scores in cells:
        counts, own = (np.bincount(labels, weights, classes) for weights in (None, np.asarray(scores, float)))
        # A cell without tracks of a class says nothing of it.
        sums += np.divide(own, counts, out=np.zeros(classes), where=counts > 0)
        known += counts > 0
    return np.divide(sums, known, out=np.full(classes, np.nan), where=known > 0).tolist()
