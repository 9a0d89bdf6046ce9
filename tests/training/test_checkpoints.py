"""A training that is cut off after any epoch goes on from there and comes to what it would have come to."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cut_off import check_cut_off_after_each_epoch, toys, train
from two_phase import Kept, TwoPhase

from benchmark import KerasModel
from benchmark.plugin.training_run import TrainingRun
from benchmark.settings import TrainingSettings
from benchmark.training.stages import Stage

pytestmark = pytest.mark.slow
STOPPING = {"metric": "loss", "patience": 1, "min_delta": 0.0, "restore_best": True}


class Drawing(KerasModel):
    """Draws by Keras's global generator, in a layer that has none of its own, and is trained in two stages."""

    name = "drawing"

    def build(self, input_shape: Any, num_classes: int) -> Any:
        import keras

        class Unseeded(keras.layers.Layer):
            def call(self, inputs: Any, training: bool = False) -> Any:
                if not training:
                    return inputs
                return inputs + 0.1 * keras.random.normal(keras.ops.shape(inputs), dtype=inputs.dtype)

        layers = keras.layers
        inputs = keras.Input(input_shape)
        x = layers.BatchNormalization()(Unseeded()(inputs))
        x = layers.Dropout(0.4)(layers.Flatten()(x))
        return keras.Model(inputs, layers.Dense(num_classes, activation="softmax")(x))

    def training_stages(self, settings: TrainingSettings) -> list[Stage]:
        return [Stage(name, settings.epochs, settings.learning_rate) for name in ("first", "second")]


class Shaken(KerasModel):
    """Draws by Python's and NumPy's global generators, which Keras knows nothing of, between its two stages."""

    name = "shaken"

    def build(self, input_shape: Any, num_classes: int) -> Any:
        import keras

        layers = keras.layers
        return keras.Sequential(
            [keras.Input(input_shape), layers.Flatten(), layers.Dense(num_classes, activation="softmax")]
        )

    def training_stages(self, settings: TrainingSettings) -> list[Stage]:
        def shake(network: Any) -> None:
            kernel, _ = network.weights
            kernel.assign(kernel * random.random() + np.random.normal(0, 0.1, kernel.shape))

        rate = settings.learning_rate
        return [Stage("first", settings.epochs, rate), Stage("second", settings.epochs, rate, shake)]


def pictures() -> tuple[Any, Any, Any]:
    return Kept(24, 0), Kept(9, 1), Kept(9, 2)


class Once(Drawing):
    """Is trained in one stage."""

    name = "once"

    def training_stages(self, settings: TrainingSettings) -> list[Stage]:
        return super().training_stages(settings)[:1]


class Smaller(Once):
    """Another network, trained in a stage of the same name."""

    name = "smaller"

    def build(self, input_shape: Any, num_classes: int) -> Any:
        import keras

        layers = keras.layers
        return keras.Sequential(
            [keras.Input(input_shape), layers.Flatten(), layers.Dense(num_classes, activation="softmax")]
        )


CASES = [
    (lambda: TwoPhase(fine_tuned=True), lambda: (Kept(24, 0), None, Kept(9, 2)), {}),
    # The others have optimizers that remember.
    (
        lambda: TwoPhase(fine_tuned=True, noisy=True),
        pictures,
        {"early_stopping": STOPPING, "optimizer": "sgd", "first": 1},
    ),
    # All at once that keeps something of its own from epoch to epoch.
    (
        Once,
        toys,
        {
            "stages": 1,
            "first": 1,
            "epochs": 3,
            "early_stopping": STOPPING,
            "augmented": True,
            "schedule": "cosine",
            "warmup": 1,
            "gradient_accumulation": 2,
            "optimizer": "adamw",
            "precision": "mixed_float16",
        },
    ),
]


@pytest.mark.parametrize(("model", "data", "settings"), CASES)
def test_a_training_that_is_cut_off_after_each_epoch_comes_to_the_same(
    tmp_path: Path, model: Any, data: Any, settings: dict[str, Any]
) -> None:
    check_cut_off_after_each_epoch(model, data, tmp_path, **{"epochs": 2, **settings})


def test_what_is_drawn_by_the_generators_of_python_and_numpy_after_a_cut_is_what_would_have_been_drawn(
    tmp_path: Path,
) -> None:
    check_cut_off_after_each_epoch(Shaken, toys, tmp_path, epochs=2, optimizer="sgd")


def test_a_checkpoint_changes_nothing_of_a_training(tmp_path: Path) -> None:
    model = Drawing()
    examples = toys()
    settings = TrainingSettings(batch_size=8, epochs=2, learning_rate=0.01, optimizer="sgd")
    without = model.fit(examples[0], examples[1], TrainingRun(settings, 3))
    said = model.predict(examples[2])
    with_some = train(Drawing(), toys(), tmp_path / "c.npz", iter(()), epochs=2, optimizer="sgd")
    assert with_some.history == without
    np.testing.assert_array_equal(with_some.answers, said)


def test_a_network_that_keeps_more_than_keras_knows_leaves_no_checkpoint(tmp_path: Path) -> None:
    class Stubborn(Once):
        resumable = False

    train(Stubborn(), toys(), tmp_path / "c.npz", iter(()), epochs=1)
    assert not (tmp_path / "c.npz").exists()


def test_a_checkpoint_of_another_network_is_not_used(tmp_path: Path) -> None:
    file = tmp_path / "c.npz"
    whole = train(Once(), toys(), tmp_path / "whole.npz", iter(()), epochs=2, optimizer="sgd")
    train(Smaller(), toys(), file, iter(()), epochs=2, optimizer="sgd")
    assert file.exists()
    again = train(Once(), toys(), file, iter(()), epochs=2, optimizer="sgd")
    assert again.history == whole.history
    np.testing.assert_array_equal(again.answers, whole.answers)
