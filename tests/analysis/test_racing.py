"""Which rows get more seeds, and how often a race errs: a fast part of benchmarks/racing.py."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.analysis.contrast import Family
from benchmark.analysis.racing import LOOKS, chance, grown, next_seeds


def rows(
    values: list[float],
    seeds: list[float],
    count: int = 3,
    tracks: float = 1e-5,
    fixed: tuple[int, ...] = (),
    single: tuple[int, ...] = (),
) -> Family:
    """Return rows with these values; ``seeds`` are standard deviations between cells, ``tracks`` a variance."""
    size = len(values)
    cells = np.array([1 if row in single else count for row in range(size)])
    return Family(
        tuple(range(10, 10 + size)),
        np.array(values),
        tracks * np.eye(size),
        np.array(seeds) ** 2 / cells,
        np.full(size, 10.0),
        np.zeros(size),
        np.full(size, 300),
        np.full(size, 299.0),
        cells,
        np.isin(range(size), single),
        np.isin(range(size), fixed),
    )


def apart(size: int, *pairs: tuple[int, int]) -> np.ndarray:
    """Return that all pairs are decided but these."""
    decided = np.ones((size, size), bool)
    for one, two in pairs:
        decided[one, two] = decided[two, one] = False
    return decided


def test_of_a_pair_that_row_gets_seeds_whose_seeds_make_it_the_less_sure() -> None:
    found = rows([0.8, 0.74], [0.001, 0.05])
    wanted = next_seeds(found, apart(2, (0, 1)), np.ones(2, bool), np.array([3, 3]), most=20)
    assert wanted.seeds == {1: 5}
    assert (wanted.undecided, wanted.hopeless, wanted.exhausted) == (1, 0, 0)


def test_rows_that_may_be_the_best_come_before_all_others() -> None:
    found = rows([0.8, 0.74, 0.5, 0.44], [0.03] * 4)
    open_pairs = apart(4, (0, 1), (2, 3))
    candidates = np.array([True, True, False, False])
    wanted = next_seeds(found, open_pairs, candidates, np.full(4, 3), most=20)
    assert wanted.best
    assert set(wanted.seeds) == {0, 1}
    later = next_seeds(found, apart(4, (2, 3)), candidates, np.full(4, 3), most=20)
    assert not later.best
    assert set(later.seeds) == {2, 3}


def test_a_row_of_one_seed_gets_a_second_one_first() -> None:
    found = rows([0.8, 0.74, 0.5], [0.03] * 3, single=(2,))
    wanted = next_seeds(
        found, apart(3, (0, 1), (0, 2), (1, 2)), np.ones(3, bool), np.array([3, 3, 1]), most=20
    )
    assert wanted.seeds == {2: 2}


def test_a_row_that_no_seed_changes_gets_none() -> None:
    found = rows([0.8, 0.74], [0.0, 0.05], fixed=(0,))
    wanted = next_seeds(found, apart(2, (0, 1)), np.ones(2, bool), np.array([3, 3]), most=20)
    assert set(wanted.seeds) == {1}
    both = rows([0.8, 0.79], [0.0, 0.0], fixed=(0, 1))
    wanted = next_seeds(both, apart(2, (0, 1)), np.ones(2, bool), np.array([3, 3]), most=20)
    assert not wanted.seeds
    assert wanted.hopeless == 1


def test_a_pair_that_only_more_tracks_would_decide_gets_no_seeds() -> None:
    found = rows([0.8, 0.79], [0.01, 0.01], tracks=4e-4)
    wanted = next_seeds(found, apart(2, (0, 1)), np.ones(2, bool), np.array([3, 3]), most=20)
    assert not wanted.seeds
    assert (wanted.undecided, wanted.hopeless) == (1, 1)


def test_a_pair_that_only_more_seeds_than_may_be_would_decide_is_told_apart() -> None:
    found = rows([0.8, 0.74], [0.05, 0.05])
    wanted = next_seeds(found, apart(2, (0, 1)), np.ones(2, bool), np.array([3, 3]), most=4)
    assert not wanted.seeds
    assert (wanted.undecided, wanted.exhausted) == (1, 1)


def test_a_decided_table_wants_nothing() -> None:
    found = rows([0.8, 0.5], [0.03, 0.03])
    assert not next_seeds(found, apart(2), np.array([True, False]), np.array([3, 3]), most=20).seeds


def test_rows_whose_seeds_have_tracks_of_their_own_get_the_same_seeds() -> None:
    found = rows([0.8, 0.74, 0.72], [0.001, 0.05, 0.05])
    open_pairs = apart(3, (0, 1), (0, 2), (1, 2))
    even = next_seeds(found, open_pairs, np.ones(3, bool), np.full(3, 3), most=20, together=True)
    assert even.seeds == {0: 5, 1: 5, 2: 5}
    behind = next_seeds(found, open_pairs, np.ones(3, bool), np.array([5, 3, 5]), most=20, together=True)
    assert behind.seeds == {1: 5}


def test_seeds_grow_by_steps_and_never_beyond_the_most() -> None:
    count, steps = 2, [2]
    while count < 20:
        count = grown(count, 20)
        steps.append(count)
    assert steps == [2, 3, 5, 7, 10, 14, 20]
    assert len(steps) <= LOOKS


def test_the_chance_of_a_decision_is_what_simulation_gives() -> None:
    found = rows([0.8, 0.75], [0.04, 0.06], count=4)
    first, second, level = np.array([0]), np.array([1]), 0.01
    expected = chance(found, first, second, np.array([4, 4]), most=16, level=level)[0]
    rng = np.random.default_rng(0)
    moved = (found.seeds * (1 - 4 / 16)).sum() ** 0.5 * rng.normal(size=4000)
    hits = []
    for each in 0.05 + moved:
        then = Family(
            found.rows,
            np.array([each, 0.0]),
            found.tracks,
            found.seeds / 4,
            found.freedom + 12,
            *(
                getattr(found, name)
                for name in ("added", "units", "track_freedom", "cells", "single", "fixed")
            ),
        )
        hits.append(then.differences(first, second).p()[0] < level)
    assert 0.2 < expected < 0.8
    assert expected == pytest.approx(np.mean(hits), abs=0.03)


@pytest.fixture(scope="module")
def script() -> Any:
    folder = str(Path(__file__).parents[2] / "benchmarks")
    sys.path.insert(0, folder)
    try:
        return importlib.import_module("racing")
    finally:
        sys.path.remove(folder)


def world(script: Any, grid: str, name: str, tracks: int) -> Any:
    (found,) = [
        each for each in script.worlds(grid) if (each.name, each.tracks) == (f"{grid}, sd {name}", tracks)
    ]
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("name", "tracks"), [("0", 55), ("0, 3 and 8", 290), ("1", 290)])
def test_equal_rows_are_seldom_called_different_however_often_one_looks(
    script: Any, name: str, tracks: int
) -> None:
    found = world(script, "null", name, tracks)
    raced = script.simulate(found, 40, 2, 20, 5)
    assert raced.wrong <= 0.05
    assert raced.ever <= 0.08


@pytest.mark.slow
@pytest.mark.parametrize(("name", "most"), [("0", 0.55), ("3", 0.55), ("1, one row 8", 0.5)])
def test_the_best_row_is_known_with_about_half_of_the_cells(script: Any, name: str, most: float) -> None:
    raced = script.simulate(world(script, "graded", name, 290), 20, 2, 20, 3)
    assert raced.wrong <= 0.05
    best, every = (script.MEASURES.index(each) for each in (script.best_apart, script.share_decided))
    assert raced.ratios[best] <= most
    # Beside somebody who looks as often, and gives as many seeds to each row.
    for measure in (best, every):
        assert raced.even_ratios[measure] <= 0.62
        assert raced.powers[measure] >= raced.even_powers[measure] - 0.12
