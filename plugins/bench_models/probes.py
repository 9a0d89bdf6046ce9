"""Probes: how well do simple classifiers read what features hold?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from benchmark import SklearnModel

if TYPE_CHECKING:
    from sklearn.base import ClassifierMixin

Pooling = Literal["time", "none"]


class Probe(SklearnModel):
    """A classifier on standardised vectors: means and deviations over time, or all values of a clip."""

    def __init__(self, **parameters: Any) -> None:
        super().__init__(**parameters)
        self.pooled = parameters.get("pooling", "time") == "time"


class Linear(Probe):
    """Multinomial logistic regression on standardised features, the usual linear probe."""

    name = "linear"

    def estimator(
        self,
        random_state: int,
        *,
        C: Annotated[float, Field(gt=0)] = 1.0,  # noqa: N803
        pooling: Pooling = "time",
    ) -> ClassifierMixin:
        """Return standardisation and a logistic regression with an L2 penalty of 1 / ``C``."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        return make_pipeline(StandardScaler(), LogisticRegression(C=C, max_iter=1000))

    @classmethod
    def space(cls) -> dict[str, Any]:
        """Return the strength of the penalty."""
        return {"model.C": {"low": 1e-3, "high": 1e3, "log": True}}


class Knn(Probe):
    """Votes of the nearest training clips, by Euclidean distance of standardised features."""

    name = "knn"

    def estimator(
        self,
        random_state: int,
        *,
        neighbours: Annotated[int, Field(gt=0)] = 5,
        weights: Literal["uniform", "distance"] = "uniform",
        pooling: Pooling = "time",
    ) -> ClassifierMixin:
        """Return standardisation and a vote of ``neighbours``, weighed by nothing or by closeness."""
        from sklearn.neighbors import KNeighborsClassifier
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        return make_pipeline(StandardScaler(), KNeighborsClassifier(neighbours, weights=weights))

    @classmethod
    def space(cls) -> dict[str, Any]:
        """Return how many neighbours vote, and how."""
        return {"model.neighbours": [1, 3, 5, 9, 15], "model.weights": ["uniform", "distance"]}
