"""Curves and points of answers, as both renderers (Matplotlib, SVG) take them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.analysis.asked import Asked, mean_intervals
from benchmark.analysis.cochran import ALPHA
from benchmark.analysis.questions import Answers, Questions
from benchmark.analysis.shift import Shift
from benchmark.report.questions.tables import Words

# Low end, value, high end.
Point = tuple[float, float, float]


@dataclass(frozen=True)
class Series:
    """A curve with intervals, all of one length."""

    name: str
    numbers: tuple[float, ...]
    values: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


def learning_series(one: Answers) -> list[Series]:
    """Return the learning curves of a set, the best at its last size first."""
    return _sorted(
        one,
        [_series(e.curve.name, e.curve.numbers, e.means, e.low, e.high) for e in one.learning],
    )


def dose_series(one: Answers, axis: str) -> list[Series]:
    """Return the curves over an axis of doses, the best at their last dose first."""
    found = [each for each in one.responses if each.curve.axis == axis]
    return _sorted(one, [_series(e.curve.name, e.curve.numbers, e.means, e.low, e.high) for e in found])


def scatter_points(each: Shift, found: Questions, words: Words) -> dict[str, tuple[Point, Point]]:
    """Return each row's value and 95 % interval here and there, by the row's name."""
    asked = {one.asked.measure: one.asked for one in found.sets}
    here, there = (_points(asked[name], each.rows) for name in (each.here, each.there))
    return {words.labels[row]: (here[row], there[row]) for row in each.rows}


def _points(asked: Asked, rows: Sequence[int]) -> dict[int, Point]:
    """Return values with intervals of their own: each covers with 95 %, and not all of them together."""
    low, high = mean_intervals(asked, rows, ALPHA * len(rows))
    return {row: (float(low[at]), asked.rows[row].mean, float(high[at])) for at, row in enumerate(rows)}


def _series(name: str, numbers: Sequence[float], *columns: np.ndarray) -> Series:
    values, low, high = (tuple(map(float, column)) for column in columns)
    return Series(name, tuple(numbers), values, low, high)


def _sorted(one: Answers, found: list[Series]) -> list[Series]:
    sign = -1 if one.asked.greater_is_better else 1
    return sorted(found, key=lambda each: sign * each.values[-1])
