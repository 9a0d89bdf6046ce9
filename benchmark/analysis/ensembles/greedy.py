"""Greedy choice of an ensemble's members, with replacement. A pure function.

Source: Caruana, Niculescu-Mizil, Crew & Ksikes (2004), Ensemble selection from libraries of models, ICML, sections 2.1
(selection with replacement) and 2.2 (sorted initialisation). Bagged selection (2.3) is left out: there are few rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from benchmark.plugin.metric import Metric

# Sums in another order differ in their last digits, which must not decide.
_DIGITS = 9
Goodness = tuple[float, float]


def greedy(labels: np.ndarray, probabilities: np.ndarray, metric: Metric, size: int) -> np.ndarray:
    """Return how often each candidate is a member, shape (candidates,); whatever the metric raises is raised.

    Candidates are sorted by how good they are alone, and the best N are the first members. Then the candidate that
    makes the ensemble best is added, again and again, until there are ``size`` members; it may be one that is a member
    already. Of all ensembles on this way, and on those of all N from 1 to ``size``, the best is returned.

    The better of two has the better metric; where that is the same, the smaller mean log loss; then fewer members, and
    then the candidate that comes first.

    Args:
        labels: true classes of the validation tracks, shape (n,).
        probabilities: shape (candidates, n, classes).
        metric: what is to be good.
        size: the most members, at least 1.

    Raises:
        ValueError: when the metric has no value for any candidate.
    """

    def of(summed: np.ndarray, members: int) -> Goodness:
        return goodness(labels, summed / members, metric)

    alone = [of(own, 1) for own in probabilities]
    if all(value == -np.inf for value, _ in alone):
        raise ValueError("the metric has no value on the validation tracks")
    order = sorted(range(len(alone)), key=lambda at: (-alone[at][0], -alone[at][1], at))
    steps: list[_Step] = []
    for first in range(1, min(size, len(order)) + 1):
        members = order[:first]
        summed = probabilities[members].sum(axis=0)
        steps.append(_Step(of(summed, first), tuple(members)))
        while len(members) < size:
            count = len(members) + 1
            added = _best([_Step(of(summed + own, count), (at,)) for at, own in enumerate(probabilities)])
            members = [*members, *added.members]
            summed = summed + probabilities[added.members[0]]
            steps.append(_Step(added.goodness, tuple(members)))
    best = _best(sorted(steps, key=lambda step: len(step.members)))
    return np.bincount(np.array(best.members), minlength=len(probabilities))


class _Step:
    """An ensemble on the way: how good it is, and its members."""

    def __init__(self, goodness: Goodness, members: tuple[int, ...]) -> None:
        self.goodness, self.members = goodness, members


def _best(steps: list[_Step]) -> _Step:
    """Return the best; of equally good ones the first."""
    return max(steps, key=lambda step: step.goodness)


def goodness(labels: np.ndarray, probabilities: np.ndarray, metric: Metric) -> Goodness:
    """Return the metric and the mean log likelihood, both greater where better; -inf where the metric has no value."""
    value = float(metric.compute(labels, probabilities))
    oriented = value if metric.greater_is_better else -value
    likely = np.log(np.maximum(probabilities[np.arange(len(labels)), labels], 1e-12)).mean()
    return (round(oriented, _DIGITS) if np.isfinite(oriented) else -np.inf), round(float(likely), _DIGITS)
