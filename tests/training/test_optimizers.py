from __future__ import annotations

import math

import numpy as np
import pytest

from benchmark.settings import TrainingSettings
from benchmark.training.optimizers import make_optimizer

pytestmark = pytest.mark.slow


def rates(epochs: int = 4, batches: int = 10, **settings: object) -> list[float]:
    """Return the learning rate of each step of a stage."""
    optimizer = make_optimizer(TrainingSettings(**settings), 0.1, epochs, batches)
    accumulated = settings.get("gradient_accumulation", 1)
    rate = optimizer._learning_rate
    # Keras asks for the rate by batches that were seen, at each batch that completes a step.
    asked = range(accumulated - 1, epochs * batches, accumulated)
    return [float(rate(batch)) if callable(rate) else float(optimizer.learning_rate) for batch in asked]


def test_a_constant_rate_is_what_the_suite_says() -> None:
    assert rates() == pytest.approx([0.1] * 40)


def test_cosine_and_linear_fall_to_zero_over_the_stage() -> None:
    expected = [0.05 * (1 + math.cos(math.pi * step / 40)) for step in range(40)]
    assert rates(schedule="cosine") == pytest.approx(expected, abs=1e-7)
    assert rates(schedule="linear") == pytest.approx([0.1 * (1 - step / 40) for step in range(40)], abs=1e-7)


@pytest.mark.parametrize("schedule", ["constant", "cosine", "linear"])
def test_the_rate_rises_over_the_epochs_of_warm_up_to_its_peak(schedule: str) -> None:
    found = rates(schedule=schedule, warmup=1.5)
    assert found[:15] == pytest.approx([0.1 * (step + 1) / 15 for step in range(15)])
    assert found[15] == pytest.approx(0.1)
    assert max(found) == pytest.approx(0.1)


def test_a_warm_up_longer_than_the_stage_ends_with_it() -> None:
    assert rates(warmup=50)[-1] == pytest.approx(0.1)


def test_a_schedule_counts_the_steps_that_accumulated_batches_make() -> None:
    found = rates(schedule="linear", gradient_accumulation=4)
    assert found == pytest.approx([0.1 * (1 - step / 10) for step in range(10)])


def test_weights_move_until_the_end_of_a_schedule_of_accumulated_batches() -> None:
    import keras

    network = keras.Sequential(
        [keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="zeros", use_bias=False)]
    )
    settings = TrainingSettings(optimizer="sgd", schedule="linear", gradient_accumulation=4)
    network.compile(make_optimizer(settings, 0.1, 4, 4), lambda labels, answers: answers)
    weights = [0.0]
    for _ in range(4):
        network.fit(np.ones((4, 1)), np.ones((4, 1)), batch_size=1, verbose=0)
        weights.append(float(network.get_weights()[0][0, 0]))
    assert np.diff(weights) == pytest.approx([-0.1, -0.075, -0.05, -0.025], abs=1e-6)


def trained(batch: int, **settings: object) -> list[np.ndarray]:
    """Return the weights of a linear model after an epoch over the same items in the same order."""
    import keras

    network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, kernel_initializer="zeros")])
    given = TrainingSettings(optimizer="sgd", **settings)
    network.compile(make_optimizer(given, 0.1, 1, 16 // batch), "mse")
    rng = np.random.default_rng(0)
    network.fit(rng.normal(size=(16, 3)), rng.normal(size=(16, 2)), batch, shuffle=False, verbose=0)
    return network.get_weights()


def test_accumulated_batches_take_the_steps_of_one_large_batch() -> None:
    for large, small in zip(trained(8), trained(2, gradient_accumulation=4), strict=True):
        np.testing.assert_allclose(small, large, rtol=1e-5)
    assert not np.allclose(trained(8)[0], trained(2)[0])


def test_gradients_are_clipped_together_and_weights_decay() -> None:
    clipped = trained(16, clip_norm=0.01)
    assert math.sqrt(sum((each**2).sum() for each in clipped)) == pytest.approx(0.1 * 0.01, rel=1e-4)
    assert not np.allclose(trained(4, weight_decay=0.5)[0], trained(4)[0])


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd", "rmsprop"])
def test_optimizers_are_keras_s_own_with_their_own_decay(name: str) -> None:
    import keras

    made = make_optimizer(TrainingSettings(optimizer=name), 0.01, 1, 1)
    default = keras.optimizers.get(name)
    assert type(made) is type(default)
    assert made.weight_decay == default.weight_decay
    assert float(made.learning_rate) == pytest.approx(0.01)
