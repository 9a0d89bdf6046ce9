"""A measure of one row: the closed form is what resampling gives, and what statsmodels does."""

from __future__ import annotations

import numpy as np
import pytest
from simulated import Accuracy, predictions

from benchmark.analysis.measured import Measured, Units, measure
from benchmark.analysis.resampling import Weights
from benchmark.plugin.metric import Metric


class Resampled(Metric):
    """The same accuracy, of which nobody knows that it is a mean."""

    name = "resampled"

    def compute(self, labels: np.ndarray, probabilities: np.ndarray) -> float:
        return Accuracy().compute(labels, probabilities)

    def resampled(self, labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
        return Accuracy().resampled(labels, probabilities, weights)


def row(*hits: np.ndarray, groups: np.ndarray | None = None, metric: Metric | None = None) -> Measured:
    cells = {str(seed): predictions(each, groups) for seed, each in enumerate(hits)}
    return measure(metric or Accuracy(), cells, Weights(6000))


def test_without_groups_the_variance_is_that_of_a_mean() -> None:
    hits = np.arange(300) < 120
    assert row(hits).variance == pytest.approx(np.var(hits, ddof=1) / 300, rel=1e-9)


def test_with_groups_the_variance_is_that_of_a_regression_with_clustered_errors() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(60), 5).astype(str)
    hits = rng.random(300) < 0.6
    import statsmodels.api as sm

    reference = sm.OLS(hits.astype(float), np.ones(300)).fit(
        cov_type="cluster", cov_kwds={"groups": groups.astype(int), "use_correction": False}
    )
    count = len(np.unique(groups))
    assert row(hits, groups=groups).variance == pytest.approx(
        float(reference.cov_params()[0, 0]) * count / (count - 1)
    )


# Sizes of units, and how far they have what nearly all tracks are of.
UNEQUAL = [(5,) * 12, (28, 24, 20, 10, 6, 3, 2, *(1,) * 20), (38, 1, 1), (35, *(1,) * 20)]


@pytest.mark.parametrize("sizes", UNEQUAL, ids=str)
def test_with_groups_of_any_size_the_variance_is_that_of_leaving_out_each_in_turn(
    sizes: tuple[int, ...],
) -> None:
    rng = np.random.default_rng(5)
    places = np.repeat(np.arange(len(sizes)), sizes)
    hits = rng.random(len(places)) < 0.6
    without = np.array([hits[places != place].mean() for place in range(len(sizes))])
    count = len(sizes)
    expected = (count - 1) / count * ((without - hits.mean()) ** 2).sum()
    assert row(hits, groups=np.array([f"{place:03d}" for place in places])).variance == pytest.approx(
        expected
    )


def left_out(sizes: tuple[int, ...]) -> np.ndarray:
    """Return the matrix from the means of units to what each unit moves the mean by, as the jackknife has it."""
    shares, count = np.array(sizes) / sum(sizes), len(sizes)
    scale = np.sqrt((count - 1) / count) * shares / (1 - shares)
    matrix: np.ndarray = scale[:, None] * (np.eye(count) - shares)
    return matrix


@pytest.mark.parametrize("sizes", UNEQUAL, ids=str)
def test_its_degrees_of_freedom_are_those_of_a_sum_of_squares_of_normal_numbers(
    sizes: tuple[int, ...],
) -> None:
    form = left_out(sizes).T @ left_out(sizes)
    expected = np.trace(form) ** 2 / np.trace(form @ form)
    groups = np.repeat([f"{place:03d}" for place in range(len(sizes))], sizes)
    assert row(np.arange(len(groups)) % 3 > 0, groups=groups).freedom == pytest.approx(expected)


def test_tracks_by_themselves_have_all_degrees_of_freedom_and_one_large_unit_leaves_one() -> None:
    hits = np.arange(290) % 3 > 0
    assert row(hits).freedom == pytest.approx(289)
    assert row(hits).units == 290
    large = row(hits, groups=np.array([f"{max(place, 144):03d}" for place in range(290)]))
    assert large.freedom == pytest.approx(1, abs=0.05)
    assert large.units == 2
    assert large.too_few


@pytest.mark.parametrize("sizes", UNEQUAL, ids=str)
def test_the_variance_over_resamples_is_stretched_to_be_right_on_average(sizes: tuple[int, ...]) -> None:
    """Without that, it has what the sum of squares of all units' moves has."""
    shares = np.array(sizes) / sum(sizes)
    moves = shares[:, None] * (np.eye(len(sizes)) - shares)
    groups = np.repeat([f"{place:03d}" for place in range(len(sizes))], sizes)
    found = Units().of(groups).correction
    assert found * (moves**2).sum() == pytest.approx(shares @ shares)


def test_the_closed_form_is_what_many_resamples_come_to() -> None:
    rng = np.random.default_rng(1)
    groups = np.repeat([f"artist{n:02d}" for n in range(60)], 4)
    cells = [rng.random(240) < share for share in (0.5, 0.6, 0.7)]
    closed, drawn = row(*cells, groups=groups), row(*cells, groups=groups, metric=Resampled())
    assert closed.mean == drawn.mean
    assert drawn.variance == pytest.approx(closed.variance, rel=0.08)
    assert drawn.added == pytest.approx(closed.added, rel=0.08)


def test_what_tracks_add_to_the_variance_between_seeds_is_all_of_it_where_seeds_are_alike() -> None:
    rng = np.random.default_rng(2)
    found = [row(*(rng.random(100) < 0.5 for _ in range(4))) for _ in range(300)]
    assert np.mean([each.between - each.added for each in found]) == pytest.approx(0, abs=3e-4)


def test_units_are_those_of_each_seed_and_not_of_all_together() -> None:
    one = np.array([f"a{n}" for n in range(30)])
    other = np.array([f"b{n}" for n in range(50)])
    cells = {
        "0": predictions(np.arange(30) < 20, one, one),
        "1": predictions(np.arange(50) < 20, other, other),
    }
    assert measure(Accuracy(), cells, Weights(10)).units == 30


def test_a_row_whose_seeds_all_say_the_same_is_fixed_and_no_single_one() -> None:
    hits = np.arange(50) < 20
    assert row(hits, hits).fixed
    assert not row(hits, hits).is_single
    assert not row(hits, ~hits).fixed
    assert row(hits).is_single
