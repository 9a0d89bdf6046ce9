"""Metrics of classification, over tracks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from benchmark import Metric

if TYPE_CHECKING:
    import numpy as np


def top_k_scores(labels: np.ndarray, probabilities: np.ndarray, k: int) -> np.ndarray:
    """Return, per track, whether its true class is among the ``k`` most probable ones: 1, 0, or a chance between.

    Where classes tie for the last places, a track counts by the chance that a random choice among them would take
    the true class. So a model that answers the same for all classes gets k / classes, and not 100 %.
    """
    import numpy as np

    true = probabilities[np.arange(len(labels)), labels][:, None]
    above = (probabilities > true).sum(axis=1)
    tied = (probabilities == true).sum(axis=1)
    shares: np.ndarray = np.clip((k - above) / tied, 0, 1)
    return shares


class MeanMetric(Metric):
    """A metric that is the mean of its tracks' ``scores``."""

    def compute(self, labels: np.ndarray, probabilities: np.ndarray) -> float:
        """Return the mean of the scores; NaN without tracks."""
        return float(self.scores(labels, probabilities).mean()) if len(labels) else float("nan")

    def scores(self, labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        """Return one number per track."""
        raise NotImplementedError

    def resampled(self, labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Return weighted means."""
        return _divided(weights @ self.scores(labels, probabilities), weights.sum(axis=1))


class TopK(MeanMetric):
    """Share of tracks whose true class is among the ``k`` most probable; ties count by chance."""

    name = "top-k"
    proportion = True

    def __init__(self, *, k: Annotated[int, Field(gt=0)]) -> None:
        self.k = k

    def scores(self, labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        """See ``top_k_scores``."""
        return top_k_scores(labels, probabilities, self.k)


class Top1(MeanMetric):
    """Accuracy: share of tracks whose true class is the most probable; ties count by chance."""

    name = "top1"
    proportion = True

    def scores(self, labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        """See ``top_k_scores``."""
        return top_k_scores(labels, probabilities, 1)


class Top2(MeanMetric):
    """Share of tracks whose true class is among the two most probable; ties count by chance."""

    name = "top2"
    proportion = True

    def scores(self, labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        """See ``top_k_scores``."""
        return top_k_scores(labels, probabilities, 2)


class MacroF1(Metric):
    """Mean over classes of F1, the harmonic mean of precision and recall; 0 for a class never found.

    The mean is over the classes that occur among the labels or the answers, as scikit-learn's default has it.
    """

    name = "macro-f1"

    def compute(self, labels: np.ndarray, probabilities: np.ndarray) -> float:
        """Return the mean F1 of the most probable classes."""
        import numpy as np

        if len(labels) == 0:
            return float("nan")
        classes = probabilities.shape[1]
        answers = probabilities.argmax(axis=1)
        hits = np.bincount(labels[labels == answers], minlength=classes)
        total = np.bincount(labels, minlength=classes) + np.bincount(answers, minlength=classes)
        return float((2 * hits[total > 0] / total[total > 0]).mean())

    def resampled(self, labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Return the mean F1 for each way of counting."""
        truth, answers = (
            _one_hot(labels, probabilities),
            _one_hot(probabilities.argmax(axis=1), probabilities),
        )
        hits, total = weights @ (truth * answers), weights @ (truth + answers)
        return _divided(_divided(2 * hits, total, 0).sum(axis=1), (total > 0).sum(axis=1))


class BalancedAccuracy(Metric):
    """Mean over classes of the share of a class's tracks that were recognised."""

    name = "balanced-accuracy"

    def compute(self, labels: np.ndarray, probabilities: np.ndarray) -> float:
        """Return the mean recall over the classes that occur."""
        import numpy as np

        if len(labels) == 0:
            return float("nan")
        classes = probabilities.shape[1]
        counts = np.bincount(labels, minlength=classes)
        hits = np.bincount(labels[labels == probabilities.argmax(axis=1)], minlength=classes)
        return float((hits[counts > 0] / counts[counts > 0]).mean())

    def resampled(self, labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Return the mean recall for each way of counting."""
        truth, answers = (
            _one_hot(labels, probabilities),
            _one_hot(probabilities.argmax(axis=1), probabilities),
        )
        hits, counts = weights @ (truth * answers), weights @ truth
        return _divided(_divided(hits, counts, 0).sum(axis=1), (counts > 0).sum(axis=1))


class LogLoss(MeanMetric):
    """Mean of minus the logarithm of the true class's probability, in nats; less is better."""

    name = "log-loss"
    greater_is_better = False
    percent = False

    def scores(self, labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        """Return cross-entropies, with probabilities kept above float32's resolution, as scikit-learn does."""
        import numpy as np

        scaled = probabilities / probabilities.sum(axis=1, keepdims=True)
        smallest = np.finfo(probabilities.dtype).eps
        losses: np.ndarray = -np.log(scaled[np.arange(len(labels)), labels].clip(smallest, 1 - smallest))
        return losses


def _one_hot(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return indicators of classes, float32, shape (n, classes)."""
    import numpy as np

    return np.eye(probabilities.shape[1], dtype=np.float32)[labels]


def _divided(above: np.ndarray, below: np.ndarray, otherwise: float = float("nan")) -> np.ndarray:
    import numpy as np

    return np.divide(above, below, out=np.full(above.shape, otherwise, np.float64), where=below > 0)
