"""The drop from one evaluation set to another: its size, and how often its interval covers it."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.analysis.asked import Asked
from benchmark.analysis.drop import drops
from benchmark.analysis.measured import Measured, Units, of_scores
from benchmark.analysis.protocols import Block

ROWS = (0, 1)


def asked(name: str, rows: dict[int, Measured]) -> Asked:
    return Asked(name, f"{name}/top1", rows, (Block(tuple(rows)),), smallest=0.02)


def measured(
    random: np.random.Generator, share: float, tracks: int, seeds: int = 3, spread: float = 0.03
) -> Measured:
    names = np.array([f"{number:04d}" for number in range(tracks)])
    ease = random.random(tracks)
    scores = [(ease < share + spread * random.normal()).astype(float) for _ in range(seeds)]
    return of_scores(tuple(map(str, range(seeds))), scores, [names] * seeds, fixed=False, units=Units())


def test_the_drop_is_the_difference_of_means_and_wider_than_either_set_alone() -> None:
    random = np.random.default_rng(1)
    here = asked("here", {row: measured(random, 0.9, 200) for row in ROWS})
    there = asked("there", {row: measured(random, 0.6, 100) for row in ROWS})
    found = drops(here, there, ROWS)
    for row in ROWS:
        value, low, high = found[row]
        assert value == pytest.approx(there.rows[row].mean - here.rows[row].mean)
        assert low < value < high < 0
        alone = 1.96 * np.sqrt(there.rows[row].variance)
        assert value - low > alone


def test_too_few_tracks_have_no_interval() -> None:
    random = np.random.default_rng(2)
    here = asked("here", {row: measured(random, 0.9, 50) for row in ROWS})
    there = asked("there", {row: measured(random, 0.5, 2) for row in ROWS})
    _, low, high = drops(here, there, ROWS)[0]
    assert np.isnan([low, high]).all()


@pytest.mark.slow
def test_the_interval_covers_the_true_drop() -> None:
    random = np.random.default_rng(3)
    missed = 0
    for _ in range(300):
        here = asked("here", {row: measured(random, 0.85, 80) for row in ROWS})
        there = asked("there", {row: measured(random, 0.6, 120) for row in ROWS})
        _, low, high = drops(here, there, ROWS)[0]
        missed += not low <= 0.6 - 0.85 <= high
    assert missed <= 24  # 5 % of 300 are 15; 24 is what chance exceeds once in a hundred.
