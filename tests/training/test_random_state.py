"""The states of global generators are kept in checkpoints, and put back."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmark.checkpoints import CheckpointPlace, Checkpoints
from benchmark.training.random_state import put_back_random, random_arrays, random_facts


@pytest.fixture(autouse=True)
def _as_they_were() -> Iterator[None]:
    states = random.getstate(), np.random.get_state()
    yield
    random.setstate(states[0])
    np.random.set_state(states[1])


def drawn() -> list[float]:
    # Of normal numbers two are made at a time, and one is kept.
    return [random.random(), random.gauss(), np.random.rand(), np.random.normal()]


def test_after_a_state_is_put_back_the_same_numbers_are_drawn_as_after_it_was_kept(tmp_path: Path) -> None:
    place = CheckpointPlace(tmp_path / "c.npz", {"id": "toy"}, every=0.0)
    drawn()
    Checkpoints(place).save(random_arrays(), random_facts())
    expected = drawn()
    assert drawn() != expected
    left = Checkpoints(place).load()
    assert left is not None
    put_back_random(left)
    assert drawn() == expected


def test_nothing_is_drawn_to_keep_a_state() -> None:
    random.seed(1)
    np.random.seed(1)
    random_arrays(), random_facts()
    seen = drawn()
    random.seed(1)
    np.random.seed(1)
    assert drawn() == seen
