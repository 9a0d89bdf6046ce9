"""Accuracy per class, confusion, and learning curves. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from benchmark.analysis.predictions import RowPredictions


def class_accuracy(predictions: RowPredictions) -> pd.Series:
    """Return, by class, the share of its tracks that were recognised (recall): the mean over cells.

    NaN for a class that occurs in no cell's tracks.
    """
    hits = predictions.probabilities.argmax(axis=1) == predictions.labels
    table = pd.DataFrame({"cell": predictions.cells, "label": predictions.labels, "hit": hits})
    per_cell = table.groupby(["cell", "label"])["hit"].mean()
    means = per_cell.groupby("label").mean()
    return pd.Series(
        [means.get(number, np.nan) for number in range(len(predictions.classes))], predictions.classes
    )


def confusion(predictions: RowPredictions) -> pd.DataFrame:
    """Return the share of each true class (lines) that was taken for each class (columns), over all cells.

    Lines add up to one, but for classes that do not occur: those are NaN.
    """
    size = len(predictions.classes)
    answers = predictions.probabilities.argmax(axis=1)
    counts = np.bincount(predictions.labels * size + answers, minlength=size * size).reshape(size, size)
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.full(counts.shape, np.nan), where=totals > 0)
    return pd.DataFrame(shares, index=list(predictions.classes), columns=list(predictions.classes))


def mean_curve(histories: Mapping[str, pd.DataFrame], column: str) -> pd.Series:
    """Return the mean over cells of a column of their histories, by epoch; empty if no cell has it."""
    found = [history.set_index("epoch")[column] for history in histories.values() if column in history]
    return pd.concat(found, axis=1).mean(axis=1) if found else pd.Series(dtype=float)
