"""An audio spectrogram transformer that is small enough for a CPU."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from bench_models.convolutional import Rate, Size
from benchmark import KerasModel

if TYPE_CHECKING:
    import keras

Pair = Annotated[
    list[Size], Field(min_length=2, max_length=2, description="rows of frequency, columns of time")
]


class Ast(KerasModel):
    """Audio spectrogram transformer (Gong et al. 2021, arXiv:2104.01778), small, with patchout (Koutini et al. 2022).

    Patches of the spectrogram become tokens with learnt positions; their mean after ``depth`` blocks of attention
    (normalised before it) is classified. In training a share of the tokens, ``patchout``, is left out of each batch,
    which is cheaper and a regulariser (arXiv:2110.05069).
    """

    name = "ast"
    dimensions = frozenset({3})

    @classmethod
    def space(cls) -> dict[str, Any]:
        """Return step size, batch size, dropout, and patchout."""
        return {
            "training.learning_rate": {"low": 1e-5, "high": 1e-2, "log": True},
            "training.batch_size": [16, 32, 64],
            "model.dropout": {"low": 0.0, "high": 0.5},
            "model.patchout": {"low": 0.0, "high": 0.7},
        }

    @classmethod
    def rehearsal(cls, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return the same with small patches, since images are small too."""
        return {**parameters, "patch": [min(8, side) for side in parameters["patch"]], "stride": None}

    def build(
        self,
        input_shape: tuple[int, ...],
        num_classes: int,
        *,
        patch: Pair = [16, 16],  # noqa: B006
        stride: Pair | None = None,
        width: Size = 96,
        depth: Size = 4,
        heads: Size = 4,
        dropout: Rate = 0.1,
        patchout: Rate = 0.0,
    ) -> keras.Model:
        """Return the network; ``stride`` is how far patches lie apart, their own size unless given."""
        import keras
        from keras import layers

        from bench_models.transformer_layers import Patchout, Positions

        if width % heads:
            raise ValueError(f"'width' is {width}, and must be a multiple of 'heads', {heads}")
        if any(side > length for side, length in zip(patch, input_shape[:2], strict=True)):
            raise ValueError(f"'patch' is {patch}, larger than the features, {list(input_shape[:2])}")
        inputs = keras.Input(input_shape)
        x = layers.Conv2D(width, patch, strides=stride or patch, name="patches")(inputs)
        x = layers.Reshape((-1, width))(x)
        x = Positions(name="positions")(x)
        if patchout:
            x = Patchout(patchout, name="patchout")(x)
        x = layers.Dropout(dropout)(x)
        for _ in range(depth):
            y = layers.LayerNormalization(epsilon=1e-6)(x)
            y = layers.MultiHeadAttention(heads, width // heads, dropout=dropout)(y, y)
            x = layers.Add()([x, layers.Dropout(dropout)(y)])
            y = layers.LayerNormalization(epsilon=1e-6)(x)
            y = layers.Dense(4 * width, activation="gelu")(y)
            y = layers.Dense(width)(y)
            x = layers.Add()([x, layers.Dropout(dropout)(y)])
        x = layers.LayerNormalization(epsilon=1e-6)(x)
        x = layers.GlobalAveragePooling1D()(x)
        outputs = layers.Dense(num_classes, activation="softmax", dtype="float32")(x)
        return keras.Model(inputs, outputs, name=self.name)
