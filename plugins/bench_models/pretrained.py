"""Networks pretrained on ImageNet: VGG16 and MobileNet, in the paper's two stages."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from bench_models.weights import check_weights, load_weights
from benchmark import File, KerasModel
from benchmark.exceptions import WeightsError
from benchmark.training.stages import Stage

if TYPE_CHECKING:
    import keras

    from benchmark.suite.settings import TrainingSettings

Phase = Literal["transfer", "fine-tune"]
IMAGENET = "imagenet"
Size = Annotated[int, Field(gt=0)]


class Pretrained(KerasModel):
    """A backbone of keras.applications without its top, then Flatten, a dense layer, and softmax.

    ``transfer`` trains the new layers on a frozen backbone in inference mode, with the suite's learning rate;
    ``fine-tune`` then trains everything, with ``fine_tune_learning_rate``. Each stage takes the suite's epochs.
    A single channel is repeated to three, and each backbone gets the inputs it was trained on.
    """

    backbone_name: ClassVar[str]
    backbone_weights: ClassVar[int]
    weights_file: ClassVar[str]

    def build(
        self,
        input_shape: tuple[int, int, int],
        num_classes: int,
        *,
        stages: Annotated[list[Phase], Field(min_length=1)] = ["transfer", "fine-tune"],  # noqa: B006
        weights: Annotated[str | None, File(IMAGENET)] = IMAGENET,
        units: Size = 64,
        fine_tune_learning_rate: Annotated[float, Field(gt=0)] = 0.0001,
    ) -> keras.Model:
        """Return the network; ``weights`` is ``imagenet``, null (random), or a file of weights."""
        import keras
        from keras import layers

        inputs = keras.Input(input_shape)
        x = layers.Concatenate()([inputs] * 3) if input_shape[-1] == 1 else inputs
        backbone = self._backbone((*input_shape[:2], 3), weights)
        x = backbone(self.preprocess(x))
        x = layers.Flatten()(x)
        x = layers.Dense(units, activation="relu")(x)
        outputs = layers.Dense(num_classes, activation="softmax", dtype="float32")(x)
        return keras.Model(inputs, outputs, name=self.backbone_name.lower())

    @classmethod
    def space(cls) -> dict[str, Any]:
        """Return the step sizes of both stages, batch size, and the width of the dense layer."""
        return {
            "training.learning_rate": {"low": 1e-4, "high": 1e-2, "log": True},
            "training.batch_size": [16, 32, 64],
            "model.fine_tune_learning_rate": {"low": 1e-6, "high": 1e-3, "log": True},
            "model.units": [32, 64, 128, 256],
        }

    @classmethod
    def architecture(cls, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return the same with random weights."""
        return {**parameters, "weights": None}

    @classmethod
    def rehearsal(cls, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return the same with random weights."""
        return {**parameters, "weights": None}

    def preprocess(self, x: Any) -> Any:
        """Return a three-channel input in 0..1 as the backbone was trained on it; adds no parameters."""
        raise NotImplementedError

    def training_stages(self, settings: TrainingSettings) -> list[Stage]:
        """Return the stages asked for; fine-tuning goes on from the weights that the stage before it left."""
        rates = {
            "transfer": settings.learning_rate,
            "fine-tune": self.parameters.get("fine_tune_learning_rate", 0.0001),
        }
        phases = self.parameters.get("stages", ["transfer", "fine-tune"])
        return [
            Stage(phase, settings.epochs, rates[phase], _freeze, frozen="backbone")
            if phase == "transfer"
            else Stage(phase, settings.epochs, rates[phase], _unfreeze)
            for phase in phases
        ]

    def unavailable(self) -> str:
        """Return what is wrong with the weights, beside what may be with the backend; fetches ImageNet's if need be."""
        problem = super().unavailable()
        weights = self.parameters.get("weights", IMAGENET)
        if problem or weights is None:
            return problem
        try:
            file = self._imagenet_file() if weights == IMAGENET else Path(weights)
            check_weights(file, self.name, self.backbone_weights)
        except WeightsError as error:
            return str(error).rstrip(".")
        return ""

    def _backbone(self, input_shape: tuple[int, int, int], weights: str | None) -> keras.Model:
        import keras

        application = getattr(keras.applications, self.backbone_name)
        backbone = application(include_top=False, weights=None, input_shape=input_shape)
        backbone.name = "backbone"
        if weights is not None:
            file = self._imagenet_file() if weights == IMAGENET else Path(weights)
            load_weights(backbone, file, self.name)
        return backbone

    def _imagenet_file(self) -> Path:
        """Return the file of ImageNet weights, fetched by Keras unless it is in Keras's folder already."""
        home = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()
        file = home / "models" / self.weights_file
        if file.is_file():
            return file
        import keras

        source = f"https://storage.googleapis.com/tensorflow/keras-applications/{self.backbone_name.lower()}/"
        try:
            return Path(
                keras.utils.get_file(self.weights_file, source + self.weights_file, cache_subdir="models")
            )
        # Keras raises a bare Exception when a server does not answer.
        except Exception as error:
            raise WeightsError(
                f"The ImageNet weights of '{self.name}' are not on this machine and cannot be fetched ({error}). "
                f"Get {self.weights_file} from {source} and put it at {file}, or give its place as "
                f"{{{self.name}: {{weights: FILE}}}}, or train from random weights with "
                f"{{{self.name}: {{weights: null}}}}."
            ) from error


class Vgg16(Pretrained):
    """VGG16 (Simonyan & Zisserman 2015), pretrained on ImageNet."""

    name = "vgg16"
    backbone_name = "VGG16"
    backbone_weights = 14_714_688
    weights_file = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"

    def preprocess(self, x: Any) -> Any:
        """Return 0..255 in blue, green, red order less ImageNet's mean, as keras.applications.vgg16 defines it."""
        import keras

        mean = [103.939, 116.779, 123.68]
        return keras.layers.Rescaling(255.0, offset=[-value for value in mean])(keras.ops.flip(x, axis=-1))


class MobileNet(Pretrained):
    """MobileNet v1, width 1 (Howard et al. 2017), pretrained on ImageNet."""

    name = "mobilenet"
    backbone_name = "MobileNet"
    backbone_weights = 3_228_864
    weights_file = "mobilenet_1_0_224_tf_no_top.h5"

    def preprocess(self, x: Any) -> Any:
        """Return -1..1, as keras.applications.mobilenet defines it."""
        from keras import layers

        return layers.Rescaling(2.0, offset=-1.0)(x)


def _freeze(network: keras.Model) -> None:
    network.get_layer("backbone").trainable = False


def _unfreeze(network: keras.Model) -> None:
    network.get_layer("backbone").trainable = True
