"""Train a small network on the backend that the environment names, from weights that depend on no backend.

Run: python train_toy.py FOLDER        (stores the model and what came of it in FOLDER)
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from toy import ToyExamples

from benchmark import KerasModel
from benchmark.backend import BACKENDS
from benchmark.plugin.training_run import TrainingRun
from benchmark.settings import TrainingSettings


class Toy(KerasModel):
    """The layers of the built-in networks, without dropout: backends draw different random numbers."""

    name = "toy"

    def build(self, input_shape: tuple[int, int, int], num_classes: int) -> Any:
        from keras import Model, layers

        inputs = x = layers.Input(input_shape)
        x = layers.Conv2D(6, 3, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.MaxPooling2D()(layers.Activation("relu")(x))
        x = layers.SeparableConv2D(6, 3, strides=2, padding="same", activation="relu")(x)
        x = layers.Permute((2, 1, 3))(x)
        x = layers.GRU(8)(layers.Reshape((x.shape[1], x.shape[2] * x.shape[3]))(x))
        network = Model(inputs, layers.Dense(num_classes, activation="softmax")(x))
        rng = np.random.default_rng(0)
        for weight in network.trainable_weights:
            if len(weight.shape) > 1:
                weight.assign(rng.normal(scale=0.2, size=tuple(weight.shape)).astype(np.float32))
        return network


def main(folder: Path) -> None:
    settings = TrainingSettings(epochs=4, batch_size=9, learning_rate=0.01, schedule="cosine", clip_norm=1.0)
    model = Toy()
    history = model.fit(ToyExamples(), ToyExamples(6, seed=1), TrainingRun(settings, seed=0))
    model.save(folder)
    (folder / "history.json").write_text(json.dumps(history))
    np.save(folder / "predictions.npy", model.predict(ToyExamples(6, seed=2)))
    (folder / "backends.json").write_text(json.dumps([name for name in BACKENDS if name in sys.modules]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
