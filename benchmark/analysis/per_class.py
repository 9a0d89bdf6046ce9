"""Accuracy per class. A pure function."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmark.results.row_predictions import RowPredictions


def class_accuracy(predictions: RowPredictions) -> pd.Series:
    """Return, by class, the share of its tracks that were recognised (recall): the mean over cells.

    NaN for a class that occurs in no cell's tracks.
    """
    size = len(predictions.classes)
    hits = predictions.probabilities.argmax(axis=1) == predictions.labels
    names, cells = np.unique(predictions.cells, return_inverse=True)
    places = cells * size + predictions.labels
    counts, right = (
        np.bincount(places, weights, len(names) * size).reshape(len(names), size)
        for weights in (None, hits.astype(np.float64))
    )
    # A cell without tracks of a class says nothing of it.
    shares = np.divide(right, counts, out=np.zeros(right.shape), where=counts > 0).sum(axis=0)
    known = (counts > 0).sum(axis=0)
    means = np.divide(shares, known, out=np.full(size, np.nan), where=known > 0)
    return pd.Series(means, predictions.classes)
