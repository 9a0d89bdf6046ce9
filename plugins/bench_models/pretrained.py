"""Networks pretrained on ImageNet, in the paper's two stages: VGG16, MobileNet, and all that Keras has."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from bench_models.phases import FINE_TUNE, FINE_TUNE_LEARNING_RATE, Epochs, LearningRate, two_stages
from bench_models.weights import check_weights, load_weights
from benchmark import File, KerasModel, Later, Stage, WeightsError

if TYPE_CHECKING:
    import keras

    from benchmark import TrainingSettings

Phase = Literal["transfer", "fine-tune"]
IMAGENET = "imagenet"
Size = Annotated[int, Field(gt=0)]
_SOURCE = "https://storage.googleapis.com/tensorflow/keras-applications"
_VGG16 = ("vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5", 14_714_688)


class Pretrained(KerasModel):
    """A backbone of keras.applications without its top, then Flatten, a dense layer, and softmax.

    ``transfer`` trains the new layers on a frozen backbone in inference mode, with the suite's learning rate;
    ``fine-tune`` then trains everything, with ``fine_tune_learning_rate``, or with ``frozen_normalisation`` everything
    but the backbone's batch normalisation, which keeps ImageNet's statistics: batches of a small data set are a poor
    measure of their own. Each stage takes the suite's epochs, fine-tuning ``fine_tune_epochs`` if that is given.
    A single channel is repeated to three, and each backbone gets the inputs it was trained on.
    """

    dimensions = frozenset({3})
    backbone_name: ClassVar[str]

    def with_new_top(
        self, input_shape: tuple[int, ...], num_classes: int, weights: str | None, units: int
    ) -> keras.Model:
        """Return the backbone with weights, and a new top."""
        import keras
        from keras import layers

        inputs = keras.Input(input_shape)
        x = layers.Concatenate()([inputs] * 3) if input_shape[-1] == 1 else inputs
        backbone = self.backbone((*input_shape[:2], 3))
        backbone.name = "backbone"
        if weights is not None:
            self.load_into(backbone, weights)
        x = backbone(self.preprocess(x))
        x = layers.Flatten()(x)
        x = layers.Dense(units, activation="relu")(x)
        outputs = layers.Dense(num_classes, activation="softmax", dtype="float32")(x)
        return keras.Model(inputs, outputs, name=self.name)

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
        asked = self.parameters.get("stages", ["transfer", FINE_TUNE])
        return two_stages("transfer", asked, self.parameters, settings)

    def backbone(self, input_shape: tuple[int, ...]) -> keras.Model:
        """Return the network without its top, with random weights."""
        import keras

        made: keras.Model = getattr(keras.applications, self.backbone_name)(
            include_top=False, weights=None, input_shape=input_shape
        )
        return made

    def load_into(self, backbone: keras.Model, weights: str) -> None:
        """Read ImageNet's weights, or those of a file.

        Raises:
            WeightsError: when they are absent, damaged, or of another network.
        """
        load_weights(backbone, self._file(weights), self.name)

    def unavailable(self) -> str:
        """Return what is wrong with the weights, beside what may be with the backend; fetches ImageNet's if need be."""
        problem = super().unavailable()
        weights = self.parameters.get("weights", IMAGENET)
        if problem or weights is None:
            return problem
        try:
            check_weights(self._file(weights), self.name, self.published()[1])
        except WeightsError as error:
            return str(error).rstrip(".")
        return ""

    @classmethod
    def published_files(cls) -> list[tuple[str, Path | None, str]]:
        """See ``Model.published_files``."""
        folder = _keras_models()
        files = cls.imagenet_files()
        return [
            (
                f"{cls.name}, ImageNet ({name})",
                folder / name,
                f"fetched by Keras when needed, from {_SOURCE}/{cls.backbone_name.lower()}/{name}",
            )
            for name in files
        ]

    @classmethod
    def imagenet_files(cls) -> list[str]:
        """Return what Keras calls the files of ImageNet weights without top."""
        return []

    def published(self) -> tuple[str, int]:
        """Return what Keras calls the file of ImageNet weights without top, and how many numbers it holds."""
        raise NotImplementedError

    def _file(self, weights: str) -> Path:
        """Return the file of weights; ImageNet's is fetched by Keras unless it is in Keras's folder already."""
        if weights != IMAGENET:
            return Path(weights)
        name = self.published()[0]
        file = _keras_models() / name
        if file.is_file():
            return file
        import keras

        source = f"{_SOURCE}/{self.backbone_name.lower()}/"
        try:
            return Path(keras.utils.get_file(name, source + name, cache_subdir="models"))
        # Keras raises a bare Exception when a server does not answer.
        except Exception as error:
            raise WeightsError(
                f"The ImageNet weights of '{self.name}' are not on this machine and cannot be fetched ({error}). "
                f"Get {name} from {source} and put it at {file}, or give its place as "
                f"{{{self.name}: {{weights: FILE}}}}, or train from random weights with "
                f"{{{self.name}: {{weights: null}}}}."
            ) from error


