"""How often the statistics are wrong, and how often they find what is there: a fast part of benchmarks/error_rates.py.

Whoever changes the statistics sees here what it does to error and power; the whole grid is in docs/statistics.md.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "error_rates.py"


@pytest.fixture(scope="module")
def script() -> Any:
    spec = importlib.util.spec_from_file_location("error_rates", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["error_rates"] = module
    spec.loader.exec_module(module)
    return module


def world(script: Any, name: str, tracks: int, seeds: int, kind: str = "null") -> Any:
    worlds = script.null_worlds() if kind == "null" else script.graded_worlds()
    (found,) = [
        each
        for each in worlds
        if (each.name, each.tracks, each.seeds) == (f"{kind}, sd {name}", tracks, seeds)
    ]
    return found


@pytest.mark.parametrize(
    ("name", "tracks", "seeds", "most"),
    [
        ("3", 290, 2, 0.05),
        ("8", 55, 2, 0.05),
        pytest.param("0, 3 and 8", 290, 2, 0.07, marks=pytest.mark.slow),
        pytest.param("1, one row 8", 290, 2, 0.1, marks=pytest.mark.slow),
        pytest.param("0", 55, 3, 0.05, marks=pytest.mark.slow),
        pytest.param("3 and 8", 290, 5, 0.05, marks=pytest.mark.slow),
    ],
)
def test_equal_rows_are_seldom_called_different(
    script: Any, name: str, tracks: int, seeds: int, most: float
) -> None:
    found = script.rates(world(script, name, tracks, seeds), 80)
    assert found.false_better <= most
    assert 0.92 <= found.differences <= 0.985
    assert 0.92 <= found.rows <= 0.985


@pytest.mark.slow
@pytest.mark.parametrize("groups", ["1 to 28", "5 of 20, 190 of 1", "1 to 10"])
def test_equal_rows_are_seldom_called_different_where_few_artists_have_many_tracks(
    script: Any, groups: str
) -> None:
    (world,) = [each for each in script.grouped_worlds() if each.name == f"null, {groups}, sd 0"]
    found = script.rates(world, 60)
    assert found.false_better <= 0.06
    assert 0.92 <= found.differences <= 1
    assert 0.92 <= found.rows <= 1


@pytest.mark.slow
@pytest.mark.parametrize(("seeds", "least"), [(2, 0.45), (3, 0.60), (5, 0.83)])
def test_differences_of_30_points_are_found_as_often_as_promised(
    script: Any, seeds: int, least: float
) -> None:
    found = [
        script.rates(world(script, name, tracks, seeds, "graded"), 12)
        for tracks in (55, 290)
        for name in ("0", "3", "8", "0 and 3", "0, 3 and 8", "1, one row 8")
    ]
    assert np.mean([each.power for each in found]) >= least
    assert max(each.false_equal for each in found) <= 0.05
    assert np.mean([each.false_better for each in found]) <= 0.03


@pytest.mark.slow
def test_learners_on_splits_drawn_anew_for_each_seed_are_seldom_called_different(script: Any) -> None:
    found = script.rates(script.Learners(6, 150, 3), 100, seed=11)
    assert found.false_better <= 0.1
    assert 0.92 <= found.differences <= 0.98


@pytest.mark.parametrize("rows", [2, pytest.param(4, marks=pytest.mark.slow)])
def test_few_rows_with_few_seeds_are_no_exception(script: Any, rows: int) -> None:
    spread = ((0.0, 3.0, 8.0) * 2)[:rows]
    found = script.rates(script.World((0.7,) * rows, spread, 290, 2), 150)
    assert found.false_better <= 0.07


@pytest.mark.slow
@pytest.mark.parametrize(("tracks", "least", "most"), [(1000, 0.0, 0.1), (16000, 0.9, 1.0)])
def test_equal_rows_are_found_to_be_with_tracks_enough_and_those_on_the_edge_are_not(
    script: Any, tracks: int, least: float, most: float
) -> None:
    worlds = [each for each in script.equal_worlds() if (each.tracks, each.seeds) == (tracks, 5)]
    found = {each.name: script.rates(each, 12) for each in worlds if each.name.endswith("sd 0")}
    assert least <= found["null, 6 rows, sd 0"].equal <= most
    assert least <= found["edge, 6 rows, sd 0"].equal <= most
    assert found["edge, 6 rows, sd 0"].false_equal <= 0.2
