"""Top-k accuracy per class with its uncertainty. Pure functions."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from benchmark.results.row_predictions import RowPredictions

Z95 = 1.959963984540054


def class_topk(predictions: RowPredictions, k: int) -> pd.DataFrame:
    """Return, by class, the share of its tracks whose class is among the ``k`` most probable, and its interval.

    Where classes tie for the last places, a track counts by the chance that a random choice among them would take
    its class. The ``share`` is the mean over cells; ``low`` and ``high`` are the 95 % Wilson interval (Wilson 1927,
    J. Am. Stat. Assoc. 22:209) of that share of as many tracks as the class has, each counted once however many cells
    judged it. NaN for a class that has no tracks.
    """
    labels, probabilities = predictions.labels, predictions.probabilities
    true = probabilities[np.arange(len(labels)), labels][:, None]
    above = (probabilities > true).sum(axis=1)
    tied = (probabilities == true).sum(axis=1)
    hits = np.clip((k - above) / tied, 0, 1)
    table = pd.DataFrame(
        {"cell": predictions.cells, "track": predictions.tracks, "label": labels, "hit": hits}
    )
    shares = table.groupby(["cell", "label"])["hit"].mean().groupby("label").mean()
    tracks = table.groupby("label")["track"].nunique()
    lines = []
    for number in range(len(predictions.classes)):
        share = float(shares.get(number, np.nan))
        lines.append([share, *wilson(share, int(tracks.get(number, 0)))])
    return pd.DataFrame(lines, predictions.classes, ["share", "low", "high"])


def wilson(share: float, count: int) -> tuple[float, float]:
    """Return the 95 % Wilson score interval of a share of ``count``; NaN where there is none.

    >>> [round(limit, 4) for limit in wilson(0.8, 290)]
    [0.7502, 0.842]
    """
    if count == 0 or math.isnan(share):
        return float("nan"), float("nan")
    square = Z95**2 / count
    centre = (share + square / 2) / (1 + square)
    half = Z95 / (1 + square) * math.sqrt(share * (1 - share) / count + square / (4 * count))
    return max(0.0, centre - half), min(1.0, centre + half)
