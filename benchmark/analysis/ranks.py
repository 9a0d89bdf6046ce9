"""Ranks that rows share when nobody could tell them apart. A pure function of tables."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

ALPHA = 0.05


def shared_ranks(order: Sequence[int], comparisons: pd.DataFrame, alpha: float = ALPHA) -> pd.Series:
    """Return the rank of each row, by row number; ``order`` has the rows to be ranked, the best first.

    The best row leads a group. Going down, a row whose difference to the leader is not significant (corrected p of
    ``comparisons``) shares the leader's rank; the first that is significantly worse leads the next group, and its
    rank is one more than the number of rows before it.
    """
    p = {
        frozenset((int(row), int(other))): float(value)
        for row, other, value in zip(
            comparisons["row"], comparisons["other"], comparisons["p_holm"], strict=True
        )
    }
    ranks: dict[int, int] = {}
    leader = 0
    for place, row in enumerate(order):
        if place and p.get(frozenset((order[leader], row)), 0.0) < alpha:
            leader = place
        ranks[row] = leader + 1
    return pd.Series(ranks, dtype="Int64")
