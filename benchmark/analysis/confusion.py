"""What is taken for what. A pure function."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmark.results.row_predictions import RowPredictions


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
