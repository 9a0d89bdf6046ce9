"""Ranks as sets, and letters that rows share which nobody could tell apart. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from benchmark.analysis.comparison import BETTER, WORSE

# More groups than these have no letters that anybody could read.
MOST_LETTERS = 52
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def beaten(rows: Sequence[int], comparisons: pd.DataFrame) -> np.ndarray:
    """Return which row (line) is significantly better than which (column), bool, shape (rows, rows)."""
    better = np.zeros((len(rows), len(rows)), bool)
    known = comparisons[comparisons["row"].isin(rows) & comparisons["other"].isin(rows)]
    place = pd.Series(range(len(rows)), index=list(rows), dtype=int)
    first, second = (place.reindex(known[name]).to_numpy() for name in ("row", "other"))
    for verdict, winner, loser in ((BETTER, first, second), (WORSE, second, first)):
        chosen = (known["verdict"] == verdict).to_numpy()
        better[winner[chosen], loser[chosen]] = True
    return better


def rank_sets(better: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the best and the worst rank that each row may have, 1 the best; ``better`` is that of ``beaten``.

    [1 + rows that are significantly better, rows - rows that are significantly worse]. All sets together hold the
    true ranks at least as often as no difference is claimed wrongly. Source: Mogstad, Romano, Shaikh & Wilhelm (2024),
    Review of Economic Studies 91:476.
    """
    return 1 + better.sum(axis=0), len(better) - better.sum(axis=1)


def letters(better: np.ndarray, order: Sequence[int] | None = None) -> list[str] | None:
    """Return compact letters: two rows share one if and only if neither is significantly better.

    ``order`` are the places of rows from the best down: it says which group is called ``a`` and changes nothing else.
    None where there would be more than ``MOST_LETTERS``. Groups are the largest sets of rows of which none is better
    than another, found row by row. Source of the display: Piepho (2004), J. Comput. Graph. Stat. 13:456.
    """
    count = len(better)
    alike = ~(better | better.T)
    places = list(range(count)) if order is None else list(order)
    groups: list[int] = []
    seen = 0
    for place in places:
        near = sum(1 << other for other in np.flatnonzero(alike[place]).tolist()) & seen
        grown = {(group & near) | 1 << place for group in groups} or {1 << place}
        largest = [group for group in grown if not any(group & other == group != other for other in grown)]
        # A group of rows that are all near is within one that has grown.
        groups = [group for group in groups if group & near != group] + largest
        seen |= 1 << place
        if len(groups) > MOST_LETTERS:
            # Groups of some rows are within those of all, each in another: there will be no fewer.
            return None
    called = sorted(groups, key=lambda group: [not group >> place & 1 for place in places])
    return [
        "".join(_LETTERS[n] for n, group in enumerate(called) if group >> row & 1) for row in range(count)
    ]
