"""Here and there: whether rows keep their order on another evaluation set. Pure functions.

The method is in docs/questions.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from benchmark.analysis.cochran import ALPHA
from benchmark.analysis.comparison import BETTER, WORSE, by_pair


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
    first, second = by_pair(comparisons, here), by_pair(comparisons, there)
    pairs = [pair for pair in first if pair[0] < pair[1] and pair in second]
    if not pairs:
        return None
    agree, sure, opposed = 0, 0, 0
    swapped = []
    for row, other in pairs:
        a, b = (values[name][row] - values[name][other] for name in (here, there))
        agree += 1 if a * b > 0 else -1 if a * b < 0 else 0
        orders = [_order(found[row, other]) for found in (first, second)]
        if orders[0] * orders[1] > 0:
            sure += 1
        elif orders[0] * orders[1] < 0:
            opposed += 1
            swapped.append((row, other) if orders[0] > 0 else (other, row))
    count = len(pairs)
    rows = tuple(dict.fromkeys(row for pair in pairs for row in pair))
    open_ = count - sure - opposed
    return Shift(
        here,
        there,
        tuple(sorted(rows)),
        agree / count,
        (sure - opposed - open_) / count,
        (sure - opposed + open_) / count,
        tuple(swapped),
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


def _order(line: Mapping[object, object]) -> int:
    """Return 1 where the first row is surely better, -1 where the second is, 0 where nobody knows."""
    if not float(str(line["p_holm"])) < ALPHA / 2:
        return 0
    return 1 if line["verdict"] == BETTER else -1 if line["verdict"] == WORSE else 0
