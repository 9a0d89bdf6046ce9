"""What is taken for what. A pure function."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from benchmark.analysis.ties import answers
from benchmark.results.predictions import SetPredictions


def confusion(cells: Iterable[SetPredictions], classes: Sequence[str]) -> pd.DataFrame:
    """Return the share of each true class (lines) that was taken for each class (columns), over all cells.

    Where several classes are the most probable ones, a track was taken for each of them by chance (see ``ties``).
    Lines add up to one, but for classes that do not occur: those are NaN. ``classes`` are in the order of the
    probabilities.
    """
    size = len(classes)
    counts = np.zeros((size, size))
    for cell in cells:
        np.add.at(counts, cell.labels, answers(cell.probabilities))
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.full(counts.shape, np.nan), where=totals > 0)
    return pd.DataFrame(shares, index=list(classes), columns=list(classes))
