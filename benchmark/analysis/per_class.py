"""Accuracy per class. A pure function."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmark.results.row_predictions import RowPredictions


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
