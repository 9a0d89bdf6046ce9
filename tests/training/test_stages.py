from __future__ import annotations

import pytest

from benchmark.training.stages import reseed


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
