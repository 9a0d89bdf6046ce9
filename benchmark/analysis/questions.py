"""All further questions that a suite's axes ask, answered for each evaluation set. Pure functions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from benchmark.analysis.asked import Asked, Labels, mean_intervals
from benchmark.analysis.curves import Curve, curves
from benchmark.analysis.data_worth import Crossing, Worth, crossings, worths
from benchmark.analysis.dose import Response, responses, surface_best
from benchmark.analysis.interaction import Interactions, interactions
from benchmark.analysis.shift import Shift, shift

PARTS = ("learning", "doses", "interactions", "shift")


@dataclass(frozen=True)
class LearningCurve:
    """A curve over the number of training tracks, with simultaneous 95 % intervals of its means."""

    curve: Curve
    means: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True)
class Surface:
    """Means over two axes of numbers, and which of its rows may be the best; ``rows`` by the labels of both axes."""

    axis: str
    other: str
    rest: tuple[tuple[str, str], ...]
    rows: Mapping[tuple[str, str], int]
    best: tuple[int, ...]


@dataclass(frozen=True)
class Answers:
    """What is known on one evaluation set.

    ``total`` is how many tracks the whole training part has, NaN where no size is an axis.
    """

    asked: Asked
    learning: tuple[LearningCurve, ...]
    worths: tuple[Worth, ...]
    crossings: tuple[Crossing, ...]
    total: float
    responses: tuple[Response, ...]
    surfaces: tuple[Surface, ...]
    interactions: Interactions


@dataclass(frozen=True)
class Questions:
    """The answers by evaluation set, in the suite's order, and how sets agree with the first."""

    sets: tuple[Answers, ...]
    shifts: tuple[Shift, ...]


@threadpool_limits.wrap(limits=1, user_api="blas")
def questions(
    asked: Sequence[Asked],
    comparisons: pd.DataFrame,
    labels: Labels,
    numbers: Mapping[str, Mapping[str, float]],
    baseline: Mapping[str, str],
    *,
    size_axis: str = "",
    tracks: Mapping[str, float] | None = None,
    first: str = "",
    parts: Collection[str] = PARTS,
) -> Questions:
    """Return the answers to what the axes ask.

    Args:
        asked: the evaluation sets.
        comparisons: ``Statistics.comparisons``.
        labels: of each row, by axis, of those axes that vary.
        numbers: of each axis of numbers, the number of each label.
        baseline: values of axes that others are compared with.
        size_axis: the axis of training sizes, or nothing.
        tracks: how many training tracks there are at each of its labels.
        first: the measure that others are held against; the first one if there is none of that name.
        parts: the questions that are asked; others have no answers.
    """
    answers = tuple(
        _answers(question, labels, numbers, baseline, size_axis, tracks or {}, parts) for question in asked
    )
    values = {
        question.measure: {row: value.mean for row, value in question.rows.items()} for question in asked
    }
    here = first if first in values else next(iter(values), "")
    others = [there for there in values if there != here] if "shift" in parts else []
    shifts = [shift(comparisons, values, here, there) for there in others]
    return Questions(answers, tuple(change for change in shifts if change is not None))


def _answers(
    asked: Asked,
    labels: Labels,
    numbers: Mapping[str, Mapping[str, float]],
    baseline: Mapping[str, str],
    size_axis: str,
    tracks: Mapping[str, float],
    parts: Collection[str],
) -> Answers:
    doses = {axis: values for axis, values in numbers.items() if axis != size_axis and "doses" in parts}
    sizes = numbers.get(size_axis, {}) if "learning" in parts else {}
    # A size of which no cell is finished has no number of tracks; where none has one, shares stand for them.
    sizes = {label: size for label, size in sizes.items() if label in tracks or not tracks}
    known = {label: tracks.get(label, size) for label, size in sizes.items()}
    total = max(
        (known[label] / size for label, size in sizes.items() if size == max(sizes.values())), default=np.nan
    )
    over_size = curves(asked, labels, size_axis, known) if sizes else []
    return Answers(
        asked,
        tuple(_learning(asked, curve) for curve in over_size),
        tuple(worths(asked, over_size, baseline)),
        tuple(crossings(asked, over_size)),
        total,
        tuple(
            response for axis, values in doses.items() for response in responses(asked, labels, axis, values)
        ),
        tuple(
            surface
            for axis, other in combinations(doses, 2)
            for surface in _surfaces(asked, labels, axis, other, doses)
        ),
        interactions(asked, {row: own for row, own in labels.items() if row in asked.rows}, baseline)
        if "interactions" in parts
        else Interactions((), (), ()),
    )


def _learning(asked: Asked, curve: Curve) -> LearningCurve:
    low, high = mean_intervals(asked, curve.rows)
    return LearningCurve(curve, np.array([asked.rows[row].mean for row in curve.rows]), low, high)


def _surfaces(
    asked: Asked, labels: Labels, axis: str, other: str, numbers: Mapping[str, Mapping[str, float]]
) -> list[Surface]:
    """Return the surfaces over two axes; each is of rows that are tested alike, and has two values of each axis."""
    grouped: dict[tuple[tuple[tuple[str, str], ...], int], dict[tuple[str, str], int]] = {}
    for row in asked.rows:
        own = labels.get(row)
        if own is None or row not in asked.block_of or not {axis, other} <= own.keys():
            continue
        if own[axis] not in numbers[axis] or own[other] not in numbers[other]:
            continue
        rest = tuple((name, label) for name, label in own.items() if name not in (axis, other))
        grouped.setdefault((rest, asked.block_of[row]), {})[own[axis], own[other]] = row

    def order(pair: tuple[str, str]) -> tuple[float, float]:
        return numbers[axis][pair[0]], numbers[other][pair[1]]

    return [
        Surface(axis, other, rest, dict(sorted(rows.items(), key=lambda item: order(item[0]))),
                surface_best(asked, list(rows.values())))
        for (rest, _), rows in grouped.items()
        if len({label for label, _ in rows}) > 1 and len({label for _, label in rows}) > 1
    ]  # fmt: skip
