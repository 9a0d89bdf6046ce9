from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from benchmark.analysis.confusion import confusion
from benchmark.results.row_predictions import RowPredictions


def make_predictions(labels: np.ndarray, answers: np.ndarray, classes: int) -> RowPredictions:
    names = np.array([str(number) for number in range(len(labels))])
    return RowPredictions(
        np.full(len(labels), "0"), names, names, labels, np.eye(classes, dtype=np.float32)[answers],
        tuple("abcd"[:classes]),
    )  # fmt: skip


def test_it_agrees_with_scikit_learn_normalised_by_the_true_class() -> None:
    random = np.random.default_rng(5)
    labels, answers = random.integers(4, size=(2, 200))
    found = confusion(make_predictions(labels, answers, 4))
    assert found.to_numpy() == pytest.approx(confusion_matrix(labels, answers, normalize="true"))
    assert found.index.tolist() == found.columns.tolist() == list("abcd")


def test_the_line_of_a_class_that_never_occurs_is_empty_rather_than_zero() -> None:
    found = confusion(make_predictions(np.array([0, 0, 1]), np.array([0, 2, 1]), 3))
    assert found.loc["c"].isna().all()
    assert found.loc["a"].tolist() == [0.5, 0.0, 0.5]
