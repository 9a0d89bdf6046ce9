"""What is known of competitors: which may be the best, their ranks, what would decide the rest. Pure functions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmark.analysis.cochran import ALPHA
from benchmark.analysis.comparison import EQUAL, UNDECIDED, by_pair
from benchmark.analysis.contrast import Family
from benchmark.analysis.measured import Measured
from benchmark.analysis.needed import needed
from benchmark.analysis.protocols import Block
from benchmark.analysis.ranks import beaten, letters, rank_sets
from benchmark.results.frames import ROW, Measure
from benchmark.settings import LeaderboardSettings

BLOCK, LETTERS, LOWEST, HIGHEST = "block", "letters", "rank_low", "rank_high"
NEEDED_COLUMNS = ["row", "other", "outcome", "seeds", "tracks"]


@dataclass(frozen=True)
class Known:
    """What is known of the rows that are competitors on the evaluation set that the leaderboard is sorted by.

    Attributes:
        block: the rows, those that are not ranked too.
        ranked: the rows that are, the best mean first.
        candidates: rows that may be the best.
        pairs: how many pairs of ranked rows there are.
        better: of how many one is better.
        equal: how many are equal within what is too small to care about.
        tracks: how many test tracks each cell has, on average.
    """

    block: Block
    ranked: tuple[int, ...]
    candidates: tuple[int, ...]
    pairs: int
    better: int
    equal: int
    tracks: float

    @property
    def decided(self) -> int:
        """How many pairs are decided."""
        return self.better + self.equal


def known_of(
    block: Block,
    by: Measure,
    kept: Mapping[int, Measured],
    comparisons: pd.DataFrame,
    may_be_ranked: Collection[int],
) -> Known:
    """Return what is known of a block on the measure that the leaderboard is sorted by.

    Rows that leak, or share groups where others do not, are not among those that ``may_be_ranked``.
    """
    sign = -1 if by.greater_is_better else 1
    held = [row for row in block.rows if row in kept]
    tracks = float(np.mean([kept[row].tracks for row in held])) if held else 0.0
    usable = [row for row in held if not kept[row].is_single and not kept[row].too_few]
    ranked = sorted((row for row in usable if row in may_be_ranked), key=lambda row: sign * kept[row].mean)
    own = _among(ranked, comparisons, by.name)
    better = beaten(ranked, own)
    beaten_by_any = np.flatnonzero(better.any(axis=0)).tolist()
    candidates = [row for place, row in enumerate(ranked) if place not in beaten_by_any]
    verdicts = own["verdict"].tolist()
    pairs, same = len(own), verdicts.count(EQUAL)
    return Known(
        block,
        tuple(ranked),
        tuple(candidates),
        pairs,
        pairs - same - verdicts.count(UNDECIDED),
        same,
        tracks,
    )


def ranks_of(known: Sequence[Known], comparisons: pd.DataFrame, by: Measure) -> pd.DataFrame:
    """Return the set of ranks and the letters of each ranked row, by row, and the place of its block in ``known``."""
    lines = []
    for number, block in enumerate(known):
        better = beaten(block.ranked, _among(block.ranked, comparisons, by.name))
        low, high = rank_sets(better)
        shared = letters(better) or [""] * len(block.ranked)
        lines += [
            {
                ROW: row,
                BLOCK: number,
                LOWEST: int(low[place]),
                HIGHEST: int(high[place]),
                LETTERS: shared[place],
            }
            for place, row in enumerate(block.ranked)
        ]
    return pd.DataFrame(lines, columns=[ROW, BLOCK, LOWEST, HIGHEST, LETTERS]).set_index(ROW)


def needed_of(
    known: Sequence[Known],
    families: Mapping[int, Family],
    by: Measure,
    settings: LeaderboardSettings,
    comparisons: pd.DataFrame,
    price: float = 1.0,
) -> pd.DataFrame:
    """Return what would decide each row that is undecided against the best of its block."""
    pairs = by_pair(comparisons, by.name, {block.ranked[0] for block in known if block.ranked})
    lines = []
    for number, block in enumerate(known):
        if number not in families or not block.ranked:
            continue
        family = families[number]
        place = {row: at for at, row in enumerate(family.rows)}
        level = ALPHA / price / max(block.pairs - block.decided, 1)
        best = block.ranked[0]
        for row in block.ranked[1:]:
            if pairs[row, best]["verdict"] != UNDECIDED or row not in place or best not in place:
                continue
            margin = settings.smallest / 100 if by.percent else None
            more = needed(family, place[row], place[best], level=level, margin=margin)
            if more is not None:
                tracks = None if more.times is None else (more.times - 1) * block.tracks
                lines.append(
                    {
                        "row": row,
                        "other": best,
                        "outcome": more.outcome,
                        "seeds": more.seeds,
                        "tracks": tracks,
                    }
                )
    return pd.DataFrame(lines, columns=NEEDED_COLUMNS)


def _among(rows: Sequence[int], comparisons: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return the comparisons between some rows on a measure."""
    if not len(comparisons):
        return pd.DataFrame(columns=["row", "other", "verdict"])
    chosen = comparisons["row"].isin(rows) & comparisons["other"].isin(rows)
    return comparisons[chosen & (comparisons["measure"] == measure)]
