from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy
from simulated import Accuracy, World, predictions

from benchmark.analysis.comparison import compare
from benchmark.analysis.contrast import family
from benchmark.analysis.holm import holm
from benchmark.analysis.measured import Measured, measure
from benchmark.analysis.resampling import Weights
from benchmark.analysis.seeds import seed_variances
from benchmark.plugin.metric import Metric

NONE = Weights(1)


def row(*hits: np.ndarray, groups: np.ndarray | None = None, metric: Metric | None = None) -> Measured:
    cells = {str(seed): predictions(each, groups) for seed, each in enumerate(hits)}
    return measure(metric or Accuracy(), cells, Weights(400))


def fixed(hits: np.ndarray, groups: np.ndarray | None = None) -> Measured:
    """Return a row that no seed changes: two give the same answers."""
    return row(hits, hits, groups=groups)


def drawn(seed: int, *shares: float, tracks: int = 90, seeds: int = 3) -> dict[int, Measured]:
    rng = np.random.default_rng(seed)
    return {n: row(*(rng.random(tracks) < share for _ in range(seeds))) for n, share in enumerate(shares)}


def test_holms_correction_is_that_of_statsmodels() -> None:
    p = np.random.default_rng(0).random(30) ** 3
    from statsmodels.stats.multitest import multipletests

    np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1], atol=1e-12)


def test_what_is_no_test_is_not_counted_as_one() -> None:
    p = np.array([0.01, np.nan, 0.03, np.nan])
    np.testing.assert_allclose(holm(p), [0.02, np.nan, 0.03, np.nan])


def test_rows_that_no_seed_changes_are_compared_as_scipys_paired_t_test_does() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.random(400) < 0.7, rng.random(400) < 0.6
    found = compare({0: fixed(one), 1: fixed(other)}, "m").iloc[0]
    expected = scipy.stats.ttest_rel(one.astype(float), other.astype(float))
    limits = expected.confidence_interval()
    assert found["p"] == pytest.approx(expected.pvalue, abs=1e-9)
    assert (found["low"], found["high"]) == pytest.approx((limits.low, limits.high), abs=1e-9)


def test_a_difference_has_the_interval_of_the_values_that_its_test_does_not_reject() -> None:
    rows = drawn(1, 0.6, 0.7, 0.5)
    found = family(rows)
    contrast = found.differences(np.array([0]), np.array([1]))
    low, high = contrast.interval()
    for end in (low, high):
        moved = contrast.values - end
        z = np.abs(moved) / contrast.error
        p = sum(
            part * 2 * scipy.stats.t.sf(z, freedom)
            for part, freedom in zip(contrast.parts, contrast.freedom, strict=True)
        )
        assert p / contrast.parts.sum(axis=0) == pytest.approx(0.05, abs=1e-9)


def test_the_seeds_of_two_rows_are_not_paired() -> None:
    rows = drawn(2, 0.6, 0.7, 0.5, 0.6, 0.6)
    found, seeds = family(rows), seed_variances(list(rows.values()))
    contrast = found.differences(np.array([0]), np.array([1]))
    assert contrast.parts[1:, 0] == pytest.approx(seeds.values[:2] / 3)


def test_two_seeds_whose_differences_agree_by_chance_prove_nothing() -> None:
    """Seeds at 71.0 and 54.5 against 85.5 and 70.0: their difference is 14.5 and 15.5, and yet luck."""
    rng = np.random.default_rng(0)

    def hits(share: float) -> np.ndarray:
        return rng.permutation(np.arange(200) < round(share * 200))

    rows = {0: row(hits(0.71), hits(0.545)), 1: row(hits(0.855), hits(0.70))}
    assert compare(rows, "m").iloc[0]["p"] > 0.1


def test_the_same_answers_are_equal_and_count_as_no_test() -> None:
    rows = drawn(3, 0.6, 0.8)
    rows[2] = rows[0]
    found = compare(rows, "m", alike={2: 0}, smallest=0.02).set_index(["row", "other"])
    assert found.loc[(0, 2), ["difference", "low", "high", "p_holm", "verdict"]].tolist() == [
        0,
        0,
        0,
        1,
        "equal",
    ]
    assert found.loc[(0, 1), "p_holm"] == found.loc[(0, 1), "p"]
    assert found.loc[(1, 2), "difference"] == pytest.approx(-found.loc[(0, 1), "difference"])
    assert found.loc[(1, 2), "p"] == found.loc[(0, 1), "p"]


