"""Average ranks over data sets, and the difference between them that is more than chance. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmark.analysis.intervals import LEVEL

FEWEST_DATASETS = 5


@dataclass(frozen=True)
class CriticalDifference:
    """Average ranks, 1 the best.

    Attributes:
        ranks: by method, the best first.
        difference: two methods differ if their average ranks differ by at least this (Nemenyi).
        p: of Friedman's test that all methods are equal.
        datasets: over which ranks were averaged.
    """

    ranks: pd.Series
    difference: float
    p: float
    datasets: tuple[str, ...]


def critical_difference(
    table: pd.DataFrame, axes: Sequence[str], sets: Sequence[str], metric: str, *, greater_is_better: bool
) -> CriticalDifference | str:
    """Return average ranks of methods over data sets, or why they are not given.

    ``table`` is a leaderboard of complete and clean rows, with ``<set>/<metric> mean``. A data set is an evaluation
    set, within a value of an axis called ``dataset`` where there is one; a method is what is left of a row's labels.
    Source: Demšar (2006), Statistical Comparisons of Classifiers over Multiple Data Sets.
    """
    others = [axis for axis in axes if axis != "dataset"]
    columns = [f"{evaluation}/{metric} mean" for evaluation in sets]
    if "dataset" in axes:
        parts = [
            part.set_index(others)[columns].add_prefix(f"{name}: ")
            for name, part in table.groupby("dataset", sort=False)
        ]
        scores = pd.concat(parts, axis=1) if parts else pd.DataFrame()
    else:
        scores = table.set_index(others)[columns] if others else pd.DataFrame()
    scores = scores.dropna(axis=1, how="all").dropna()
    methods, count = scores.shape
    if count < FEWEST_DATASETS or methods < 3:
        return (
            "No critical-difference diagram: it averages ranks over data sets, and this suite has "
            f"{count} with {methods} methods on all of them. With fewer than {FEWEST_DATASETS} data sets or 3 methods, "
            "average ranks tell hardly anything apart (Demšar 2006); the paired comparisons on each set do."
        )
    signed = -scores if greater_is_better else scores
    ranks = signed.rank(axis=0).mean(axis=1).sort_values()
    ranks.index = pd.Index(
        [" · ".join(map(str, label if isinstance(label, tuple) else (label,))) for label in ranks.index]
    )
    # Takes longer to import than all else here, and few suites have so many data sets.
    from scipy import stats

    p = float(stats.friedmanchisquare(*signed.to_numpy()).pvalue)
    quantile = float(stats.studentized_range.ppf(LEVEL, methods, np.inf)) / np.sqrt(2)
    difference = quantile * np.sqrt(methods * (methods + 1) / (6 * count))
    return CriticalDifference(ranks, float(difference), p, tuple(map(str, scores.columns)))
