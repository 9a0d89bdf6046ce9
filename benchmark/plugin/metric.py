"""The contract of a metric: a pure function of true labels and probabilities of tracks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from benchmark.plugin.border import calling, checked_value, reading_only
from benchmark.plugin.component import Component

if TYPE_CHECKING:
    import numpy as np


class Metric(Component):
    """A number that says how good predictions are, over tracks.

    ``greater_is_better`` gives the direction of ranking; ``percent`` whether tables show it times 100;
    ``proportion`` whether it is a share of tracks, so that its intervals can be those of a proportion. ``bounds`` are
    the least and the greatest value there can be: 0 and 1 for a ``proportion`` or a ``percent``, unless it says
    otherwise, (-1, 1) for a correlation; intervals stay within.
    Only ``compute`` must be written; the other two methods make reports of many results fast. All three are handed
    arrays that other metrics are handed too, and so cannot write into them.
    """

    kind = "metric"
    greater_is_better: ClassVar[bool] = True
    percent: ClassVar[bool] = True
    proportion: ClassVar[bool] = False
    bounds: ClassVar[tuple[float, float] | None] = None

    @classmethod
    def limits(cls) -> tuple[float, float] | None:
        """Return the least and the greatest value, or None where there is no such."""
        return cls.bounds or ((0.0, 1.0) if cls.proportion or cls.percent else None)

    def __init_subclass__(cls, **keywords: Any) -> None:
        """Have the methods of subclasses see read-only arrays, whoever calls them."""
        super().__init_subclass__(**keywords)
        for name in ("compute", "scores", "resampled"):
            if name in vars(cls):
                setattr(cls, name, reading_only(vars(cls)[name]))

    def compute(self, labels: np.ndarray, probabilities: np.ndarray) -> float:
        """Return the value.

        Args:
            labels: integer class indices, shape (n,).
            probabilities: float, shape (n, classes); rows add up to one.
        """
        raise NotImplementedError

    def scores(self, labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray | None:
        """Return one number per track, shape (n,), of which the value is the mean; None if it is no such mean."""
        return None

    def resampled(self, labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Return the value for each way of counting the tracks, shape (resamples,), NaN where none is counted.

        Args:
            labels: as for ``compute``.
            probabilities: as for ``compute``.
            weights: how often each track counts, whole numbers, shape (resamples, n).
        """
        import numpy as np

        values = np.full(len(weights), np.nan)
        for number, counts in enumerate(weights.astype(np.int64)):
            chosen = np.repeat(np.arange(len(labels)), counts)
            if len(chosen):
                values[number] = self.compute(labels[chosen], probabilities[chosen])
        return values


def metric_value(metric: Metric, labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Return what a metric says of tracks, checked; see ``Metric.compute``.

    The last digits of sums hang on their order: what is filed and what a report computes agree to the last one because
    both hand over tracks sorted by their ids, and probabilities in single precision.

    Raises:
        PluginError: when it raises, or gives no number.
    """
    with calling(metric, "compute"):
        value = metric.compute(labels, probabilities)
    return checked_value(metric, value)
