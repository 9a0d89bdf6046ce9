"""musicnn: a network for music, pretrained on the tags of the Million Song Dataset."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from bench_models.phases import FINE_TUNE_LEARNING_RATE, Epochs, LearningRate, two_stages
from bench_models.weights import check_weights, load_weights_by_layer
from benchmark import File, KerasModel, Stage, WeightsError

if TYPE_CHECKING:
    import keras

    from benchmark import TrainingSettings

Phase = Literal["probe", "fine-tune"]
BANDS = 96
BACKBONE_WEIGHTS, TOP_WEIGHTS = 782_029, 10_050
TIMBRE = ((204, 38), (204, 67))  # filters, and the bands that each of them sees, of 7 frames
RHYTHM = ((51, 128), (51, 64), (51, 32))  # filters, and the frames that each of them sees, of one band


class Musicnn(KerasModel):
    """musicnn (Pons & Serra 2019): filters shaped for timbre and for rhythm, three dense layers, pooling over time.

    ``probe`` trains a softmax layer on the frozen network's 200 numbers, with the suite's learning rate;
    ``fine-tune`` then trains everything, with ``fine_tune_learning_rate``, or with ``frozen_normalisation`` everything
    but batch normalisation, which keeps its statistics. Each stage takes the suite's epochs, fine-tuning
    ``fine_tune_epochs`` if that is given. It hears ``musicnn-mel``, and any number of its frames.
    """

    name = "musicnn"
    dimensions = frozenset({3})
    stages = ("probe", "fine-tune")

    @classmethod
    def published_files(cls) -> list[tuple[str, Path | None, str]]:
        """See ``Model.published_files``."""
        where = "MSD_musicnn.h5 of https://github.com/jordipons/musicnn (ISC licence), named by 'weights' in the suite"
        return [("musicnn, Million Song Dataset", None, where)]

    def build(
        self,
        input_shape: tuple[int, ...],
        num_classes: int,
        *,
        weights: Annotated[str | None, File()],
        stages: Annotated[list[Phase], Field(min_length=1)] = ["probe"],  # noqa: B006
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.5,
        fine_tune_learning_rate: LearningRate = FINE_TUNE_LEARNING_RATE,
        fine_tune_epochs: Epochs | None = None,
        frozen_normalisation: bool = False,
    ) -> keras.Model:
        """Return the network; ``weights`` is a file of weights, or null for random ones."""
        import keras
        from keras import layers

        if input_shape[0] != BANDS or input_shape[2] != 1:
            raise ValueError(
                f"musicnn hears {BANDS} mel bands of one channel and was given features of shape {input_shape}: "
                "use the features 'musicnn-mel'"
            )
        inputs = keras.Input(input_shape)
        backbone = _backbone(input_shape)
        if weights is not None:
            load_weights_by_layer(backbone, Path(weights), self.name)
        x = backbone(inputs)
        x = layers.Dropout(dropout)(x)
        outputs = layers.Dense(num_classes, activation="softmax", dtype="float32")(x)
        return keras.Model(inputs, outputs, name=self.name)

    @classmethod
    def space(cls) -> dict[str, Any]:
        """Return the step sizes of both stages, batch size, and dropout."""
        return {
            "training.learning_rate": {"low": 1e-4, "high": 1e-2, "log": True},
            "training.batch_size": [16, 32, 64],
            "model.fine_tune_learning_rate": {"low": 1e-6, "high": 1e-3, "log": True},
            "model.dropout": [0.0, 0.25, 0.5],
        }

    @classmethod
    def architecture(cls, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return the same with random weights."""
        return {**parameters, "weights": None}

    @classmethod
    def rehearsal(cls, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return the same with random weights."""
        return {**parameters, "weights": None}

    def training_stages(self, settings: TrainingSettings) -> list[Stage]:
        """Return the stages asked for; fine-tuning goes on from what the probe left."""
        return two_stages("probe", self.parameters.get("stages", ["probe"]), self.parameters, settings)

    def unavailable(self) -> str:
        """Return what is wrong with the weights, beside what may be with the backend."""
        problem = super().unavailable()
        weights = self.parameters.get("weights")
        if problem or weights is None:
            return problem
        try:
            check_weights(Path(weights), self.name, BACKBONE_WEIGHTS, top=TOP_WEIGHTS)
        except WeightsError as error:
            return str(error).rstrip(".")
        return ""


def _backbone(input_shape: tuple[int, ...]) -> keras.Model:
    """Return the network up to its 200 numbers; layers are called as in the published files."""
    import keras
    from keras import layers, ops

    inputs = keras.Input(input_shape)
    # From rows of bands, the highest first, to the authors' rows of frames, the lowest band first.
    x = ops.transpose(ops.flip(inputs, axis=1), (0, 2, 1, 3))
    x = layers.BatchNormalization(name="batch_normalization")(x)
    padded = layers.ZeroPadding2D(((3, 3), (0, 0)))(x)
    heard = []
    kernels = [(padded, filters, (7, bands), "valid") for filters, bands in TIMBRE]
    kernels += [(x, filters, (frames, 1), "same") for filters, frames in RHYTHM]
    for number, (source, filters, kernel, padding) in enumerate(kernels):
        name = f"conv2d_{number}" if number else "conv2d"
        y = layers.Conv2D(filters, kernel, padding=padding, activation="relu", name=name)(source)
        y = layers.BatchNormalization(name=f"batch_normalization_{number + 1}")(y)
        heard.append(ops.max(y, axis=2))
    front = layers.Concatenate()(heard)
    dense = [front]
    for number in (1, 2, 3):
        y = layers.ZeroPadding2D(((3, 3), (0, 0)))(ops.expand_dims(dense[-1], -1))
        y = layers.Conv2D(64, (7, y.shape[2]), activation="relu", name=f"midend_conv{number}")(y)
        y = layers.BatchNormalization(name=f"bn_midend_conv{number}")(y)
        y = ops.squeeze(y, axis=2)
        dense.append(y if number == 1 else layers.Add()([y, dense[-1]]))
    whole = layers.Concatenate()(dense)
    y = layers.Flatten()(ops.stack([ops.max(whole, axis=1), ops.mean(whole, axis=1)], axis=-1))
    y = layers.BatchNormalization(name="bn_flatpool")(y)
    # The authors' dropout is left out here: drawn anew for each batch, it would keep a frozen network from being
    # computed once per clip. The one before the answer stays.
    y = layers.Dense(200, activation="relu", name="dense")(y)
    y = layers.BatchNormalization(name="bn_dense")(y)
    return keras.Model(inputs, y, name="backbone")
