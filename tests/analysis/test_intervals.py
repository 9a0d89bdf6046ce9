from __future__ import annotations

import numpy as np
import pytest
from simulated import Accuracy, World, predictions

from bench_metrics import MacroF1
from benchmark.analysis.intervals import Interval, interval, wilson
from benchmark.analysis.measured import Measured, measure
from benchmark.analysis.resampling import Weights
from benchmark.analysis.seeds import seed_variances
from benchmark.plugin.metric import Metric
from benchmark.results.predictions import SetPredictions


def limits(row: Measured, *, proportion: bool, bounds: tuple[float, float] | None = (0.0, 1.0)) -> Interval:
    """Return the interval of a row that stands alone."""
    seeds = seed_variances([row])
    return interval(
        row,
        float(seeds.values[0]) / len(row.cells),
        float(seeds.freedom[0]),
        proportion=proportion,
        bounds=bounds,
    )


@pytest.fixture(scope="module")
def weights() -> Weights:
    return Weights(400)


@pytest.mark.parametrize("right", [0, 1, 37, 99, 100])
def test_the_accuracy_of_one_cell_has_wilsons_interval(weights: Weights, right: int) -> None:
    row = measure(Accuracy(), {"0": predictions(np.arange(100) < right)}, weights)
    found = limits(row, proportion=True)
    from statsmodels.stats.proportion import proportion_confint

    expected = proportion_confint(right, 100, method="wilson")
    assert (found.low, found.high) == pytest.approx(expected, abs=1e-12)
    assert found.method == "Wilson, over tracks"


def test_tracks_of_one_group_count_as_one(weights: Weights) -> None:
    """All tracks of a group are right or wrong together: what matters is how many groups there are."""
    hits = np.repeat(np.arange(50) < 30, 6)
    groups = np.repeat([f"artist{n}" for n in range(50)], 6)
    row = measure(Accuracy(), {"0": predictions(hits, groups)}, weights)
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(30, 50, method="wilson")
    found = limits(row, proportion=True)
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.03)
    assert row.units == 50


def test_seeds_that_differ_widen_the_interval(weights: Weights) -> None:
    same = {str(seed): predictions(np.arange(200) < 120) for seed in range(3)}
    different = {str(seed): predictions(np.arange(200) < 100 + 20 * seed) for seed in range(3)}
    narrow = limits(measure(Accuracy(), same, weights), proportion=True)
    wide = limits(measure(Accuracy(), different, weights), proportion=True)
    assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)


def test_more_seeds_on_the_same_tracks_do_not_pretend_to_be_more_tracks(weights: Weights) -> None:
    hits = np.arange(200) < 120
    one = limits(measure(Accuracy(), {"0": predictions(hits)}, weights), proportion=True)
    ten = {str(seed): predictions(hits) for seed in range(10)}
    many = limits(measure(Accuracy(), ten, weights), proportion=True)
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
        found = limits(row, proportion=True)
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
        row = measure(MacroF1(), {"0": cell(names)}, weights)
        found = limits(row, proportion=False)
        covered += found.low <= truth <= found.high
    assert 0.91 <= covered / repeats <= 0.99


def test_a_metric_that_can_only_be_computed_is_resampled_all_the_same() -> None:
    class Share(Metric):
        name = "share"

        def compute(self, labels: np.ndarray, probabilities: np.ndarray) -> float:
            return float((probabilities.argmax(axis=1) == labels).mean())

    row = measure(Share(), {"0": predictions(np.arange(100) < 60)}, Weights(400))
    found = limits(row, proportion=False)
    assert found.high - found.low == pytest.approx(2 * 1.98 * np.sqrt(0.24 / 100), rel=0.15)
    assert found.method == "bootstrap, over tracks"


def test_wilsons_interval_stays_between_nothing_and_all() -> None:
    assert wilson(0.0, 10, 1.96)[0] == 0
    assert wilson(1.0, 10, 1.96)[1] == 1


@pytest.mark.parametrize("tracks", [1, 2])
def test_one_or_two_tracks_have_no_interval_and_it_says_why(weights: Weights, tracks: int) -> None:
    row = measure(Accuracy(), {str(n): predictions(np.ones(tracks, bool)) for n in range(3)}, weights)
    found = limits(row, proportion=True)
    assert np.isnan([found.low, found.high]).all()
    assert found.method == f"none: {tracks} track{'s' if tracks > 1 else ''} show no spread"


def test_twelve_tracks_of_one_artist_are_one_unit(weights: Weights) -> None:
    row = measure(Accuracy(), {"0": predictions(np.arange(12) < 8, np.array(["artist"] * 12))}, weights)
    assert np.isnan(limits(row, proportion=True).low)


def test_an_interval_stays_within_the_bounds_that_a_metric_declares(weights: Weights) -> None:
    class Correlation(Metric):
        name = "correlation"
        bounds = (-1.0, 1.0)

        def compute(self, labels: np.ndarray, probabilities: np.ndarray) -> float:
            return 2 * float((probabilities.argmax(axis=1) == labels).mean()) - 1

    assert (Correlation.limits(), Accuracy.limits(), MacroF1.limits()) == (
        (-1.0, 1.0),
        (0.0, 1.0),
        (0.0, 1.0),
    )
    row = measure(Correlation(), {"0": predictions(np.arange(12) < 1)}, Weights(400))
    found = limits(row, proportion=False, bounds=Correlation.limits())
    assert found.low == -1
    assert found.high < 0


@pytest.mark.parametrize("right", [True, False])
def test_a_measure_at_its_bound_has_an_interval_as_an_accuracy_there_has(
    weights: Weights, right: bool
) -> None:
    """That all of 40 tracks are recognised does not say that all others are."""
    labels = np.arange(40) % 4
    names = np.array([str(number) for number in range(40)])
    answers = np.eye(4, dtype=np.float32)[labels if right else (labels + 1) % 4]
    row = measure(MacroF1(), {"0": SetPredictions(names, names, labels, answers)}, weights)
    found = limits(row, proportion=False)
    from statsmodels.stats.proportion import proportion_confint

    expected = proportion_confint(40 * right, 40, method="beta")
    assert (found.low, found.high) == pytest.approx(expected, abs=1e-9)
