from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

from bench_models import Knn, Linear


def clips(count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    labels = np.arange(count) % 3
    return (rng.normal(labels[:, None, None, None], 2.0, (count, 4, 5, 2))).astype(np.float32), labels


def pooled(inputs: np.ndarray) -> np.ndarray:
    flat = [each.reshape(len(inputs), -1) for each in (inputs.mean(axis=2), inputs.std(axis=2))]
    return np.concatenate(flat, axis=1)


def flattened(inputs: np.ndarray) -> np.ndarray:
    return inputs.reshape(len(inputs), -1)


@pytest.mark.parametrize(("pooling", "vectors"), [("time", pooled), ("none", flattened)])
@pytest.mark.parametrize(
    ("probe", "parameters", "reference"),
    [
        (Linear, {"C": 0.5}, LogisticRegression(C=0.5, max_iter=1000)),
        (Knn, {"neighbours": 3, "weights": "distance"}, KNeighborsClassifier(3, weights="distance")),
    ],
)
def test_answers_are_scikit_learns(probe, parameters, reference, pooling, vectors) -> None:
    inputs, labels = clips()
    model = probe(**parameters, pooling=pooling)
    ours = model.estimator(0, **model.parameters).fit(model.vectors(inputs[:40]), labels[:40])
    scaler = StandardScaler().fit(vectors(inputs[:40]))
    theirs = reference.fit(scaler.transform(vectors(inputs[:40])), labels[:40])
    np.testing.assert_allclose(
        ours.predict_proba(model.vectors(inputs[40:])),
        theirs.predict_proba(scaler.transform(vectors(inputs[40:]))),
        atol=1e-6,
    )
