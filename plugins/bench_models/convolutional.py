"""Networks trained from scratch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from benchmark import KerasModel

if TYPE_CHECKING:
    import keras

Rate = Annotated[float, Field(ge=0, lt=1)]
Size = Annotated[int, Field(gt=0)]


class Cnn(KerasModel):
    """The paper's custom CNN (Blašković & Oreški, Table 3): two convolutions, one hidden dense layer."""

    name = "cnn"
    dimensions = frozenset({3})

    @classmethod
    def space(cls) -> dict[str, Any]:
        """Return what decides most: step size, batch size, dropout, and the width of the dense layer."""
        return {
            "training.learning_rate": {"low": 1e-4, "high": 1e-2, "log": True},
            "training.batch_size": [16, 32, 64],
            "model.dropout": {"low": 0.0, "high": 0.7},
            "model.units": [32, 64, 128, 256],
        }

    def build(
        self,
        input_shape: tuple[int, ...],
        num_classes: int,
        *,
        filters: Annotated[list[Size], Field(min_length=1)] = [32, 64],  # noqa: B006
        units: Size = 64,
        dropout: Rate = 0.35,
    ) -> keras.Model:
        """Return convolution, pooling and dropout per entry of ``filters``, then a dense layer of ``units``."""
        import keras
        from keras import layers

        network = [keras.Input(input_shape)]
        for count in filters:
            network += [
                layers.Conv2D(count, 3, activation="relu"),
                layers.MaxPooling2D(),
                layers.Dropout(dropout),
            ]
        network += [
            layers.Flatten(),
            layers.Dense(units, activation="relu"),
            layers.Dropout(dropout),
            layers.Dense(num_classes, activation="softmax", dtype="float32"),
        ]
        return keras.Sequential(network, name="cnn")


class Crnn(KerasModel):
    """Convolutions over frequency and time, then a GRU over time (after Choi et al. 2017, arXiv:1609.04243)."""

    name = "crnn"
    dimensions = frozenset({3})

    def build(
        self,
        input_shape: tuple[int, ...],
        num_classes: int,
        *,
        filters: Annotated[list[Size], Field(min_length=1)] = [32, 64, 64],  # noqa: B006
        units: Size = 64,
        dropout: Rate = 0.3,
    ) -> keras.Model:
        """Return blocks that halve both axes, with batch normalisation, then a GRU of ``units`` over the columns."""
        import keras
        from keras import layers

        inputs = keras.Input(input_shape)
        x = inputs
        for count in filters:
            x = layers.Conv2D(count, 3, padding="same", use_bias=False)(x)
            # Keras's momentum of 0.99 wants hundreds of steps before its moving averages mean anything.
            x = layers.BatchNormalization(momentum=0.9)(x)
            x = layers.Activation("relu")(x)
            x = layers.MaxPooling2D()(x)
            x = layers.Dropout(dropout)(x)
        x = layers.Permute((2, 1, 3))(x)
        x = layers.Reshape((x.shape[1], x.shape[2] * x.shape[3]))(x)
        x = layers.GRU(units)(x)
        x = layers.Dropout(dropout)(x)
        outputs = layers.Dense(num_classes, activation="softmax", dtype="float32")(x)
        return keras.Model(inputs, outputs, name="crnn")
