"""A network whose first part is frozen, and examples as they come from a feature store."""

from __future__ import annotations

import numpy as np

from benchmark import KerasModel
from benchmark.data.examples import StoredExamples
from benchmark.settings import TrainingSettings
from benchmark.training.stages import Stage

SIZE = (16, 16, 1)


class Kept(StoredExamples):
    """Random pictures of three classes, as if they came from a feature store."""

    def __init__(self, count: int, seed: int, *, redrawn: bool = False) -> None:
        rng = np.random.default_rng(seed)
        self.labels = np.arange(count) % 3
        self.shape, self.dtype, self.num_classes, self.space = SIZE, "uint8", 3, "pictures"
        self.images = (rng.integers(0, 120, (count, *SIZE)) + 60 * self.labels[:, None, None, None]).astype(
            np.uint8
        )
        self.gathered = 0
        self.tracks = np.arange(count)
        self._rows = np.arange(count)
        self._name = f"{seed}"
        self._redrawn = redrawn
        self._chosen = list(range(count))

    def gather(self, indices: np.ndarray, epoch: int = 0) -> np.ndarray:
        self.gathered += len(indices)
        return self.images[indices]

    def only(self, chosen: range) -> Kept:
        self._chosen = list(chosen)
        self.labels, self.images = self.labels[self._chosen], self.images[self._chosen]
        self.tracks = self._rows = np.arange(len(chosen))
        return self

    @property
    def redrawn(self) -> bool:
        return self._redrawn

    def content_keys(self) -> list[str]:
        return [f"{self._name}-{number}" for number in self._chosen]


def frozen(trainable: bool):
    return lambda network: setattr(network.get_layer("body"), "trainable", trainable)


class TwoPhase(KerasModel):
    """A frozen convolution with batch normalisation, then another, a dropout and a dense layer."""

    name = "two-phase"

    def build(
        self, input_shape, num_classes, *, fine_tuned: bool = False, noisy: bool = False, bypass: bool = False
    ):
        import keras
        from keras import layers

        inputs = keras.Input(input_shape)
        convolution = [layers.Conv2D(6, 3), layers.BatchNormalization(), layers.ReLU()]
        noise = [layers.GaussianNoise(0.1)] if noisy else []
        body = keras.Sequential([keras.Input(input_shape), *noise, *convolution], name="body")
        x = layers.BatchNormalization()(layers.Flatten()(body(inputs)))
        x = layers.Concatenate()([x, layers.Flatten()(inputs)]) if bypass else x
        x = layers.Dropout(0.3)(x)
        return keras.Model(inputs, layers.Dense(num_classes, activation="softmax")(x))

    def training_stages(self, settings: TrainingSettings) -> list[Stage]:
        first = Stage("transfer", settings.epochs, settings.learning_rate, frozen(False), frozen="body")
        more = [Stage("fine-tune", settings.epochs, 0.0001, frozen(True))]
        return [first, *(more if self.parameters.get("fine_tuned") else [])]
