"""Here and there: whether rows keep their order on another evaluation set. Pure functions.

The method is in docs/questions.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmark.analysis.cochran import ALPHA
from benchmark.analysis.comparison import BETTER, WORSE


@dataclass(frozen=True)
class Shift:
    """Two evaluation sets, and how far their orders of rows agree.

    Attributes:
        here: measure on the first set.
        there: measure on the second.
        rows: that were measured on both.
        tau: Kendall's rank agreement of their means (tau-a: pairs in the same order less pairs in the other, over all
            pairs), -1 to 1.
        low: the least agreement that pairs which are surely in one order leave possible, with 95 % confidence.
        high: the greatest.
        swapped: pairs of rows of which the first is surely better here and surely worse there.
        pairs: how many pairs there are.
        decided: how many are in a sure order on both sets.
    """

    here: str
    there: str
    rows: tuple[int, ...]
    tau: float
    low: float
    high: float
    swapped: tuple[tuple[int, int], ...]
    pairs: int
    decided: int


def shift(
    comparisons: pd.DataFrame,
    values: Mapping[str, Mapping[int, float]],
    here: str,
    there: str,
) -> Shift | None:
    """Return how two sets agree; None where fewer than two rows that are competitors on both were measured.

    A pair's order on a set is sure where its p value, corrected over all pairs (Holm), is below half of 5 %: so all
    orders on both sets are right together with 95 % confidence, and what they leave open bounds the agreement.

    Args:
        comparisons: what ``comparison.compare`` gave, of both measures.
        values: means of rows, by measure.
        here: a measure.
        there: another.
    """
    both = _pairs(comparisons, here).merge(
        _pairs(comparisons, there), on=["row", "other"], suffixes=("", " there")
    )
    count = len(both)
    if not count:
        return None
    signs = [
        np.sign(both["row"].map(values[name]) - both["other"].map(values[name])).to_numpy()
        for name in (here, there)
    ]
    orders = both["order"].to_numpy() * both["order there"].to_numpy()
    sure, opposed = int((orders > 0).sum()), int((orders < 0).sum())
    turned = both[orders < 0]
    swapped = tuple(
        (row, other) if order > 0 else (other, row)
        for row, other, order in zip(
            turned["row"].tolist(), turned["other"].tolist(), turned["order"].tolist(), strict=True
        )
    )
    open_ = count - sure - opposed
    return Shift(
        here,
        there,
        tuple(sorted({*both["row"].tolist(), *both["other"].tolist()})),
        float((signs[0] * signs[1]).sum()) / count,
        (sure - opposed - open_) / count,
        (sure - opposed + open_) / count,
        swapped,
        count,
        sure + opposed,
    )


def changed_places(
    values: Mapping[str, Mapping[int, float]],
    rows: Sequence[int],
    here: str,
    there: str,
    *,
    greater_is_better: bool,
) -> dict[int, tuple[int, int]]:
    """Return the place of each row on both sets by its mean, from 1."""
    sign = -1 if greater_is_better else 1
    orders = [sorted(rows, key=lambda row, name=name: sign * values[name][row]) for name in (here, there)]  # type: ignore[misc]
    return {row: (orders[0].index(row) + 1, orders[1].index(row) + 1) for row in rows}


def _pairs(comparisons: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return the pairs that were compared on a measure, the lower row first, and their ``order``.

    It is 1 where the first row is surely better, -1 where the second is, 0 where nobody knows.
    """
    if comparisons.empty:
        return pd.DataFrame({"row": [], "other": [], "order": []}, dtype=int)
    own = comparisons[comparisons["measure"] == measure]
    row, other = own["row"].to_numpy(int), own["other"].to_numpy(int)
    order: np.ndarray = (own["verdict"] == BETTER).to_numpy(int) - (own["verdict"] == WORSE).to_numpy(int)
    order[~(own["p_holm"].to_numpy(float) < ALPHA / 2)] = 0
    return pd.DataFrame(
        {
            "row": np.minimum(row, other),
            "other": np.maximum(row, other),
            "order": np.where(row < other, order, -order),
        }
    )
