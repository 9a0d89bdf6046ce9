"""Batches as Keras takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from benchmark.training.batches import DEPTH, Batches

if TYPE_CHECKING:
    import tensorflow as tf


def as_data(batches: Batches) -> Any:
    """Return ``batches`` for ``fit``: on TensorFlow as a data set of its own, else as one of Keras's."""
    return _tensors(batches) if keras.backend.backend() == "tensorflow" else KerasBatches(batches)


class KerasBatches(keras.utils.PyDataset):
    """``Batches`` for ``fit``, which gathers none ahead itself."""

    def __init__(self, batches: Batches) -> None:
        super().__init__(workers=0)
        self._batches = batches

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        return self._batches[index]


def _tensors(batches: Batches) -> tf.data.Dataset:
    """Return what Keras makes of ``KerasBatches`` for TensorFlow, at less cost.

    Keras looks at the first batches to know their shapes, and has them made again to train on; it makes a generator of
    the rest, for which TensorFlow traces four functions in place of one, and which it starts anew for each epoch.
    """
    import tensorflow as tf

    specs = [tf.TensorSpec((None, *shape), dtype) for shape, dtype in batches.described()]

    def made(index: int) -> tuple[Any, ...]:
        # Numbers of double precision, say, are taken too; whole numbers are not made of others.
        arrays = zip(batches[int(index)], specs, strict=True)
        return tuple(array.astype(spec.dtype.name, casting="same_kind", copy=False) for array, spec in arrays)

    def tensors(index: tf.Tensor) -> tuple[tf.Tensor, ...]:
        values = tf.numpy_function(made, [index], [spec.dtype for spec in specs])
        for value, spec in zip(values, specs, strict=True):
            value.set_shape(spec.shape)
        return tuple(values)

    return tf.data.Dataset.range(len(batches)).map(tensors).prefetch(DEPTH)
