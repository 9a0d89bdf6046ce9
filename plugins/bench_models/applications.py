"""Any network of ``keras.applications``, by its name there."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from bench_models.phases import FINE_TUNE_LEARNING_RATE, Epochs, LearningRate
from bench_models.pretrained import IMAGENET, Phase, Pretrained, Size
from bench_models.weights import load_weights
from benchmark import File, WeightsError

if TYPE_CHECKING:
    import keras

# By module of keras.applications, which has the preprocessing. Written down, because plans must not import Keras; a
# test compares it with what is there.
NETWORKS: dict[str, tuple[str, ...]] = {
    "convnext": ("ConvNeXtTiny", "ConvNeXtSmall", "ConvNeXtBase", "ConvNeXtLarge", "ConvNeXtXLarge"),
    "densenet": ("DenseNet121", "DenseNet169", "DenseNet201"),
    "efficientnet": tuple(f"EfficientNetB{number}" for number in range(8)),
    "efficientnet_v2": (
        "EfficientNetV2B0", "EfficientNetV2B1", "EfficientNetV2B2", "EfficientNetV2B3", "EfficientNetV2S",
        "EfficientNetV2M", "EfficientNetV2L",
    ),
    "inception_resnet_v2": ("InceptionResNetV2",),
    "inception_v3": ("InceptionV3",),
    "mobilenet": ("MobileNet",),
    "mobilenet_v2": ("MobileNetV2",),
    "mobilenet_v3": ("MobileNetV3Small", "MobileNetV3Large"),
    "nasnet": ("NASNetMobile", "NASNetLarge"),
    "resnet": ("ResNet50", "ResNet101", "ResNet152"),
    "resnet_v2": ("ResNet50V2", "ResNet101V2", "ResNet152V2"),
    "vgg16": ("VGG16",),
    "vgg19": ("VGG19",),
    "xception": ("Xception",),
}  # fmt: skip
Network = Literal[
    "ConvNeXtTiny", "ConvNeXtSmall", "ConvNeXtBase", "ConvNeXtLarge", "ConvNeXtXLarge", "DenseNet121", "DenseNet169",
    "DenseNet201", "EfficientNetB0", "EfficientNetB1", "EfficientNetB2", "EfficientNetB3", "EfficientNetB4",
    "EfficientNetB5", "EfficientNetB6", "EfficientNetB7", "EfficientNetV2B0", "EfficientNetV2B1", "EfficientNetV2B2",
    "EfficientNetV2B3", "EfficientNetV2S", "EfficientNetV2M", "EfficientNetV2L", "InceptionResNetV2", "InceptionV3",
    "MobileNet", "MobileNetV2", "MobileNetV3Small", "MobileNetV3Large", "NASNetMobile", "NASNetLarge", "ResNet50",
    "ResNet101", "ResNet152", "ResNet50V2", "ResNet101V2", "ResNet152V2", "VGG16", "VGG19", "Xception",
]  # fmt: skip


class KerasApplication(Pretrained):
    """Any network of keras.applications, pretrained on ImageNet, with the preprocessing that Keras has for it."""

    name = "keras-application"

    def build(
        self,
        input_shape: tuple[int, ...],
        num_classes: int,
        *,
        network: Network,
        stages: Annotated[list[Phase], Field(min_length=1)] = ["transfer", "fine-tune"],  # noqa: B006
        weights: Annotated[str | None, File(IMAGENET)] = IMAGENET,
        units: Size = 64,
        fine_tune_learning_rate: LearningRate = FINE_TUNE_LEARNING_RATE,
        fine_tune_epochs: Epochs | None = None,
        frozen_normalisation: bool = False,
    ) -> keras.Model:
        """Return the network called ``network``, with a new top."""
        return self.with_new_top(input_shape, num_classes, weights, units)

    def backbone(self, input_shape: tuple[int, ...]) -> keras.Model:
        """See ``Pretrained.backbone``."""
        return self._made(input_shape, None)

    def load_into(self, backbone: keras.Model, weights: str) -> None:
        """See ``Pretrained.load_into``; ImageNet's weights are found, or fetched, by Keras itself."""
        from pathlib import Path

        if weights == IMAGENET:
            backbone.set_weights(self._imagenet(backbone.input_shape[1:]).get_weights())
        else:
            load_weights(backbone, Path(weights), self.name)

    def unavailable(self) -> str:
        """Return what is wrong with the weights; ImageNet's are fetched if need be."""
        from pathlib import Path

        from bench_models.weights import check_readable

        weights = self.parameters.get("weights", IMAGENET)
        problem = super(Pretrained, self).unavailable()
        if problem or weights is None:
            return problem
        try:
            if weights == IMAGENET:
                self._imagenet(None)
            else:
                check_readable(Path(weights), self.name)
        except WeightsError as error:
            return str(error).rstrip(".")
        return ""

    def preprocess(self, x: Any) -> Any:
        """Return what Keras's ``preprocess_input`` for this network makes of 0..255."""
        module = import_module(f"keras.applications.{self._module}")
        return module.preprocess_input(x * 255.0)

    @property
    def _module(self) -> str:
        return next(module for module, names in NETWORKS.items() if self.parameters["network"] in names)

    def _made(self, input_shape: tuple[int, ...] | None, weights: str | None) -> keras.Model:
        import keras

        made: keras.Model = getattr(keras.applications, self.parameters["network"])(
            include_top=False, weights=weights, input_shape=input_shape
        )
        return made

    def _imagenet(self, input_shape: tuple[int, ...] | None) -> keras.Model:
        try:
            return self._made(input_shape, IMAGENET)
        # Keras raises a bare Exception when a server does not answer.
        except Exception as error:
            raise WeightsError(
                f"The ImageNet weights of '{self.parameters['network']}' are not in Keras's folder and cannot be "
                f"fetched ({error}). Give a file as {{{self.name}: {{weights: FILE}}}}, or train from random weights "
                f"with {{{self.name}: {{weights: null}}}}."
            ) from error
