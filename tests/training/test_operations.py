"""Multiply-adds, against figures that papers give and sums done by hand."""

from __future__ import annotations

from typing import Any

import pytest

from benchmark.training.operations import count_operations

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def keras() -> Any:
    return pytest.importorskip("keras")


def count(*layers: Any) -> int | None:
    import keras

    return count_operations(keras.Sequential(layers)).multiply_adds


def test_mobilenet_has_the_569_million_of_its_paper(keras: Any) -> None:
    """Howard et al. 2017 (arXiv:1704.04861), Table 4."""
    found = count_operations(keras.applications.MobileNet(weights=None)).multiply_adds
    assert found == pytest.approx(569e6, rel=0.002)


def test_vgg16_has_the_15_and_a_half_billion_that_are_known_of_it(keras: Any) -> None:
    # Its top is three dense layers, whose 124 million weights take a gigabyte while they are drawn.
    found = count_operations(
        keras.applications.VGG16(weights=None, include_top=False, input_shape=(224, 224, 3))
    )
    top = 7 * 7 * 512 * 4096 + 4096 * 4096 + 4096 * 1000
    assert found.multiply_adds is not None
    assert found.multiply_adds + top == pytest.approx(15.5e9, rel=0.003)


def test_mobilenet_v2_has_the_300_million_of_its_paper(keras: Any) -> None:
    """Sandler et al. 2018 (arXiv:1801.04381), Table 4."""
    found = count_operations(keras.applications.MobileNetV2(weights=None)).multiply_adds
    assert found == pytest.approx(300e6, rel=0.01)


def test_layers_one_by_one(keras: Any) -> None:
    layers, image, steps = keras.layers, keras.Input((8, 10, 4)), keras.Input((7, 5))
    assert count(image, layers.Conv2D(6, 3)) == 6 * 8 * 9 * 4 * 6
    assert count(image, layers.Conv2D(6, 3, padding="same", strides=2)) == 4 * 5 * 9 * 4 * 6
    assert count(image, layers.Conv2D(6, (1, 3), groups=2)) == 8 * 8 * 3 * 2 * 6
    assert count(image, layers.DepthwiseConv2D(3, depth_multiplier=2)) == 6 * 8 * 9 * 4 * 2
    assert count(image, layers.SeparableConv2D(6, 3)) == 6 * 8 * (9 * 4 + 4 * 6)
    assert count(image, layers.Conv2DTranspose(6, 3)) == 8 * 10 * 4 * 9 * 6
    assert count(image, layers.Flatten(), layers.Dense(3)) == 320 * 3
    assert count(steps, layers.Dense(3)) == 7 * 5 * 3
    assert count(steps, layers.Conv1D(2, 3)) == 5 * 3 * 5 * 2
    assert count(steps, layers.LSTM(6)) == 7 * 4 * 6 * (5 + 6)
    assert count(steps, layers.GRU(6, return_sequences=True)) == 7 * 3 * 6 * (5 + 6)
    assert count(steps, layers.Bidirectional(layers.SimpleRNN(6))) == 2 * 7 * 6 * (5 + 6)
    assert count(steps, layers.TimeDistributed(layers.Dense(2))) == 7 * 5 * 2
    assert count(image, layers.BatchNormalization(), layers.ReLU(), layers.MaxPooling2D()) == 0


def test_attention_is_projections_and_products(keras: Any) -> None:
    inputs = keras.Input((7, 5))
    outputs = keras.layers.MultiHeadAttention(2, key_dim=3)(inputs, inputs)
    projections, products = 4 * (7 * 5 * 6), 2 * 7 * 7 * (3 + 3)
    assert count_operations(keras.Model(inputs, outputs)).multiply_adds == projections + products


def test_a_layer_that_is_used_twice_counts_twice_and_a_network_inside_another_counts(keras: Any) -> None:
    shared = keras.Sequential([keras.Input((5,)), keras.layers.Dense(5)])
    inputs = keras.Input((5,))
    outputs = keras.layers.Dense(2)(shared(shared(inputs * 2.0) - 1.0))
    assert count_operations(keras.Model(inputs, outputs)).multiply_adds == 25 + 25 + 10


def test_what_is_not_known_is_named_and_leaves_the_count_missing(keras: Any) -> None:
    class Own(keras.layers.Layer):
        def call(self, inputs: Any) -> Any:
            return keras.ops.matmul(inputs, keras.ops.transpose(inputs, (0, 2, 1)))

    found = count_operations(keras.Sequential([keras.Input((7, 5)), Own(), keras.layers.Dense(2)]))
    assert found.multiply_adds is None
    assert found.unknown == ("Own",)


def test_networks_whose_inputs_vary_in_size_have_no_count(keras: Any) -> None:
    found = count_operations(keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(2, 3)]))
    assert found.multiply_adds is None