def test_all_rows_may_give_the_same_answers() -> None:
    rows = drawn(3, 0.6)
    found = compare({0: rows[0], 1: rows[0]}, "m", alike={1: 0}, smallest=0.02)
    assert found["verdict"].tolist() == ["equal"]


def test_the_order_of_rows_changes_signs_and_nothing_else() -> None:
    rows = drawn(3, 0.5, 0.6, 0.7)
    forth = compare(rows, "m", smallest=0.02).set_index(["row", "other"])
    back = compare(dict(reversed(rows.items())), "m", smallest=0.02).set_index(["row", "other"])
    turned = {"better": "worse", "worse": "better"}
    for (first, second), line in forth.iterrows():
        other = back.loc[(second, first)]
        assert line["difference"] == pytest.approx(-other["difference"])
        assert line["p_holm"] == pytest.approx(other["p_holm"])
        assert turned.get(line["verdict"], line["verdict"]) == other["verdict"]


def test_a_row_of_one_seed_is_neither_better_nor_worse_and_the_interval_covers_the_tracks() -> None:
    rows = drawn(0, 0.5, 0.6) | {2: row(np.arange(90) < 88)}
    found = compare(rows, "m", smallest=0.02).set_index(["row", "other"]).loc[(0, 2)]
    assert (found["verdict"], found["reason"]) == ("undecided", "one seed")
    assert np.isnan(found[["p", "p_holm", "p_equal"]].astype(float)).all()
    assert found["high"] < 0


@pytest.mark.parametrize("units", [1, 2])
def test_one_or_two_units_prove_nothing(units: int) -> None:
    """A test set of one track, or twelve tracks of one artist."""
    groups = np.repeat([f"artist{n}" for n in range(units)], 6)
    hits = np.ones(6 * units, bool)
    found = compare({0: fixed(hits, groups), 1: fixed(~hits, groups)}, "m", bound=1.0).iloc[0]
    assert np.isnan(found[["p", "low", "high"]].astype(float)).all()
    assert found["reason"] == f"only {units} unit{'s' if units > 1 else ''}"


@pytest.mark.parametrize("units", [3, 4, 5, 8, 20])
def test_units_that_all_agree_do_not_prove_more_than_their_number(units: int) -> None:
    hits = np.ones(units, bool)
    found = compare({0: fixed(hits), 1: fixed(~hits)}, "m", bound=1.0).iloc[0]
    assert found["p"] >= 2.0 ** (1 - units)
    assert found["low"] < 1
    assert (found["p"] < 0.05) == (units > 5)


def test_a_difference_of_shares_stays_between_minus_one_and_one() -> None:
    rng = np.random.default_rng(0)
    rows = {
        0: row(*(rng.random(12) < share for share in (0.1, 0.9))),
        1: row(*(rng.random(12) < 0.9 for _ in range(2))),
    }
    found = compare(rows, "m", bound=1.0).iloc[0]
    assert found["low"] >= -1
    assert found["high"] <= 1


def test_rows_that_are_surely_closer_than_what_anybody_cares_about_are_equal() -> None:
    rng = np.random.default_rng(0)
    base = rng.random(3000) < 0.7
    near = base.copy()
    near[np.concatenate([np.flatnonzero(base)[:15], np.flatnonzero(~base)[:12]])] ^= True
    found = compare({0: fixed(base), 1: fixed(near)}, "m", smallest=0.02).iloc[0]
    assert found["verdict"] == "equal"
    # Two one-sided tests, as scipy makes them.
    difference = base.astype(float) - near
    lower = scipy.stats.ttest_1samp(difference, -0.02, alternative="greater").pvalue
    upper = scipy.stats.ttest_1samp(difference, 0.02, alternative="less").pvalue
    assert found["p_equal"] == pytest.approx(max(lower, upper), abs=1e-9)
    assert compare({0: fixed(base), 1: fixed(near)}, "m", smallest=0.001).iloc[0]["verdict"] == "undecided"


def test_where_nobody_said_what_is_too_small_nothing_is_equal() -> None:
    found = compare(drawn(0, 0.5, 0.5), "m").iloc[0]
    assert np.isnan(found["p_equal"])
    assert found["verdict"] == "undecided"


def test_less_is_better_turns_the_verdict() -> None:
    rows = {0: fixed(np.arange(100) < 90), 1: fixed(np.arange(100) < 10)}
    assert compare(rows, "m").iloc[0]["verdict"] == "better"
    assert compare(rows, "m", greater_is_better=False).iloc[0]["verdict"] == "worse"


