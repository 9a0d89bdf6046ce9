"""Metrics of classification, over tracks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from benchmark import Metric

if TYPE_CHECKING:
    import numpy as np


def top_k_accuracy(labels: np.ndarray, probabilities: np.ndarray, k: int) -> float:
    """Return the share of tracks whose true class is among the ``k`` most probable ones.

    Where classes tie for the last places, a track counts by the chance that a random choice among them would take
    the true class. So a model that answers the same for all classes gets k / classes, and not 100 %.
    """
    import numpy as np

    if len(labels) == 0:
        return float("nan")
    true = probabilities[np.arange(len(labels)), labels][:, None]
    above = (probabilities > true).sum(axis=1)
    tied = (probabilities == true).sum(axis=1)
    return float(np.clip((k - above) / tied, 0, 1).mean())


class TopK(Metric):
    """Share of tracks whose true class is among the ``k`` most probable; ties count by chance."""

    name = "top-k"

    def __init__(self, *, k: Annotated[int, Field(gt=0)]) -> None:
        self.k = k

    def compute(self, labels: np.ndarray, probabilities: np.ndarray) -> float:
        """See ``top_k_accuracy``."""
        return top_k_accuracy(labels, probabilities, self.k)


class Top1(Metric):
    """Accuracy: share of tracks whose true class is the most probable; ties count by chance."""

    name = "top1"

    def compute(self, labels: np.ndarray, probabilities: np.ndarray) -> float:
        """See ``top_k_accuracy``."""
        return top_k_accuracy(labels, probabilities, 1)


class Top2(Metric):
    """Share of tracks whose true class is among the two most probable; ties count by chance."""

    name = "top2"

    def compute(self, labels: np.ndarray, probabilities: np.ndarray) -> float:
        """See ``top_k_accuracy``."""
        return top_k_accuracy(labels, probabilities, 2)


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


class LogLoss(Metric):
    """Mean of minus the logarithm of the true class's probability, in nats; less is better."""

    name = "log-loss"
    greater_is_better = False
    percent = False

    def compute(self, labels: np.ndarray, probabilities: np.ndarray) -> float:
        """Return the cross-entropy, with probabilities kept above float32's resolution, as scikit-learn does."""
        import numpy as np

        if len(labels) == 0:
            return float("nan")
        scaled = probabilities / probabilities.sum(axis=1, keepdims=True)
        smallest = np.finfo(probabilities.dtype).eps
        return float(-np.log(scaled[np.arange(len(labels)), labels].clip(smallest, 1 - smallest)).mean())
