"""The contract of a metric: a pure function of true labels and probabilities of tracks."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from benchmark.plugin.component import Component

if TYPE_CHECKING:
    import numpy as np


class Metric(Component):
    """A number that says how good predictions are, over tracks.

    ``greater_is_better`` gives the direction of ranking; ``percent`` whether tables show it times 100.
    """

    kind = "metric"
    greater_is_better: ClassVar[bool] = True
    percent: ClassVar[bool] = True

    def compute(self, labels: np.ndarray, probabilities: np.ndarray) -> float:
        """Return the value.

        Args:
            labels: integer class indices, shape (n,).
            probabilities: float, shape (n, classes); rows add up to one.
        """
        raise NotImplementedError
