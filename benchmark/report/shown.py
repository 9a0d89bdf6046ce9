"""The few rows that a suite puts beside each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from benchmark.analysis.leaderboard import baseline_rows
from benchmark.results.frames import ROW, lines_of

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.settings import LeaderboardSettings


def shown_rows(lines: pd.DataFrame, axes: Sequence[str], settings: LeaderboardSettings) -> list[int]:
    """Return the rows that the suite asks for, or the best and its baseline; those with results.

    ``lines`` is the leaderboard, the best first. Of several rows that fit what is asked for, it is the best.
    """
    with_results = lines[lines["ok"] > 0]
    if settings.shown is not None:
        rows = [_first(with_results, wanted) for wanted in settings.shown]
    else:
        rows = [_first(with_results, {})]
        if settings.baseline and rows[0] is not None:
            base = baseline_rows(lines, axes, settings.baseline).get(rows[0])
            rows.append(base if base in set(with_results[ROW]) else None)
    return list(dict.fromkeys(row for row in rows if row is not None))


def _first(lines: pd.DataFrame, wanted: Mapping[str, str]) -> int | None:
    """Return the first row with these labels; seed and fold are no axes of rows, and tell none apart."""
    for line in lines_of(lines):
        if all(str(line.get(axis, label)) == label for axis, label in wanted.items()):
            return int(line[ROW])
    return None
