from __future__ import annotations

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from benchmark.analysis.calibration import calibration
from benchmark.results.predictions import SetPredictions


@pytest.fixture
def cell() -> SetPredictions:
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(2), 500).astype(np.float32)
    labels = (rng.random(500) < probabilities[:, 1] ** 1.5).astype(int)
    names = np.array([str(number) for number in range(500)])
    return SetPredictions(names, names, labels, probabilities)


def test_bins_are_those_of_scikit_learn(cell: SetPredictions) -> None:
    confidence = cell.probabilities.max(axis=1)
    hits = cell.probabilities.argmax(axis=1) == cell.labels
    accuracy, mean_confidence = calibration_curve(hits, confidence, n_bins=10)
    _, bins = calibration([cell])
    np.testing.assert_allclose(bins["accuracy"], accuracy)
    np.testing.assert_allclose(bins["confidence"], mean_confidence, rtol=1e-6)


def test_the_error_is_the_mean_gap_weighted_by_how_many_answers_there_are(cell: SetPredictions) -> None:
    error, bins = calibration([cell])
    gaps = (bins["accuracy"] - bins["confidence"]).abs()
    assert error == pytest.approx(float((gaps * bins["count"]).sum() / bins["count"].sum()))
    assert bins["count"].sum() == 500


def test_a_model_that_is_always_sure_and_right_has_no_error() -> None:
    names = np.array(["a", "b"])
    cell = SetPredictions(names, names, np.array([0, 1]), np.eye(2, dtype=np.float32))
    error, bins = calibration([cell])
    assert error == 0
    assert (bins["bin_low"].iloc[0], bins["bin_high"].iloc[0]) == pytest.approx((0.9, 1.0))
