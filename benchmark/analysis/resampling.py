"""The bootstrap of metrics that are no mean over tracks. Pure functions.

What is resampled are units: groups of tracks (artist, source recording), or tracks where no group is known.
Each unit's weights are drawn by its own name (a Poisson bootstrap), so that rows evaluated on the same tracks
are resampled alike, whatever other rows there are, and differences are paired.
"""

from __future__ import annotations

import numpy as np

from benchmark.plugin.metric import Metric
from benchmark.randomness import derive_generator

# How often metrics that can resample themselves, and all others, are resampled. Whatever cells there are: a row's
# numbers depend on its own predictions alone. With 400 resamples a standard error is right to about 4 %, with 200 to
# about 5 %. Means over tracks need none: see ``measured``.
FEWER, FEWEST = 400, 200
_KEPT = 16


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
    """Return how often a metric is resampled, where it is no mean of scores."""
    return FEWER if type(metric).resampled is not Metric.resampled else FEWEST


def is_mean(metric: Metric) -> bool:
    """Return whether a metric is a mean of tracks' scores, so that nothing need be resampled."""
    return type(metric).scores is not Metric.scores


def largest_difference(metric: Metric) -> float:
    """Return the largest difference that there can be between two values of a metric; infinite where none is."""
    limits = metric.limits()
    return limits[1] - limits[0] if limits else float("inf")
