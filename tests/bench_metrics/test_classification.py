from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as reference

from bench_metrics import BalancedAccuracy, LogLoss, MacroF1, Top1, Top2, TopK
from benchmark import Metric


@pytest.fixture
def answers() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(6), 200)
    labels = np.where(rng.random(200) < 0.5, probabilities.argmax(axis=1), rng.integers(0, 5, 200))
    return labels, probabilities


def test_metrics_are_those_of_scikit_learn(answers) -> None:
    labels, probabilities = answers
    guessed = probabilities.argmax(axis=1)
    classes = list(range(6))
    expected = {
        Top1(): reference.accuracy_score(labels, guessed),
        Top2(): reference.top_k_accuracy_score(labels, probabilities, k=2, labels=classes),
        TopK(k=4): reference.top_k_accuracy_score(labels, probabilities, k=4, labels=classes),
        MacroF1(): reference.f1_score(labels, guessed, average="macro"),
        BalancedAccuracy(): reference.balanced_accuracy_score(labels, guessed),
        LogLoss(): reference.log_loss(labels, probabilities, labels=classes),
    }
    for metric, value in expected.items():
        assert metric.compute(labels, probabilities) == pytest.approx(value, rel=1e-6), metric.name


def test_an_answer_that_is_the_same_for_all_classes_scores_chance() -> None:
    labels = np.arange(10)
    even = np.full((10, 10), 0.1, np.float32)
    assert Top1().compute(labels, even) == pytest.approx(0.1)
    assert Top2().compute(labels, even) == pytest.approx(0.2)
    assert TopK(k=10).compute(labels, even) == 1


def test_a_tie_for_the_last_place_counts_by_chance() -> None:
    probabilities = np.array([[0.5, 0.25, 0.25]])
    assert Top2().compute(np.array([1]), probabilities) == 0.5
    assert Top2().compute(np.array([0]), probabilities) == 1


def test_a_certain_and_wrong_answer_costs_much_but_not_infinitely() -> None:
    assert 10 < LogLoss().compute(np.array([0]), np.array([[0.0, 1.0]], np.float32)) < 100


def test_no_tracks_give_no_value() -> None:
    for metric in (Top1(), MacroF1(), BalancedAccuracy(), LogLoss()):
        assert np.isnan(metric.compute(np.zeros(0, int), np.zeros((0, 3))))


@pytest.mark.parametrize("metric", [Top1(), Top2(), TopK(k=3), MacroF1(), BalancedAccuracy(), LogLoss()])
def test_counting_tracks_by_weights_is_the_same_as_repeating_them(metric) -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 60)
    probabilities = rng.dirichlet(np.ones(5), 60).astype(np.float32)
    weights = rng.poisson(1, (20, 60)).astype(np.float32)
    weights[0] = 0
    plain = Metric.resampled(metric, labels, probabilities, weights)
    np.testing.assert_allclose(metric.resampled(labels, probabilities, weights), plain, rtol=1e-5)
    assert np.isnan(plain[0])
