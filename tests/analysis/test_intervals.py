from __future__ import annotations

import numpy as np
import pytest
from simulated import Accuracy, World, predictions
from statsmodels.stats.proportion import proportion_confint

from bench_metrics import MacroF1
from benchmark.analysis.intervals import interval, satterthwaite, variance, wilson
from benchmark.analysis.resampling import Weights, resample
from benchmark.plugin.metric import Metric
from benchmark.results.predictions import SetPredictions


@pytest.fixture(scope="module")
def weights() -> Weights:
    return Weights(400)


@pytest.mark.parametrize("right", [0, 1, 37, 99, 100])
def test_the_accuracy_of_one_cell_has_wilsons_interval(weights: Weights, right: int) -> None:
    row = resample(Accuracy(), {"0": predictions(np.arange(100) < right)}, weights)
    found = interval(row, proportion=True, percent=True)
    expected = proportion_confint(right, 100, method="wilson")
    assert (found.low, found.high) == pytest.approx(expected, abs=1e-12)
    assert found.method == "Wilson, over tracks"


def test_without_seeds_and_groups_the_bootstrap_has_the_variance_of_a_proportion() -> None:
    row = resample(Accuracy(), {"0": predictions(np.arange(300) < 120)}, Weights(4000))
    assert variance(row).total == pytest.approx(0.4 * 0.6 / 300, rel=0.1)


def test_tracks_of_one_group_count_as_one(weights: Weights) -> None:
    """All tracks of a group are right or wrong together: what matters is how many groups there are."""
    hits = np.repeat(np.arange(50) < 30, 6)
    groups = np.repeat([f"artist{n}" for n in range(50)], 6)
    row = resample(Accuracy(), {"0": predictions(hits, groups)}, weights)
    low, high = proportion_confint(30, 50, method="wilson")
    found = interval(row, proportion=True, percent=True)
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.03)
    assert row.units == 50


def test_seeds_that_differ_widen_the_interval(weights: Weights) -> None:
    same = {str(seed): predictions(np.arange(200) < 120) for seed in range(3)}
    different = {str(seed): predictions(np.arange(200) < 100 + 20 * seed) for seed in range(3)}
    narrow = interval(resample(Accuracy(), same, weights), proportion=True, percent=True)
    wide = interval(resample(Accuracy(), different, weights), proportion=True, percent=True)
    assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)


def test_more_seeds_on_the_same_tracks_do_not_pretend_to_be_more_tracks(weights: Weights) -> None:
    hits = np.arange(200) < 120
    one = interval(resample(Accuracy(), {"0": predictions(hits)}, weights), proportion=True, percent=True)
    ten = {str(seed): predictions(hits) for seed in range(10)}
    many = interval(resample(Accuracy(), ten, weights), proportion=True, percent=True)
    assert many.high - many.low == pytest.approx(one.high - one.low, rel=0.1)


@pytest.mark.parametrize(
    ("seeds", "tracks", "group", "seed_sd", "own_tracks"),
    [
        (1, 100, 1, 0.0, False),
        (1, 120, 3, 0.0, False),
        (3, 100, 1, 0.3, False),
        (3, 300, 3, 0.3, False),
        (5, 60, 1, 0.1, False),
        (3, 100, 1, 0.1, True),
    ],
)
def test_intervals_cover_the_truth_about_as_often_as_they_say(
    weights: Weights, seeds: int, tracks: int, group: int, seed_sd: float, own_tracks: bool
) -> None:
    world, rng = World(seeds, tracks, group, seed_sd, own_tracks=own_tracks), np.random.default_rng(1)
    truth, covered, repeats = world.accuracy(0.5), 0, 250
    for _ in range(repeats):
        (row,) = world.draw(rng, (0.5,), weights)
        found = interval(row, proportion=True, percent=True)
        covered += found.low <= truth <= found.high
    assert 0.90 <= covered / repeats <= 0.99


def test_intervals_of_macro_f1_cover_the_truth_too(weights: Weights) -> None:
    rng, classes, repeats = np.random.default_rng(2), 4, 200
    names = np.array([f"{number:03d}" for number in range(100)])

    def cell(tracks: np.ndarray) -> SetPredictions:
        labels = rng.integers(0, classes, len(tracks))
        odds = np.exp(1.2 * np.eye(classes)[labels] + rng.normal(size=(len(tracks), classes)))
        shares = (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)
        return SetPredictions(tracks, tracks, labels, shares)

    many = cell(np.arange(100_000))
    truth = MacroF1().compute(many.labels, many.probabilities)
    covered = 0
    for _ in range(repeats):
        row = resample(MacroF1(), {"0": cell(names)}, weights)
        found = interval(row, proportion=False, percent=True)
        covered += found.low <= truth <= found.high
    assert 0.91 <= covered / repeats <= 0.99


def test_a_metric_that_can_only_be_computed_is_resampled_all_the_same() -> None:
    class Share(Metric):
        name = "share"

        def compute(self, labels: np.ndarray, probabilities: np.ndarray) -> float:
            return float((probabilities.argmax(axis=1) == labels).mean())

    row = resample(Share(), {"0": predictions(np.arange(100) < 60)}, Weights(400))
    found = interval(row, proportion=False, percent=True)
    assert found.high - found.low == pytest.approx(2 * 1.98 * np.sqrt(0.24 / 100), rel=0.15)
    assert found.method == "bootstrap, over tracks"


def test_wilsons_interval_stays_between_nothing_and_all() -> None:
    assert wilson(0.0, 10, 1.96)[0] == 0
    assert wilson(1.0, 10, 1.96)[1] == 1


def test_degrees_of_freedom_are_those_of_the_part_that_dominates() -> None:
    assert satterthwaite(1.0, 99, 0.0, 2) == pytest.approx(99)
    assert satterthwaite(0.0, 99, 1.0, 2) == pytest.approx(2)
    assert 2 < satterthwaite(1.0, 99, 1.0, 2) < 99
