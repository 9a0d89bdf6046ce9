"""Layers of the spectrogram transformer; imported with Keras, when a network is built."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


class Positions(keras.layers.Layer):
    """Adds a learnt vector to each token, by its place."""

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Make one vector per place, shape (tokens, width)."""
        self.vectors = self.add_weight(
            shape=input_shape[1:], initializer=keras.initializers.TruncatedNormal(stddev=0.02), name="vectors"
        )

    def call(self, tokens: Any) -> Any:
        """Return tokens, shape (batch, tokens, width), each with its place added."""
        return tokens + self.vectors


class Patchout(keras.layers.Layer):
    """Leaves out a share of the tokens in training, the same ones for all items of a batch, drawn for each batch."""

    def __init__(self, share: float, **options: Any) -> None:
        super().__init__(**options)
        self.share = share
        self.seeds = keras.random.SeedGenerator()

    def call(self, tokens: Any, training: bool = False) -> Any:
        """Return tokens, shape (batch, tokens, width); fewer in training, in their order."""
        if not training:
            return tokens
        count = tokens.shape[1]
        kept = max(1, round(count * (1 - self.share)))
        drawn = ops.argsort(keras.random.uniform((count,), seed=self.seeds))[:kept]
        return ops.take(tokens, ops.sort(drawn), axis=1)

    def get_config(self) -> dict[str, Any]:
        """Return what the layer is made of."""
        return {**super().get_config(), "share": self.share}
