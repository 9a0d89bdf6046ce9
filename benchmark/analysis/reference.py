"""Measured values beside those that others reported. A pure function of tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from benchmark.results.frames import ROW, lines_of
from benchmark.suite.reference import Reference

MEASURE, REPORTED, MEASURED, LOW, HIGH = "measure", "reported", "mean", "low", "high"


def beside_reference(
    lines: pd.DataFrame, intervals: pd.DataFrame, axes: Sequence[str], reference: Reference
) -> pd.DataFrame:
    """Return one line per row and reported value, rows in the order of ``lines`` (a leaderboard).

    Columns: ``row``, ``measure``, ``reported``, ``mean``, ``low`` and ``high`` (the interval of what was
    measured, NaN where nothing was), ``difference`` (measured less reported), and ``inside``: whether the
    reported value lies in the interval, missing without one. ``intervals`` has columns ``row``, ``measure``,
    ``mean``, ``low``, ``high``.
    """
    known: dict[Any, Any] = intervals.set_index([ROW, MEASURE])[[MEASURED, LOW, HIGH]].to_dict("index")
    nothing: dict[str, float] = {MEASURED: np.nan, LOW: np.nan, HIGH: np.nan}
    compared = []
    for line in lines_of(lines):
        labels = {axis: str(line[axis]) for axis in axes}
        for value in reference.values:
            if value.fits(labels):
                measured = known.get((int(line[ROW]), value.measure), nothing)
                compared.append(
                    {ROW: int(line[ROW]), MEASURE: value.measure, REPORTED: value.value, **measured}
                )
    table = pd.DataFrame(compared, columns=[ROW, MEASURE, REPORTED, MEASURED, LOW, HIGH])
    inside = (table[LOW] <= table[REPORTED]) & (table[REPORTED] <= table[HIGH])
    return table.assign(
        difference=table[MEASURED] - table[REPORTED],
        inside=inside.astype("boolean").mask(table[LOW].isna()),
    )