class Vgg16(Pretrained):
    """VGG16 (Simonyan & Zisserman 2015), pretrained on ImageNet."""

    name = "vgg16"
    backbone_name = "VGG16"

    def build(
        self,
        input_shape: tuple[int, ...],
        num_classes: int,
        *,
        stages: Annotated[list[Phase], Field(min_length=1)] = ["transfer", "fine-tune"],  # noqa: B006
        weights: Annotated[str | None, File(IMAGENET)] = IMAGENET,
        units: Size = 64,
        fine_tune_learning_rate: LearningRate = FINE_TUNE_LEARNING_RATE,
        fine_tune_epochs: Epochs | None = None,
    ) -> keras.Model:
        """Return the network; ``weights`` is ``imagenet``, null (random), or a file of weights."""
        return self.with_new_top(input_shape, num_classes, weights, units)

    def published(self) -> tuple[str, int]:
        """See ``Pretrained.published``."""
        return _VGG16

    @classmethod
    def imagenet_files(cls) -> list[str]:
        """See ``Pretrained.imagenet_files``."""
        return [_VGG16[0]]

    def preprocess(self, x: Any) -> Any:
        """Return 0..255 in blue, green, red order less ImageNet's mean, as keras.applications.vgg16 defines it."""
        import keras

        mean = [103.939, 116.779, 123.68]
        return keras.layers.Rescaling(255.0, offset=[-value for value in mean])(keras.ops.flip(x, axis=-1))


# Of MobileNet v1's backbone, by the width that Keras has ImageNet weights for.
_MOBILENET_FILES = {
    0.25: ("mobilenet_2_5_224_tf_no_top.h5", 218_544),
    0.5: ("mobilenet_5_0_224_tf_no_top.h5", 829_536),
    0.75: ("mobilenet_7_5_224_tf_no_top.h5", 1_832_976),
    1.0: ("mobilenet_1_0_224_tf_no_top.h5", 3_228_864),
}


def _known_width(width: float) -> float:
    if width not in _MOBILENET_FILES:
        raise ValueError(f"must be one of {', '.join(f'{known:g}' for known in _MOBILENET_FILES)}")
    return width


Width = Annotated[
    float, AfterValidator(_known_width), WithJsonSchema({"enum": list(_MOBILENET_FILES)}), Later()
]


class MobileNet(Pretrained):
    """MobileNet v1 (Howard et al. 2017) of any width that Keras has, pretrained on ImageNet."""

    name = "mobilenet"
    backbone_name = "MobileNet"

    def build(
        self,
        input_shape: tuple[int, ...],
        num_classes: int,
        *,
        width: Width = 1.0,
        stages: Annotated[list[Phase], Field(min_length=1)] = ["transfer", "fine-tune"],  # noqa: B006
        weights: Annotated[str | None, File(IMAGENET)] = IMAGENET,
        units: Size = 64,
        fine_tune_learning_rate: LearningRate = FINE_TUNE_LEARNING_RATE,
        fine_tune_epochs: Epochs | None = None,
        frozen_normalisation: bool = False,
    ) -> keras.Model:
        """Return the network; ``width`` is the share of the filters that each layer has."""
        return self.with_new_top(input_shape, num_classes, weights, units)

    def backbone(self, input_shape: tuple[int, ...]) -> keras.Model:
        """See ``Pretrained.backbone``."""
        import keras

        made: keras.Model = keras.applications.MobileNet(
            alpha=self._width, include_top=False, weights=None, input_shape=input_shape
        )
        return made

    def published(self) -> tuple[str, int]:
        """See ``Pretrained.published``."""
        return _MOBILENET_FILES[self._width]

    @classmethod
    def imagenet_files(cls) -> list[str]:
        """See ``Pretrained.imagenet_files``."""
        return [name for name, _ in _MOBILENET_FILES.values()]

    @property
    def _width(self) -> float:
        return float(self.parameters.get("width", 1.0))

    def preprocess(self, x: Any) -> Any:
        """Return -1..1, as keras.applications.mobilenet defines it."""
        from keras import layers

        return layers.Rescaling(2.0, offset=-1.0)(x)


def _keras_models() -> Path:
    """Return the folder that Keras keeps weights in."""
    return Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "models"
