"""The bootstrap that all intervals and comparisons share. Pure functions.

What is resampled are units: groups of tracks (artist, source recording), or tracks where no group is known.
Each unit's weights are drawn by its own name (a Poisson bootstrap), so that rows evaluated on the same tracks
are resampled alike, whatever other rows there are: differences are paired, and adding a row changes no number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from benchmark.plugin.metric import Metric
from benchmark.randomness import derive_generator
from benchmark.results.predictions import SetPredictions

# How often means of scores, metrics that can resample themselves, and all other metrics are resampled. Whatever
# cells there are: a row's numbers depend on its own predictions alone. With 400 resamples, a standard error is right
# to about 4 %, with 200 to about 5 %.
RESAMPLES, FEWER, FEWEST = 1000, 400, 200
_KEPT = 16


@dataclass(frozen=True)
class Resampled:
    """A measure of one row.

    Attributes:
        cells: names of its cells, the order of the columns.
        values: of each cell, shape (cells,).
        resampled: values of each cell in each resample, float32, shape (resamples, cells).
        units: how many units were resampled.
        tracks: how many tracks the cells have on average.
        grouped: whether some unit has more than one track.
        shared: whether all cells have the same tracks.
        scores: of each track, for a row of one cell and a metric that is a mean of scores; else None.
        names: what ``scores`` belong to, by which two rows are matched.
    """

    cells: tuple[str, ...]
    values: np.ndarray
    resampled: np.ndarray
    units: int
    tracks: float
    grouped: bool
    shared: bool
    scores: np.ndarray | None = None
    names: np.ndarray | None = None

    @property
    def mean(self) -> float:
        """The value of the row: the mean over its cells."""
        return float(self.values.mean())


class Weights:
    """How often each unit counts in each resample; drawn once per unit and kept.

    Source: Poisson bootstrap, Hanley & MacGibbon (2006); for pairing by unit, Chamandy et al. (2012).
    """

    def __init__(self, resamples: int) -> None:
        self.resamples = resamples
        self._drawn: dict[str, np.ndarray] = {}
        # By the id of the names, which are kept so that no other array gets the same one.
        self._recent: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def of(self, units: np.ndarray) -> np.ndarray:
        """Return the weights of each entry of ``units`` (names), float32, shape (resamples, n)."""
        if id(units) not in self._recent:
            if len(self._recent) >= _KEPT:
                self._recent.clear()
            distinct, inverse = np.unique(units, return_inverse=True)
            columns = np.stack([self._draw(str(name)) for name in distinct], axis=1)
            self._recent[id(units)] = (units, np.ascontiguousarray(columns[:, inverse], np.float32))
        return self._recent[id(units)][1]

    def _draw(self, name: str) -> np.ndarray:
        if name not in self._drawn:
            drawn = derive_generator("bootstrap", name).poisson(1, self.resamples)
            self._drawn[name] = drawn.astype(np.uint8)
        return self._drawn[name]


def resamples_for(metric: Metric) -> int:
    """Return how often a metric is resampled."""
    kind = type(metric)
    if kind.scores is not Metric.scores:
        return RESAMPLES
    return FEWER if kind.resampled is not Metric.resampled else FEWEST


def resample(metric: Metric, cells: Mapping[str, SetPredictions], weights: Weights) -> Resampled:
    """Return a metric of a row's cells, as it is and resampled.

    Whatever the metric raises is raised.
    """
    found = list(cells.values())
    values = np.array([float(metric.compute(cell.labels, cell.probabilities)) for cell in found])
    scores = [metric.scores(cell.labels, cell.probabilities) for cell in found]
    alone = scores[0] if len(found) == 1 else None
    return Resampled(
        tuple(cells),
        values,
        _resampled(metric, found, scores, weights),
        *_units(found),
        shared=all(np.array_equal(cell.tracks, found[0].tracks) for cell in found),
        scores=alone,
        names=found[0].tracks if alone is not None else None,
    )


def _resampled(
    metric: Metric, cells: list[SetPredictions], scores: list[np.ndarray | None], weights: Weights
) -> np.ndarray:
    """Return the values of each cell in each resample; means over the same tracks in one product of matrices."""
    values = np.empty((weights.resamples, len(cells)), np.float32)
    together: dict[int, list[int]] = {}
    for index, (cell, each) in enumerate(zip(cells, scores, strict=True)):
        if each is None:
            drawn = weights.of(cell.groups)
            values[:, index] = metric.resampled(cell.labels, cell.probabilities, drawn)
        else:
            together.setdefault(id(cell.groups), []).append(index)
    for indices in together.values():
        drawn = weights.of(cells[indices[0]].groups)
        stacked = np.stack([np.asarray(scores[index], np.float32) for index in indices], axis=1)
        with np.errstate(invalid="ignore"):  # No track is drawn: there is no mean, and NaN says so.
            values[:, indices] = (drawn @ stacked) / drawn.sum(axis=1, keepdims=True)
    return values


def _units(cells: list[SetPredictions]) -> tuple[int, float, bool]:
    """Return the number of units over all cells, of tracks on average, and whether units have several tracks."""
    distinct = list({id(cell.groups): cell.groups for cell in cells}.values())
    units = [np.unique(groups) for groups in distinct]
    grouped = any(len(each) < len(groups) for each, groups in zip(units, distinct, strict=True))
    tracks = float(np.mean([len(cell.labels) for cell in cells]))
    return len(np.unique(np.concatenate(units))), tracks, grouped
