"""What accuracy costs, and which rows no other row beats. Pure functions of tables."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmark.analysis.leaderboard import MEAN
from benchmark.record import ENERGY, FLOPS
from benchmark.results.frames import ROW, Measure

VALUE, COST, FRONT = "value", "cost", "on_front"
# Columns of a leaderboard that are costs, and what people call them.
COSTS = {
    FLOPS: "FLOPs per clip",
    "total": "parameters",
    "training_seconds": "training, seconds",
    ENERGY: "training, Wh",
    "peak_memory_mb": "peak memory, MB",
}


def against_cost(lines: pd.DataFrame, measure: Measure, cost: str) -> pd.DataFrame:
    """Return ``row``, ``cost``, ``value`` and ``on_front`` of the rows of a leaderboard that can be compared.

    Those are complete, not leaky, and have both numbers. ``cost`` names a column of ``lines``.
    """
    table = pd.DataFrame(
        {
            ROW: lines[ROW],
            COST: lines[cost].astype(float),
            VALUE: lines[f"{measure.name} {MEAN}"].astype(float),
        }
    )
    table = table[lines["complete"] & lines["clean"]].dropna().reset_index(drop=True)
    return table.assign(**{FRONT: pareto_front(table[COST], table[VALUE], measure.greater_is_better)})


def pareto_front(costs: pd.Series, values: pd.Series, greater_is_better: bool = True) -> np.ndarray:
    """Return which points no other point beats: none is as cheap and as good, and cheaper or better.

    Bool, shape (n,). Points that are equal in both are on the front together.
    """
    cost = costs.to_numpy(dtype=float)
    value = values.to_numpy(dtype=float) * (1 if greater_is_better else -1)
    as_good = (cost[:, None] <= cost) & (value[:, None] >= value)
    better = (cost[:, None] < cost) | (value[:, None] > value)
    beaten: np.ndarray = np.any(as_good & better, axis=0)
    return ~beaten


def known_costs(lines: pd.DataFrame) -> list[str]:
    """Return the costs in which rows of a leaderboard differ, in the order of ``COSTS``."""
    return [cost for cost in COSTS if cost in lines and lines[cost].astype(float).nunique() > 1]
