"""The two stages of a pretrained network: a new top on a frozen backbone, then all of it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from benchmark import Stage

if TYPE_CHECKING:
    import keras

    from benchmark import TrainingSettings

BACKBONE = "backbone"
FINE_TUNE = "fine-tune"
LearningRate = Annotated[float, Field(gt=0)]
Epochs = Annotated[int, Field(gt=0)]
FINE_TUNE_LEARNING_RATE = 0.0001


def two_stages(
    first: str, asked: list[str], parameters: Mapping[str, Any], settings: TrainingSettings
) -> list[Stage]:
    """Return the stages ``asked`` for: ``first``, which trains what is new, and fine-tuning.

    Fine-tuning follows ``fine_tune_learning_rate``, ``fine_tune_epochs`` (None: as many as the suite says) and
    ``frozen_normalisation``.
    """
    rate = parameters.get("fine_tune_learning_rate", FINE_TUNE_LEARNING_RATE)
    epochs = parameters.get("fine_tune_epochs") or settings.epochs
    thaw = partial(_thaw, but_normalisation=bool(parameters.get("frozen_normalisation", False)))
    known = {
        first: Stage(first, settings.epochs, settings.learning_rate, _freeze, frozen=BACKBONE),
        FINE_TUNE: Stage(FINE_TUNE, epochs, rate, thaw),
    }
    return [known[name] for name in asked]


def _freeze(network: keras.Model) -> None:
    network.get_layer(BACKBONE).trainable = False


def _thaw(network: keras.Model, *, but_normalisation: bool) -> None:
    """Let the backbone be trained; Keras runs a batch normalisation that is not trained by the statistics it has."""
    import keras

    backbone = network.get_layer(BACKBONE)
    backbone.trainable = True
    if but_normalisation:
        for layer in backbone._flatten_layers():
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.trainable = False