def test_pairing_by_track_makes_differences_sharper_than_rows_on_their_own() -> None:
    one, other = World(3, 200, 1, 0.1).draw(np.random.default_rng(0), (0.5, 0.6), NONE)
    contrast = family({0: one, 1: other}).differences(np.array([0]), np.array([1]))
    assert contrast.parts[0, 0] < 0.8 * (one.variance + other.variance)


def test_rows_on_tracks_of_their_own_are_paired_by_the_tracks_that_they_share() -> None:
    rng = np.random.default_rng(0)
    names = np.array([f"track{n:03d}" for n in range(150)])
    ease = rng.random(150)

    def cells(tracks: slice) -> Measured:
        found = {
            str(seed): predictions(rng.random(100) < ease[tracks], tracks=names[tracks]) for seed in range(3)
        }
        return measure(Accuracy(), found, NONE)

    shared, apart = (
        family({0: cells(slice(0, 100)), 1: cells(slice(0, 100))}),
        family({0: cells(slice(0, 100)), 1: cells(slice(50, 150))}),
    )
    assert shared.tracks[0, 1] > apart.tracks[0, 1]
    assert family({0: cells(slice(0, 100))}).tracks[0, 0] > 0


def test_a_real_difference_is_found() -> None:
    world, rng = World(3, 300, 1, 0.05), np.random.default_rng(5)
    found = [
        compare(dict(enumerate(world.draw(rng, (0.2, 0.8), NONE))), "m").iloc[0]["p"] < 0.05
        for _ in range(40)
    ]
    assert np.mean(found) > 0.9


def test_a_metric_that_is_no_mean_is_compared_by_its_resamples() -> None:
    class Share(Metric):
        name = "share"

        def compute(self, labels: np.ndarray, probabilities: np.ndarray) -> float:
            return float((probabilities.argmax(axis=1) == labels).mean())

        def resampled(self, labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
            return Accuracy().resampled(labels, probabilities, weights)

    rng = np.random.default_rng(0)
    hits = [rng.random(200) < 0.6 for _ in range(6)]
    closed = {0: row(*hits[:3]), 1: row(*hits[3:])}
    resampled = {0: row(*hits[:3], metric=Share()), 1: row(*hits[3:], metric=Share())}
    one, other = (compare(rows, "m").iloc[0] for rows in (closed, resampled))
    assert other["difference"] == one["difference"]
    assert other["high"] - other["low"] == pytest.approx(one["high"] - one["low"], rel=0.1)


def test_fewer_than_two_rows_have_no_comparisons() -> None:
    assert isinstance(compare({}, "m"), pd.DataFrame)
    assert compare(drawn(0, 0.5), "m").empty


@pytest.mark.slow
@pytest.mark.parametrize("tracks", [20, 60, 120, 250])
def test_rows_are_not_equal_because_the_few_tracks_that_they_differ_on_were_not_drawn(tracks: int) -> None:
    """Both get nearly all tracks right, one of them 3 points more: in half of all cases 20 tracks show no difference."""
    rng = np.random.default_rng(tracks)
    tables = 400
    said = 0
    for _ in range(tables):
        one = np.ones(tracks, bool)
        other = rng.random(tracks) >= 0.03
        found = compare({0: fixed(one), 1: fixed(other)}, "m", bound=1.0, smallest=0.02).iloc[0]
        said += found["verdict"] == "equal"
    assert said / tables <= 0.06


def test_rows_are_equal_where_many_tracks_show_no_difference() -> None:
    one = np.ones(1000, bool)
    found = compare({0: fixed(one), 1: fixed(one.copy())}, "m", bound=1.0, smallest=0.02).iloc[0]
    assert found["verdict"] == "equal"


@pytest.mark.parametrize("tracks", [7, 40, 300])
def test_an_interval_of_no_difference_at_all_has_room_for_tracks_that_were_not_drawn(tracks: int) -> None:
    from statsmodels.stats.proportion import proportion_confint

    one = np.arange(tracks) % 3 > 0
    found = compare({0: fixed(one), 1: fixed(one.copy())}, "m", bound=1.0).iloc[0]
    most = proportion_confint(0, tracks, method="beta")[1]
    assert (found["low"], found["high"]) == pytest.approx((-most, most), abs=1e-9)
