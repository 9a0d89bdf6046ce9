from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

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
    from sklearn.calibration import calibration_curve

    accuracy, mean_confidence = calibration_curve(hits, confidence, n_bins=10)
    bins = pd.DataFrame(calibration([cell]).bins)
    np.testing.assert_allclose(bins["accuracy"], accuracy)
    np.testing.assert_allclose(bins["confidence"], mean_confidence, rtol=1e-6)


def test_the_error_is_the_mean_gap_weighted_by_how_many_answers_there_are(cell: SetPredictions) -> None:
    found = calibration([cell])
    error, bins = found.error, pd.DataFrame(found.bins)
    gaps = (bins["accuracy"] - bins["confidence"]).abs()
    assert error == pytest.approx(float((gaps * bins["count"]).sum() / bins["count"].sum()))
    assert bins["count"].sum() == 500


def test_a_model_that_is_always_sure_and_right_has_no_error() -> None:
    names = np.array(["a", "b"])
    cell = SetPredictions(names, names, np.array([0, 1]), np.eye(2, dtype=np.float32))
    found = calibration([cell])
    error, bins = found.error, pd.DataFrame(found.bins)
    assert (error, found.floor) == (0, 0)
    assert (bins["bin_low"].iloc[0], bins["bin_high"].iloc[0]) == pytest.approx((0.9, 1.0))


def test_the_floor_is_the_error_that_a_calibrated_model_shows_by_chance() -> None:
    rng = np.random.default_rng(1)
    names = np.array([str(number) for number in range(120)])
    confidence = rng.uniform(0.5, 1, 120).astype(np.float32)
    probabilities = np.column_stack([confidence, 1 - confidence])
    found = [
        calibration(
            [SetPredictions(names, names, (rng.random(120) >= confidence).astype(int), probabilities)]
        )
        for _ in range(400)
    ]
    assert found[0].floor == pytest.approx(np.mean([each.error for each in found]), rel=0.05)


def test_a_bin_has_its_upper_edge_in_the_precision_that_predictions_are_stored_in() -> None:
    """A vote of three of five is 0.6, and as a number of 32 bits a little more."""
    names = np.array(["a"])
    for votes in (2, 3, 6, 7):
        other = (10 - votes) / 10 / 9
        row = np.array([[votes / 10, *[other] * 9]], np.float32)
        (own,) = calibration([SetPredictions(names, names, np.array([0]), row)]).bins
        assert own.bin_high == pytest.approx(votes / 10)
