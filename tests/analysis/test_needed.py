"""What would decide a pair: forecasts that simulation bears out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from simulated import Accuracy, World, predictions

from benchmark.analysis.contrast import Family, family
from benchmark.analysis.measured import measure
from benchmark.analysis.needed import needed
from benchmark.analysis.resampling import Weights

NONE = Weights(1)
SKILLS = (0.4, 0.65)


def typical(world: World, tables: int = 150) -> Family:
    """Return two rows with the values and variances that such tables have on average."""
    rng = np.random.default_rng(0)
    drawn = [world.draw(rng, SKILLS, NONE) for _ in range(tables)]
    found = [family(dict(enumerate(rows))) for rows in drawn]
    seeds = np.mean([[row.between - row.added for row in rows] for rows in drawn], axis=0) / world.seeds
    means = {
        name: np.mean([getattr(each, name) for each in found], axis=0)
        for name in ("tracks", "freedom", "added")
    }
    values = np.array([world.accuracy(skill) for skill in SKILLS])
    return replace(found[0], values=values, seeds=np.maximum(seeds, 0), **means)


def power(world: World, level: float, tables: int = 250) -> float:
    rng = np.random.default_rng(1)
    p = [
        family(dict(enumerate(world.draw(rng, SKILLS, NONE))))
        .differences(np.array([0]), np.array([1]))
        .p()[0]
        for _ in range(tables)
    ]
    return float(np.mean(np.array(p) < level))


@pytest.mark.slow
@pytest.mark.parametrize("seed_sd", [0.15, 0.3])
def test_with_as_many_more_seeds_four_of_five_tables_decide(seed_sd: float) -> None:
    world, level = World(3, 250, 1, seed_sd), 0.01
    found = needed(typical(world), 0, 1, level=level)
    assert found is not None
    assert found.outcome == "better"
    assert found.seeds is not None
    assert 0.7 <= power(World(3 + int(found.seeds), 250, 1, seed_sd), level) <= 0.93


@pytest.mark.slow
def test_with_as_many_more_tracks_four_of_five_tables_decide() -> None:
    world, level = World(5, 100, 1, 0.05), 0.01
    found = needed(typical(world), 0, 1, level=level)
    assert found is not None
    assert found.times is not None
    assert 0.7 <= power(World(5, round(100 * found.times), 1, 0.05), level) <= 0.92


def rows(one: float, other: float, tracks: int = 400, seeds: int = 3) -> Family:
    rng = np.random.default_rng(0)
    ease = rng.random(tracks)
    return family(
        {
            number: measure(
                Accuracy(),
                {str(seed): predictions(ease < share + rng.normal(0, 0.02)) for seed in range(seeds)},
                NONE,
            )
            for number, share in enumerate((one, other))
        }
    )


def test_rows_that_hardly_differ_would_turn_out_equal() -> None:
    found = needed(rows(0.6, 0.6), 0, 1, level=0.01, margin=0.05)
    assert found is not None
    assert found.outcome == "equal"


def test_a_stricter_level_needs_more() -> None:
    found = [needed(rows(0.5, 0.56), 0, 1, level=level) for level in (0.05, 0.0001)]
    first, second = found
    assert first is not None
    assert second is not None
    assert first.seeds is not None
    assert second.seeds is None or second.seeds > first.seeds


def test_of_one_seed_nobody_can_say_what_more_would_do() -> None:
    assert needed(rows(0.5, 0.6, seeds=1), 0, 1, level=0.05) is None
