"""A residual network for spectrograms, trained from scratch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from bench_models.convolutional import Rate, Size
from benchmark import KerasModel

if TYPE_CHECKING:
    import keras


class ResidualCnn(KerasModel):
    """Residual blocks (He et al. 2016, arXiv:1603.05027: normalise, activate, convolve), a mean over all, softmax."""

    name = "residual-cnn"
    dimensions = frozenset({3})

    @classmethod
    def space(cls) -> dict[str, Any]:
        """Return step size, batch size, dropout, and depth."""
        return {
            "training.learning_rate": {"low": 1e-4, "high": 1e-2, "log": True},
            "training.batch_size": [16, 32, 64],
            "model.dropout": {"low": 0.0, "high": 0.5},
            "model.blocks": [1, 2, 3],
        }

    def build(
        self,
        input_shape: tuple[int, ...],
        num_classes: int,
        *,
        filters: Annotated[list[Size], Field(min_length=1)] = [16, 32, 64],  # noqa: B006
        blocks: Size = 2,
        dropout: Rate = 0.1,
    ) -> keras.Model:
        """Return ``blocks`` residual blocks per entry of ``filters``; each entry but the first halves both axes."""
        import keras
        from keras import layers

        inputs = keras.Input(input_shape)
        x = layers.Conv2D(filters[0], 3, padding="same", use_bias=False)(inputs)
        for number, count in enumerate(filters):
            for block in range(blocks):
                x = _block(x, count, stride=2 if number and not block else 1)
        x = layers.Activation("relu")(layers.BatchNormalization()(x))
        x = layers.GlobalAveragePooling2D()(x)
        x = layers.Dropout(dropout)(x)
        outputs = layers.Dense(num_classes, activation="softmax", dtype="float32")(x)
        return keras.Model(inputs, outputs, name=self.name)


def _block(x: Any, filters: int, stride: int) -> Any:
    """Return the input and what two convolutions make of it, added; the input is projected where shapes differ."""
    from keras import layers

    active = layers.Activation("relu")(layers.BatchNormalization()(x))
    short = x
    if stride > 1 or x.shape[-1] != filters:
        short = layers.Conv2D(filters, 1, stride, padding="same", use_bias=False)(active)
    y = layers.Conv2D(filters, 3, stride, padding="same", use_bias=False)(active)
    y = layers.Activation("relu")(layers.BatchNormalization()(y))
    y = layers.Conv2D(filters, 3, padding="same", use_bias=False)(y)
    return layers.Add()([short, y])
