"""Intervals of many contrasts in one go are those of each by itself."""

from __future__ import annotations

import numpy as np

from benchmark.analysis.cochran import critical, p_values
from benchmark.analysis.contrast import Contrast, intervals


def contrasts() -> list[Contrast]:
    """Return contrasts of several numbers of parts and of values, some without a test."""
    random = np.random.default_rng(0)
    made = []
    for number, (parts, count) in enumerate([(2, 1), (5, 3), (2, 4), (3, 1), (5, 2), (1, 1)]):
        freedom = random.integers(2, 40, (parts, count)).astype(float)
        if number % 2:
            # As seeds of several rows have them: neighbours of one number of degrees of freedom.
            freedom[1:] = freedom[min(1, parts - 1)]
        units = random.integers(2, 30, count)
        made.append(
            Contrast(
                random.normal(0, 0.1, count), random.random((parts, count)) / 100, freedom, units, units == 5
            )
        )
    return made


def test_many_are_as_one_by_one() -> None:
    several = contrasts()
    for bound, level in ((np.inf, 0.05), (0.2, 0.01)):
        for contrast, pair in zip(several, intervals(several, bound, level), strict=True):
            np.testing.assert_allclose(pair, contrast.interval(bound, level), rtol=1e-12)
    assert intervals([]) == []


def test_a_level_of_each_is_as_one_level_for_all() -> None:
    parts, freedom = np.full((2, 3), 0.01), np.array([[5.0, 9.0, 9.0], [3.0, 3.0, 40.0]])
    levels = np.array([0.05, 0.01, 0.05])
    together = critical(levels, parts, freedom)
    alone = [critical(level, parts[:, [at]], freedom[:, [at]])[0] for at, level in enumerate(levels)]
    np.testing.assert_allclose(together, alone, rtol=1e-13)
    np.testing.assert_allclose(p_values(together, parts, freedom), levels, rtol=1e-10)
