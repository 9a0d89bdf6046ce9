"""Ranks as sets, and letters that rows share which nobody could tell apart. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from benchmark.analysis.comparison import BETTER, WORSE

# More groups than these have no letters that anybody could read.
MOST_LETTERS = 52
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MOST_GROUPS = 2_000


def beaten(rows: Sequence[int], comparisons: pd.DataFrame) -> np.ndarray:
    """Return which row (line) is significantly better than which (column), bool, shape (rows, rows)."""
    found = np.zeros((len(rows), len(rows)), bool)
    place = {row: number for number, row in enumerate(rows)}
    for row, other, verdict in zip(
        comparisons["row"], comparisons["other"], comparisons["verdict"], strict=True
    ):
        if row in place and other in place:
            found[place[row], place[other]] |= verdict == BETTER
            found[place[other], place[row]] |= verdict == WORSE
    return found


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
    None where there would be more than ``MOST_LETTERS``. Source: Piepho (2004), J. Comput. Graph. Stat. 13:456.
    """
    count = len(better)
    apart = better | better.T
    places = list(range(count)) if order is None else list(order)
    groups = {(1 << count) - 1} if count else set()
    for number, one in enumerate(places):
        for two in places[number + 1 :]:
            if not apart[one, two]:
                continue
            both = 1 << one | 1 << two
            split = {group for group in groups if group & both == both}
            if split:
                groups = _absorbed(
                    groups - split, {group & ~(1 << each) for group in split for each in (one, two)}
                )
            if len(groups) > _MOST_GROUPS:
                return None
    if len(groups) > MOST_LETTERS:
        return None
    seen = sorted(groups, key=lambda group: [not group >> place & 1 for place in places])
    return ["".join(_LETTERS[n] for n, group in enumerate(seen) if group >> row & 1) for row in range(count)]


def _absorbed(kept: set[int], new: set[int]) -> set[int]:
    """Return groups of which none is part of another; those of ``kept`` are not part of each other."""
    candidates = kept | new
    return kept - new | {
        group for group in new if not any(group & other == group and group != other for other in candidates)
    }
