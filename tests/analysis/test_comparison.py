from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from simulated import Accuracy, World, predictions
from statsmodels.stats.contingency_tables import mcnemar as reference_mcnemar
from statsmodels.stats.multitest import multipletests

from benchmark.analysis.comparison import compare, holm, joint, mcnemar, separable
from benchmark.analysis.intervals import variance
from benchmark.analysis.resampling import Weights, resample


@pytest.fixture(scope="module")
def weights() -> Weights:
    return Weights(400)


def row(weights: Weights, *hits: np.ndarray, groups: np.ndarray | None = None):
    return resample(
        Accuracy(), {str(seed): predictions(each, groups) for seed, each in enumerate(hits)}, weights
    )


def test_holms_correction_is_that_of_statsmodels() -> None:
    p = np.random.default_rng(0).random(30) ** 3
    np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1])


@pytest.mark.parametrize(("first", "second"), [(0, 0), (3, 12), (12, 3), (7, 7), (0, 9)])
def test_mcnemars_test_is_that_of_statsmodels(first: int, second: int) -> None:
    expected = reference_mcnemar([[50, first], [second, 20]], exact=True).pvalue
    assert mcnemar(np.array([first]), np.array([second]))[0] == pytest.approx(expected)


def test_two_single_cells_are_compared_by_mcnemars_exact_test(weights: Weights) -> None:
    one, other = np.arange(100) < 60, np.arange(100) < 52
    (line,) = compare({4: row(weights, one), 7: row(weights, other)}, "test/top1", proportion=True).to_dict(
        "records"
    )
    assert (line["row"], line["other"], line["test"]) == (4, 7, "exact McNemar")
    assert line["difference"] == pytest.approx(0.08)
    assert line["p"] == pytest.approx(stats.binomtest(0, 8).pvalue)


def test_a_difference_of_paired_rows_has_the_interval_of_a_paired_test() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.random(400) < 0.7, rng.random(400) < 0.6
    found = compare({0: row(Weights(4000), one), 1: row(Weights(4000), other)}, "m", proportion=False).iloc[0]
    expected = stats.ttest_rel(one.astype(float), other.astype(float)).confidence_interval()
    assert (found["low"], found["high"]) == pytest.approx((expected.low, expected.high), abs=0.006)


def test_a_row_and_itself_cannot_be_told_apart(weights: Weights) -> None:
    hits = [np.random.default_rng(seed).random(80) < 0.6 for seed in range(3)]
    found = compare({0: row(weights, *hits), 1: row(weights, *hits)}, "m", proportion=True).iloc[0]
    assert (found["difference"], found["p"], found["p_holm"]) == (0, 1, 1)


def test_the_order_of_rows_changes_signs_and_nothing_else(weights: Weights) -> None:
    rng = np.random.default_rng(3)
    rows = {n: row(weights, *(rng.random(90) < 0.5 + n / 10 for _ in range(3))) for n in range(3)}
    forth = compare(rows, "m", proportion=True).set_index(["row", "other"])
    back = compare(dict(reversed(rows.items())), "m", proportion=True).set_index(["row", "other"])
    for (first, second), line in forth.iterrows():
        other = back.loc[(second, first)]
        assert line["difference"] == pytest.approx(-other["difference"])
        assert line["p"] == pytest.approx(other["p"])


@pytest.mark.parametrize("tracks", [90, 20])
def test_another_row_changes_no_interval(weights: Weights, tracks: int) -> None:
    """Even one with fewer tracks and seeds, each seed with tracks of its own."""
    rng = np.random.default_rng(3)
    rows = {n: row(weights, *(rng.random(90) < 0.5 + n / 10 for _ in range(3))) for n in range(2)}
    (other,) = World(3 if tracks == 90 else 2, tracks, 1, 0.1, own_tracks=True).draw(rng, (0.5,), weights)
    few = compare(rows, "m", proportion=True).iloc[0]
    many = compare({**rows, 2: other}, "m", proportion=True).iloc[0]
    for name in ("difference", "low", "high", "p", "units"):
        assert few[name] == pytest.approx(many[name], rel=1e-12)


def test_pairing_by_track_makes_differences_sharper_than_rows_on_their_own(weights: Weights) -> None:
    world = World(3, 200, 1, 0.1)
    one, other = world.draw(np.random.default_rng(0), (0.5, 0.6), weights)
    found = joint({0: one, 1: other})
    _, paired = found.contrast(np.array([1.0, -1.0]))
    assert paired.tracks < 0.8 * (variance(one).tracks + variance(other).tracks)


@pytest.mark.parametrize(("seeds", "group"), [(1, 1), (1, 4), (3, 1), (3, 4)])
def test_equal_rows_are_found_different_in_about_five_of_a_hundred_cases(
    weights: Weights, seeds: int, group: int
) -> None:
    # With one seed nothing can be known of how much seeds differ, and reports say so.
    seed_sd = 0.15 if seeds > 1 else 0.0
    world, rng, repeats = World(seeds, 120, group, seed_sd), np.random.default_rng(5), 250
    wrong = 0
    for _ in range(repeats):
        one, other = world.draw(rng, (0.4, 0.4), weights)
        wrong += compare({0: one, 1: other}, "m", proportion=True).iloc[0]["p"] < 0.05
    assert wrong / repeats <= 0.09


def test_among_equal_rows_any_is_found_different_in_at_most_about_five_of_a_hundred_cases(
    weights: Weights,
) -> None:
    world, rng, repeats = World(3, 120, 1, 0.1), np.random.default_rng(5), 200
    wrong = 0
    for _ in range(repeats):
        rows = dict(enumerate(world.draw(rng, (0.4,) * 5, weights)))
        wrong += (compare(rows, "m", proportion=True)["p_holm"] < 0.05).any()
    assert wrong / repeats <= 0.09


def test_a_real_difference_is_found(weights: Weights) -> None:
    world, rng = World(3, 300, 1, 0.05), np.random.default_rng(5)
    found = [
        compare(dict(enumerate(world.draw(rng, (0.2, 0.8), weights))), "m", proportion=True).iloc[0]["p"]
        < 0.05
        for _ in range(40)
    ]
    assert np.mean(found) > 0.9


def test_what_290_tracks_can_separate_is_what_careful_papers_say(weights: Weights) -> None:
    """Two systems of 80 % that agree on most tracks need about 4.5 points on 290 clips."""
    rng = np.random.default_rng(0)
    hard = rng.random(290) < 0.12
    rows = {n: row(weights, np.where(hard, rng.random(290) < 0.4, rng.random(290) < 0.99)) for n in range(4)}
    assert 0.025 < separable(compare(rows, "m", proportion=False)) < 0.065
