"""How much data: curves over the size of the training part, what a choice is worth in data, where curves cross.

Pure functions. The method and its error rates by simulation are in docs/questions.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from benchmark.analysis.asked import Asked
from benchmark.analysis.cochran import ALPHA
from benchmark.analysis.contrast import Contrast, intervals
from benchmark.analysis.curves import Curve, neighbours

CROSS, ONE_SIDE, UNDECIDED = "cross", "one side", "undecided"
_STEPS = 60


@dataclass(frozen=True)
class Worth:
    """With how much data the rows of ``other`` are as good as one row of ``curve``.

    Attributes:
        axis: in what the curves differ, besides data.
        curve: the one with the choice (an augmentation, say).
        other: the one without.
        row: of ``curve``.
        size: its share of the training part.
        equal: the share with which ``other`` is as good; 0 where it is better with the least already, infinite where
            it is not as good with all.
        low: the lower end of its 95 % interval; 0 where it is not known from below.
        high: the upper end; infinite where it is not known from above.
    """

    axis: str
    curve: Curve
    other: Curve
    row: int
    size: float
    equal: float
    low: float
    high: float


@dataclass(frozen=True)
class Crossing:
    """Whether two curves that differ in ``axis`` cross.

    Attributes:
        axis: in what they differ, besides data.
        curve: a curve.
        other: another.
        sizes: that both have, rising.
        differences: ``curve`` less ``other`` at each size, shape (sizes,).
        low: lower ends of their simultaneous 95 % intervals.
        high: upper ends.
        p: corrected over all sizes of all pairs of curves (Holm); NaN where no test can be made.
        verdict: ``cross`` where one is surely better at one size and the other at another, ``one side`` where one is
            better at some and the other at none, else ``undecided``.
        places: where the means cross, interpolated; empty where they do not.
    """

    axis: str
    curve: Curve
    other: Curve
    sizes: tuple[float, ...]
    differences: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p: np.ndarray
    verdict: str
    places: tuple[float, ...]


def worths(asked: Asked, all_curves: Sequence[Curve], baseline: Mapping[str, str]) -> list[Worth]:
    """Return, for each row of each curve that has a baseline, what its choice is worth in data.

    A curve's baseline is the curve that differs in one axis and has the value there that ``baseline`` names; where it
    names none of the axes, the first value. Between sizes a curve is a straight line over the logarithm of the size.
    Curves that give the same answers at all sizes are left out.
    """
    asked_for = []
    firsts = {axis: baseline.get(axis, label) for axis, label in (all_curves[0].rest if all_curves else ())}
    if firsts.keys() & baseline.keys():
        firsts = {axis: label for axis, label in firsts.items() if axis in baseline}
    for axis, left, right in neighbours(all_curves, asked):
        first = firsts.get(axis)
        if all(asked.alike(*pair) for pair in zip(left.rows, right.rows, strict=False)):
            continue
        for curve, base in ((left, right), (right, left)):
            if dict(base.rest)[axis] == first:
                asked_for += [
                    (axis, curve, base, row, size)
                    for row, size in zip(curve.rows, curve.numbers, strict=True)
                ]
    return _worths(asked, asked_for)


def worth(asked: Asked, axis: str, curve: Curve, base: Curve, row: int, size: float) -> Worth:
    """Return with how much data ``base`` is as good as ``row``; see ``worths``."""
    return _worths(asked, [(axis, curve, base, row, size)])[0]


def _worths(asked: Asked, asked_for: Sequence[tuple[str, Curve, Curve, int, float]]) -> list[Worth]:
    """Return ``worth`` of each, with all their intervals in one go."""
    grids = [_grid(base.numbers) for _, _, base, _, _ in asked_for]
    contrasts = [
        asked.contrasts([row, *base.rows], weights)
        for (_, _, base, row, _), (_, weights) in zip(asked_for, grids, strict=True)
    ]
    return [
        Worth(axis, curve, base, row, size, *_equal(asked, base, grid, contrast, *ends))
        for (axis, curve, base, row, size), (grid, _), contrast, ends in zip(
            asked_for, grids, contrasts, intervals(contrasts), strict=True
        )
    ]


@cache
def _grid(sizes: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return logarithms of the sizes of a curve and of places between them, and weights at each of these.

    The weights are those of a row and the curve's rows in how far that row is above the curve's line.
    """
    logs = np.log(sizes)
    grid = np.unique(np.concatenate([logs, np.linspace(logs[0], logs[-1], _STEPS)]))
    return grid, np.array([[1.0, *-_interpolation(at, logs)] for at in grid])


