"""A leaderboard with what statistics say of its rows. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from benchmark.analysis.known import BLOCK, HIGHEST, LETTERS, LOWEST
from benchmark.analysis.leaderboard import DIFFERENCE, HIGH, LOW
from benchmark.results.frames import ROW

if TYPE_CHECKING:
    from benchmark.analysis.statistics import Statistics


def with_statistics(lines: pd.DataFrame, statistics: Statistics) -> pd.DataFrame:
    """Return a leaderboard with ``block``, ``rank`` (a set: ``1-3``), its ends and letters, and intervals.

    Rows of a block stand together, ranked ones first.
    """
    block_of = {row: number for number, known in enumerate(statistics.known) for row in known.block.rows}
    ranks = statistics.ranks
    columns: dict[str, Any] = {
        name: lines[ROW].map(ranks[name]).astype("Int64") for name in (LOWEST, HIGHEST)
    }
    columns[LETTERS] = lines[ROW].map(ranks[LETTERS])
    columns["rank"] = [
        None if pd.isna(low) else rank_text(int(low), int(high))
        for low, high in zip(columns[LOWEST], columns[HIGHEST], strict=True)
    ]
    columns[BLOCK] = lines[ROW].map(block_of).astype("Int64")
    for name, own in statistics.intervals.groupby("measure", sort=False):
        limits = own.set_index(ROW)
        columns |= {f"{name} {side}": lines[ROW].map(limits[side]) for side in (LOW, HIGH)}
    for name, own in statistics.differences.groupby("measure", sort=False):
        limits = own.set_index(ROW)
        columns |= {f"{name} {DIFFERENCE} {side}": lines[ROW].map(limits[side]) for side in (LOW, HIGH)}
    table = lines.assign(**columns)
    # Incomplete rows stay last; within the others blocks stand together, in the order of their best rows.
    order = table.assign(_open=~table["complete"], _block=table[BLOCK].fillna(len(statistics.known)))
    order["_unranked"] = ~order["complete"] | ~order["clean"]
    return table.loc[order.sort_values(["_open", "_unranked", "_block"], kind="stable").index].reset_index(
        drop=True
    )


def rank_text(low: int, high: int) -> str:
    """Return a set of ranks as people read it."""
    return str(low) if low == high else f"{low}-{high}"
