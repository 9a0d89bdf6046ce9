from __future__ import annotations

import numpy as np
import pytest

from benchmark.analysis.pooling import pooled

MANY = np.full(8, 1e9)
# Rubin's eight schools: effects of coaching, and their standard errors.
EFFECTS = np.array([28.39, 7.94, -2.75, 6.82, -0.64, 0.63, 18.01, 12.16])
ERRORS = np.array([14.9, 10.2, 16.3, 11.0, 9.4, 11.4, 10.4, 17.6])


def test_eight_schools_are_pooled_as_in_the_textbook() -> None:
    """Gelman et al., Bayesian Data Analysis, table 5.3: medians 10, 8, 7, 8, 5, 6, 10, 8."""
    found = pooled(EFFECTS, ERRORS**2, MANY)
    assert found.values == pytest.approx([11.4, 7.9, 6.1, 7.6, 5.1, 6.1, 10.6, 8.4], abs=0.6)
    assert (found.weights < 0.5).all()


def test_estimates_that_hardly_differ_become_nearly_one() -> None:
    values = np.array([0.1, 0.11, 0.09, 0.1])
    found = pooled(values, np.full(4, 0.02), np.full(4, 20.0))
    assert found.values == pytest.approx([0.1] * 4, abs=0.01)
    assert (found.weights < 0.5).all()


def test_the_less_is_known_of_one_the_more_it_is_drawn_to_the_mean() -> None:
    found = pooled(np.array([0.5, 0.5, -0.5, -0.4]), np.array([0.001, 0.1, 0.001, 0.001]), np.full(4, 20.0))
    assert found.weights[0] > found.weights[1]
    assert found.values[1] < found.values[0]


def test_one_estimate_is_left_as_it_is() -> None:
    found = pooled(np.array([0.3]), np.array([0.01]), np.array([1e9]))
    assert found.values[0] == pytest.approx(0.3)
    assert found.high[0] - found.low[0] == pytest.approx(2 * 1.96 * 0.1, rel=1e-3)


@pytest.mark.parametrize("spread", [0.0, 0.05, 0.1, 0.3])
def test_pooled_intervals_are_shorter_and_cover_the_truth(spread: float) -> None:
    rng, covered, widths = np.random.default_rng(3), [], []
    for _ in range(300):
        truth = rng.normal(0.05, spread, 10)
        values = truth + rng.normal(0, 0.1, 10)
        found = pooled(values, np.full(10, 0.01), np.full(10, 60.0))
        covered += list((found.low <= truth) & (truth <= found.high))
        widths.append((found.high - found.low).mean())
    assert np.mean(covered) > 0.93
    assert np.mean(widths) < 4 * 0.1
