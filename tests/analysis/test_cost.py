"""Which rows are worth their cost."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmark.analysis.cost import against_cost, known_costs, pareto_front
from benchmark.results.frames import Measure

TOP1 = Measure("test", "top1", True, True)


def front(costs: list[float], values: list[float], greater_is_better: bool = True) -> list[bool]:
    return list(pareto_front(pd.Series(costs), pd.Series(values), greater_is_better))


def test_the_front_is_what_no_other_point_beats() -> None:
    assert front([1, 2, 3, 4], [0.5, 0.7, 0.6, 0.9]) == [True, True, False, True]
    assert front([1, 1, 2], [0.5, 0.6, 0.6]) == [False, True, False]
    assert front([1, 1], [0.5, 0.5]) == [True, True]
    assert front([], []) == []


def test_smaller_is_better_for_some_metrics() -> None:
    assert front([1, 2, 3], [0.5, 0.7, 0.4], greater_is_better=False) == [True, False, True]


def test_the_front_agrees_with_its_definition_on_random_points() -> None:
    random = np.random.default_rng(0)
    costs, values = random.integers(0, 12, 60).astype(float), random.integers(0, 12, 60).astype(float)
    expected = [
        not any(
            c <= cost and v >= value and (c < cost or v > value) for c, v in zip(costs, values, strict=True)
        )
        for cost, value in zip(costs, values, strict=True)
    ]
    assert front(list(costs), list(values)) == expected


def test_only_rows_that_are_whole_and_clean_are_compared() -> None:
    lines = pd.DataFrame(
        {
            "row": [0, 1, 2, 3],
            "complete": [True, False, True, True],
            "clean": [True, True, False, True],
            "total": [10.0, 1.0, 1.0, np.nan],
            "training_seconds": [5.0, 5.0, 5.0, 5.0],
            "test/top1 mean": [0.5, 0.9, 0.9, 0.9],
        }
    )
    found = against_cost(lines, TOP1, "total")
    assert found["row"].tolist() == [0]
    assert found["on_front"].tolist() == [True]
    assert known_costs(lines) == ["total"]
