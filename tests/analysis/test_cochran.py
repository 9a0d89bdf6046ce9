from __future__ import annotations

import numpy as np
import pytest
import scipy

from benchmark.analysis.cochran import critical, p_values, satterthwaite


def test_one_part_of_the_variance_gives_students_t() -> None:
    z, parts, freedom = np.array([0.0, 1.3, 4.0]), np.full((1, 3), 0.2), np.full((1, 3), 7.0)
    np.testing.assert_allclose(p_values(z, parts, freedom), 2 * scipy.stats.t.sf(z, 7), rtol=1e-9)
    np.testing.assert_allclose(critical(0.05, parts, freedom), scipy.stats.t.ppf(0.975, 7), rtol=1e-9)


def test_several_parts_are_weighed_by_their_size() -> None:
    z, parts, freedom = np.array([2.5]), np.array([[3.0], [1.0]]), np.array([[100.0], [2.0]])
    expected = 2 * (0.75 * scipy.stats.t.sf(2.5, 100) + 0.25 * scipy.stats.t.sf(2.5, 2))
    assert p_values(z, parts, freedom)[0] == pytest.approx(expected)


@pytest.mark.parametrize("level", [0.05, 0.05 / 66, 1e-6])
def test_the_critical_value_is_where_p_is_the_level(level: float) -> None:
    rng = np.random.default_rng(0)
    parts, freedom = rng.random((3, 50)), rng.integers(1, 300, (3, 50)).astype(float)
    found = critical(level, parts, freedom)
    np.testing.assert_allclose(p_values(found, parts, freedom), level, rtol=1e-6)


def test_without_any_variance_the_first_part_counts() -> None:
    assert critical(0.05, np.zeros((2, 1)), np.array([[9.0], [1.0]]))[0] == pytest.approx(
        scipy.stats.t.ppf(0.975, 9)
    )


def test_degrees_of_freedom_are_those_of_the_part_that_dominates() -> None:
    assert satterthwaite(1.0, 99, 0.0, 2) == pytest.approx(99)
    assert satterthwaite(0.0, 99, 1.0, 2) == pytest.approx(2)
    assert 2 < satterthwaite(1.0, 99, 1.0, 2) < 99
