"""A suite whose network is trained in two stages, slowly enough to be killed on the way; no two draws of it are alike."""

from __future__ import annotations

COMPONENTS = """
import json, os, time
from dataclasses import replace
from benchmark import Augmentation, KerasModel, Stage, hookimpl

class Noise(Augmentation):
    '''Noise drawn for each batch, after a while.'''
    name = "batch-noise"
    acts_on = "batch"

    def apply_batch(self, inputs, targets, rng):
        time.sleep(0.1)
        return (inputs + rng.normal(0, 0.02, inputs.shape)).astype("float32"), targets

class Phases(KerasModel):
    '''A convolution that is frozen at first, batch normalisation and dropout.'''
    name = "phases"

    def build(self, input_shape, num_classes):
        from keras import Input, Model, layers
        inputs = Input(input_shape)
        x = layers.Conv2D(4, 3, strides=2, name="body")(inputs)
        x = layers.Dropout(0.3)(layers.Flatten()(layers.BatchNormalization()(x)))
        return Model(inputs, layers.Dense(num_classes, activation="softmax")(x))

    def training_stages(self, settings):
        def body(trainable):
            return lambda network: setattr(network.get_layer("body"), "trainable", trainable)
        return [
            Stage("transfer", settings.epochs, settings.learning_rate, body(False)),
            Stage("fine-tune", settings.epochs, settings.learning_rate / 10, body(True)),
        ]

@hookimpl
def bench_augmentations():
    return [Noise]
"""


def suite(name: str, *, epochs: int, patience: int, seeds: int) -> str:
    """Return a suite of so many ``seeds`` of a model called ``phases``, each of two stages of ``epochs``."""
    return f"""
name: {name}
cell:
  dataset: {{synthetic: {{tracks_per_class: 4, seconds: 1, difficulty: 0}}}}
  features: {{mel: {{size: [12, 16], n_mels: 12}}}}
  split: {{fractions: [0.5, 0.25, 0.25]}}
  augmentation: [batch-noise, frequency-mask]
  training:
    epochs: {epochs}
    batch_size: 8
    schedule: cosine
    early_stopping: {{metric: loss, patience: {patience}, restore_best: true}}
  evaluate: [test]
matrix:
  model: [phases]
  seed: {list(range(seeds))}
"""