def _equal(
    asked: Asked, base: Curve, grid: np.ndarray, contrast: Contrast, low: np.ndarray, high: np.ndarray
) -> tuple[float, float, float]:
    """Return with how much data ``base`` is as good as a row, and the interval of that.

    The interval holds the sizes at which the difference between the row and the base's line is not significant
    (Fieller 1954: the inversion of a test). It is open where the curve ends before that is decided.
    """
    sign = 1 if asked.greater_is_better else -1
    ahead = sign * contrast.values
    surely_ahead = (low > 0) if sign > 0 else (high < 0)
    surely_behind = (high < 0) if sign > 0 else (low > 0)
    places = _crossings(grid, ahead)
    known = bool(np.isfinite(contrast.error).all()) and not np.isnan(low).any()
    accepted = [*grid[~surely_ahead & ~surely_behind].tolist(), *places]
    least, most = 0.0, np.inf
    if known and accepted and surely_ahead[0]:
        least = float(np.exp(min(accepted)))
    if known and accepted and surely_behind[-1]:
        most = float(np.exp(max(accepted)))
    if known and surely_ahead.all():
        least = base.numbers[-1]
    if known and surely_behind.all():
        most = base.numbers[0]
    equal = float(np.exp(places[0])) if places else np.inf if ahead[-1] > 0 else 0.0
    return equal, least, most


def crossings(asked: Asked, all_curves: Sequence[Curve]) -> list[Crossing]:
    """Return whether curves that differ in one axis cross; all differences at all sizes are corrected together."""
    drafts = []
    for axis, curve, other in neighbours(all_curves, asked):
        sizes = tuple(size for size in curve.numbers if size in other.numbers)
        if len(sizes) < 2:
            continue
        pairs = [(curve.rows[curve.numbers.index(s)], other.rows[other.numbers.index(s)]) for s in sizes]
        if all(asked.alike(*pair) for pair in pairs):
            continue
        drafts.append((axis, curve, other, sizes, pairs))
    if not drafts:
        return []
    places = np.array([[asked.place[row] for row in pair] for draft in drafts for pair in draft[-1]])
    contrast = asked.family.differences(*places.T)
    counts = np.array([len(pairs) for *_, pairs in drafts])
    low, high = contrast.interval(asked.bound, ALPHA / np.repeat(counts, counts))
    columns = (contrast.values, low, high, asked.corrected(contrast.p()))
    split = zip(*(np.split(column, np.cumsum(counts)[:-1]) for column in columns), strict=True)
    return [_crossing(*draft[:-1], *own) for draft, own in zip(drafts, split, strict=True)]


def _crossing(
    axis: str,
    curve: Curve,
    other: Curve,
    sizes: tuple[float, ...],
    differences: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    p: np.ndarray,
) -> Crossing:
    signs = set(np.sign(differences[p < ALPHA]).tolist()) - {0.0}
    places = tuple(float(np.exp(at)) for at in _crossings(np.log(sizes), differences))
    verdict = CROSS if len(signs) == 2 else ONE_SIDE if signs else UNDECIDED
    return Crossing(axis, curve, other, sizes, differences, low, high, p, verdict, places)


def _interpolation(at: float, logs: np.ndarray) -> np.ndarray:
    """Return the weights of a curve's rows in its value at a place."""
    weights = np.zeros(len(logs))
    right = min(max(int(np.searchsorted(logs, at)), 1), len(logs) - 1)
    share = (at - logs[right - 1]) / (logs[right] - logs[right - 1])
    weights[right - 1], weights[right] = 1 - share, share
    return weights


def _crossings(at: np.ndarray, values: np.ndarray) -> list[float]:
    """Return where values change their sign, between straight lines."""
    places = []
    for left in range(len(at) - 1):
        a, b = values[left], values[left + 1]
        if a == 0 and (left == 0 or values[left - 1] != 0):
            places.append(float(at[left]))
        elif a * b < 0:
            places.append(float(at[left] + (at[left + 1] - at[left]) * a / (a - b)))
    if len(at) and values[-1] == 0 and (len(at) < 2 or values[-2] != 0):
        places.append(float(at[-1]))
    return places
