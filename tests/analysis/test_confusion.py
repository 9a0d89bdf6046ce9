from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from benchmark.analysis.confusion import confusion
from benchmark.results.predictions import SetPredictions


def make_cell(labels: np.ndarray, answers: np.ndarray, classes: int) -> SetPredictions:
    names = np.array([str(number) for number in range(len(labels))])
    return SetPredictions(names, names, labels, np.eye(classes, dtype=np.float32)[answers])


def test_it_agrees_with_scikit_learn_normalised_by_the_true_class() -> None:
    random = np.random.default_rng(5)
    labels, answers = random.integers(4, size=(2, 200))
    shares = confusion(
        [make_cell(labels[:80], answers[:80], 4), make_cell(labels[80:], answers[80:], 4)], "abcd"
    )
    assert shares.to_numpy() == pytest.approx(confusion_matrix(labels, answers, normalize="true"))
    assert shares.index.tolist() == shares.columns.tolist() == list("abcd")


def test_the_line_of_a_class_that_never_occurs_is_empty_rather_than_zero() -> None:
    shares = confusion([make_cell(np.array([0, 0, 1]), np.array([0, 2, 1]), 3)], "abc")
    assert shares.loc["c"].isna().all()
    assert shares.loc["a"].tolist() == [0.5, 0.0, 0.5]
