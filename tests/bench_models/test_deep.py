"""The residual network and the transformer."""

from __future__ import annotations

import numpy as np
import pytest

from bench_models import Ast, ResidualCnn

pytestmark = pytest.mark.slow


def learnt(network) -> float:
    """Return how much of a small, clear task a network learns: do the stripes lie or stand?"""
    import keras

    rng = np.random.default_rng(0)
    labels = np.arange(64) % 2
    stripes = np.tile(np.repeat([0.0, 0.6], 2), 4)[:, None] * np.ones((16, 16))
    inputs = np.stack([stripes.T if label else stripes for label in labels])[..., None]
    inputs = (inputs + 0.3 * rng.random(inputs.shape)).astype(np.float32)
    # As ``KerasModel`` has it on a CPU: what takes long is to compile a step, and to trace it once more for its optimizer.
    network.compile(keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy", jit_compile=False)
    network.optimizer.build(network.trainable_variables)
    # Moving statistics of batch normalisation follow slowly.
    rows = np.tile(rng.permutation(64), 30)
    network.fit(inputs[rows], labels[rows], batch_size=16, verbose=0)
    # To be asked by ``predict`` it would be traced once more.
    answers = keras.ops.convert_to_numpy(network(inputs, training=False))
    return float(np.mean(answers.argmax(axis=1) == labels))


def test_a_residual_network_has_the_layers_that_its_paper_says() -> None:
    network = ResidualCnn().build((64, 96, 1), 10, filters=[16, 32], blocks=2)
    block = 2 * (9 * 16 * 16) + 2 * (4 * 16)
    first_of_second = 9 * 16 * 32 + 9 * 32 * 32 + 16 * 32 + 4 * 16 + 4 * 32
    second = 2 * (9 * 32 * 32) + 2 * (4 * 32)
    assert network.count_params() == 9 * 16 + 2 * block + first_of_second + second + 4 * 32 + 32 * 10 + 10
    assert network.output.shape == (None, 10)
    pooled = next(layer for layer in network.layers if type(layer).__name__ == "GlobalAveragePooling2D")
    assert pooled.input.shape[1:] == (32, 48, 32)


def test_a_transformer_has_a_token_per_patch_and_the_weights_that_its_paper_says() -> None:
    network = Ast().build((128, 128, 1), 10, width=96, depth=4, heads=4)
    assert network.get_layer("positions").output.shape[1:] == (64, 96)
    block = 4 * (96 * 96 + 96) + 2 * (2 * 96) + 96 * 384 + 384 + 384 * 96 + 96
    assert network.count_params() == 16 * 16 * 96 + 96 + 64 * 96 + 4 * block + 2 * 96 + 96 * 10 + 10
    overlapping = Ast().build((128, 128, 1), 10, stride=[10, 10])
    assert overlapping.get_layer("positions").output.shape[1] == 12 * 12


def test_patchout_leaves_out_a_share_of_the_tokens_in_training_alone() -> None:
    import keras

    from bench_models.transformer_layers import Patchout

    tokens = np.broadcast_to(np.arange(20, dtype=np.float32)[None, :, None], (3, 20, 4))
    layer = Patchout(0.25)
    one, other = (keras.ops.convert_to_numpy(layer(tokens, training=True)) for _ in range(2))
    assert one.shape == other.shape == (3, 15, 4)
    assert (np.diff(one[0, :, 0]) > 0).all()
    np.testing.assert_array_equal(one[0], one[2])
    assert not np.array_equal(one, other)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(layer(tokens, training=False)), tokens)


@pytest.mark.parametrize(
    "network",
    [
        lambda: ResidualCnn().build((16, 16, 1), 2, filters=[8, 16], blocks=1),
        lambda: Ast().build((16, 16, 1), 2, patch=[4, 4], width=32, depth=1, patchout=0.3),
    ],
    ids=["residual", "transformer"],
)
def test_they_learn(network) -> None:
    import keras

    keras.utils.set_random_seed(1)
    assert learnt(network()) > 0.9


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="multiple of 'heads'"):
        Ast().build((32, 32, 1), 2, width=30, heads=4)
    with pytest.raises(ValueError, match="larger than the features"):
        Ast().build((12, 32, 1), 2)
