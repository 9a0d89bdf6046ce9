from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from benchmark.training.stages import Left, StageStore, reseed


def states(network) -> list[list[int]]:
    return [variable.numpy().tolist() for variable in network.variables if "seed" in variable.name]


@pytest.mark.slow
def test_random_numbers_of_a_stage_depend_on_its_name_and_the_seed_alone_and_fit_every_backend() -> None:
    import keras

    layers = [keras.layers.Dropout(0.5) for _ in range(3)]
    network = keras.Sequential([keras.Input((4,)), *layers])
    seen = []
    for seed in range(8):
        for stage in ("transfer", "fine-tune"):
            reseed(network, seed, stage)
            first, drawn = states(network), keras.random.uniform((2,)).numpy().tolist()
            reseed(network, seed, stage)
            assert (states(network), keras.random.uniform((2,)).numpy().tolist()) == (first, drawn)
            # PyTorch's are signed integers of 32 bits.
            assert all(0 <= number < 2**31 for state in first for number in state)
            seen += [tuple(state) for state in first]
    assert len(set(seen)) == len(seen) == 8 * 2 * 3


class Weight:
    """What a store needs of a weight."""

    def __init__(self, value: np.ndarray) -> None:
        self.value = value

    def assign(self, value: np.ndarray) -> None:
        self.value = value

    def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
        return self.value


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StageStore:
    """Return a store with the stage ``key``, whose one weight is 0 to 11."""
    monkeypatch.setitem(
        sys.modules, "keras", SimpleNamespace(ops=SimpleNamespace(convert_to_numpy=np.asarray))
    )
    store = StageStore(tmp_path)
    left = Left([{"stage": "transfer", "epoch": 1, "loss": 0.5}], ["a note"], 1.5)
    store.save("key", [Weight(np.arange(12, dtype=np.float32))], left)
    return store


def test_what_a_stage_left_is_found_again(kept: StageStore) -> None:
    weight = Weight(np.zeros(12, np.float32))
    left = kept.load("key", [weight])
    assert left == Left([{"stage": "transfer", "epoch": 1, "loss": 0.5}], ["a note"], 1.5)
    assert weight.value.tolist() == list(range(12))
    assert kept.load("other", [weight]) is None


def test_a_stage_with_any_bit_flipped_counts_as_absent(kept: StageStore, tmp_path: Path) -> None:
    (file,) = tmp_path.glob("stages/trained/*.npz")
    content = file.read_bytes()
    for position in range(0, len(content), 13):
        flipped = bytearray(content)
        flipped[position] ^= 1 << position % 8
        file.write_bytes(flipped)
        weight = Weight(np.zeros(12, np.float32))
        assert kept.load("key", [weight]) is None, position
        assert not weight.value.any()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04"])
def test_a_stage_that_is_empty_or_of_an_older_version_is_made_anew(
    kept: StageStore, tmp_path: Path, content: bytes
) -> None:
    (file,) = tmp_path.glob("stages/trained/*.npz")
    (tmp_path / "stages" / "trained" / ".tmp-0123-key.npz").write_bytes(b"of a killed writer")
    file.write_bytes(content)
    weight = Weight(np.ones(12, np.float32))
    assert kept.load("key", [weight]) is None
    kept.save("key", [weight], Left([], [], 0.0))
    assert kept.load("key", [weight]) == Left([], [], 0.0)
    assert [entry.name for entry in file.parent.iterdir()] == [file.name]
