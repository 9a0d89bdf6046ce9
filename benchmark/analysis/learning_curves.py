"""How training went, by epoch. A pure function."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd


def mean_curve(histories: Mapping[str, pd.DataFrame], column: str) -> pd.Series:
    """Return the mean over cells of a column of their histories, by epoch; empty if no cell has it."""
    series = [history.set_index("epoch")[column] for history in histories.values() if column in history]
    return pd.concat(series, axis=1).mean(axis=1) if series else pd.Series(dtype=float)
