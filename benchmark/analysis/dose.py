"""Dose and response: how a measure depends on a number (a mask's width, a learning rate). Pure functions.

The rule, its sources and its error rates by simulation are in docs/questions.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from benchmark.analysis.asked import Asked, Labels, mean_intervals
from benchmark.analysis.cochran import ALPHA
from benchmark.analysis.curves import Curve, curves

RISES, FALLS, PEAK, DIP, BENDS, FLAT, UNDECIDED = (
    "rises", "falls", "optimum inside", "worst inside", "bends", "flat", "undecided",
)  # fmt: skip
# Two doses make no curve.
LEAST = 3


@dataclass(frozen=True)
class Response:
    """A curve, and what is known of its shape.

    Attributes:
        curve: the rows, by increasing dose.
        means: of the rows, shape (doses,).
        low: lower ends of the means' simultaneous 95 % intervals, shape (doses,).
        high: upper ends.
        change: differences to the lowest dose, shape (doses,).
        change_low: lower ends of their simultaneous 95 % intervals; 0 for the lowest dose itself.
        change_high: upper ends.
        shape: ``rises``, ``falls``, ``optimum inside``, ``worst inside``, ``bends`` (rises and falls, and no more is
            known), ``flat`` (all doses equal within what is too small to care about) or ``undecided``.
        p: the smallest corrected p value of its tests; NaN where none can be made.
        best: the dose with the best mean.
        best_low: the least dose that may be the best one.
        best_high: the greatest.
    """

    curve: Curve
    means: np.ndarray
    low: np.ndarray
    high: np.ndarray
    change: np.ndarray
    change_low: np.ndarray
    change_high: np.ndarray
    shape: str
    p: float
    best: float
    best_low: float
    best_high: float


def responses(
    asked: Asked, labels: Labels, axis: str, numbers: Mapping[str, float], least: int = LEAST
) -> list[Response]:
    """Return what is known of each curve over an axis of numbers.

    Tested are all differences between two doses, and at each place between two doses the mean of those above less the
    mean of those below (change points: Bretz & Hothorn 2001). All p values of all curves are corrected together (Holm).
    """
    all_curves = curves(asked, labels, axis, numbers, least)
    if not all_curves:
        return []
    tests = [asked.contrasts(curve.rows, _tests(len(curve.rows))) for curve in all_curves]
    corrected = asked.corrected(np.concatenate([test.p() for test in tests]))
    ends = np.cumsum([len(test.values) for test in tests])
    parts = np.split(corrected, ends[:-1])
    equal = asked.corrected(np.array([_largest(test.p_equal(asked.smallest)) for test in tests]))
    return [
        _response(asked, curve, contrast.values, p, float(flat))
        for curve, contrast, p, flat in zip(all_curves, tests, parts, equal, strict=True)
    ]


def surface_best(asked: Asked, rows: Sequence[int]) -> tuple[int, ...]:
    """Return the rows of a surface that may be its best one: no other is better, all pairs corrected (Holm)."""
    first, second = np.triu_indices(len(rows), 1)
    places = np.array([asked.place[row] for row in rows])
    contrast = asked.family.differences(places[first], places[second])
    real = asked.corrected(contrast.p()) < ALPHA
    up = (contrast.values > 0) == asked.greater_is_better
    beaten = {*second[real & up].tolist(), *first[real & ~up].tolist()}
    return tuple(row for at, row in enumerate(rows) if at not in beaten)


def _tests(doses: int) -> np.ndarray:
    """Return the weights of all pairs (the higher dose less the lower) and then of all change points."""
    pairs = np.zeros((doses * (doses - 1) // 2, doses))
    for line, (low, high) in zip(pairs, combinations(range(doses), 2), strict=True):
        line[low], line[high] = -1, 1
    changes = np.zeros((doses - 1, doses))
    for cut, line in enumerate(changes, 1):
        line[:cut], line[cut:] = -1 / cut, 1 / (doses - cut)
    # Between two doses there is one place, and it is their difference.
    return pairs if doses == 2 else np.vstack([pairs, changes])


def _largest(p: np.ndarray) -> float:
    """Return the largest p value: all are to hold at once, which needs no correction (Berger 1982)."""
    return float(p.max()) if len(p) and not np.isnan(p).any() else np.nan


def _response(asked: Asked, curve: Curve, differences: np.ndarray, p: np.ndarray, flat: float) -> Response:
    doses = len(curve.rows)
    signs = np.where(p < ALPHA, np.sign(differences) * (1 if asked.greater_is_better else -1), 0)
    pairs = dict(zip(combinations(range(doses), 2), signs.tolist(), strict=False))
    weights = np.eye(doses)[1:] - np.eye(doses)[0]
    changed = asked.contrasts(curve.rows, weights)
    low, high = changed.interval(asked.bound, ALPHA / (doses - 1))
    means = asked.contrasts(curve.rows, np.eye(doses)).values
    beaten = {high_ if sign < 0 else low_ for (low_, high_), sign in pairs.items() if sign}
    candidates = [curve.numbers[at] for at in range(doses) if at not in beaten]
    best = int(means.argmax() if asked.greater_is_better else means.argmin())
    known = p[~np.isnan(p)]
    mean_low, mean_high = mean_intervals(asked, curve.rows)
    return Response(
        curve,
        means,
        mean_low,
        mean_high,
        means - means[0],
        np.concatenate([[0.0], low]),
        np.concatenate([[0.0], high]),
        _shape(pairs, signs, doses, flat),
        float(known.min()) if len(known) else np.nan,
        curve.numbers[best],
        min(candidates),
        max(candidates),
    )


def _shape(pairs: Mapping[tuple[int, int], float], signs: np.ndarray, doses: int, flat: float) -> str:
    rises, falls = bool((signs > 0).any()), bool((signs < 0).any())

    def turns(before: float, after: float) -> bool:
        """Whether some dose differs from one below it and from one above it, both ways as asked."""
        return any(
            any(pairs[low, at] == before for low in range(at))
            and any(pairs[at, high] == after for high in range(at + 1, doses))
            for at in range(1, doses - 1)
        )

    peak, dip = turns(1, -1), turns(-1, 1)
    if rises and falls:
        return PEAK if peak and not dip else DIP if dip and not peak else BENDS
    if rises or falls:
        return RISES if rises else FALLS
    return FLAT if flat < ALPHA else UNDECIDED
