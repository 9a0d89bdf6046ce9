"""Top-k accuracy per class with its uncertainty. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from scipy import special

from benchmark.analysis.cochran import LEVEL
from benchmark.analysis.intervals import wilson
from benchmark.analysis.per_class import class_means
from benchmark.analysis.ties import chances
from benchmark.results.predictions import SetPredictions


def class_topk(cells: Iterable[SetPredictions], classes: Sequence[str], k: int) -> pd.DataFrame:
    """Return, by class, the share of its tracks whose class is among the ``k`` most probable, and its interval.

    Where classes tie for the last places, a track counts by the chance that a random choice among them would take
    its class. The ``share`` is the mean over cells; ``low`` and ``high`` are the 95 % Wilson interval (Wilson 1927,
    J. Am. Stat. Assoc. 22:209) of that share of as many tracks as the class has, each counted once however many cells
    judged it. NaN for a class that has no tracks. ``classes`` are in the order of the probabilities.
    """
    every = list(cells)
    shares = class_means(
        [(cell.labels, chances(cell.labels, cell.probabilities, k)) for cell in every], len(classes)
    )
    quantile = float(special.ndtri((1 + LEVEL) / 2))
    lines = []
    for number, share in enumerate(shares):
        tracks = {track for cell in every for track in cell.tracks[cell.labels == number].tolist()}
        limits = wilson(share, len(tracks), quantile) if tracks else (np.nan, np.nan)
        lines.append([share, *limits])
    return pd.DataFrame(lines, list(classes), ["share", "low", "high"])
