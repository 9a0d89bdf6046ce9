"""Memory of networks that are not needed any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def release(network: keras.Model) -> None:
    """Give back the memory of a network's weights and of its optimizer's; it cannot be used afterwards.

    TensorFlow never forgets the graphs of training steps, which hold all variables: a process that trains many cells
    would keep the weights of all of them. Other backends free what nobody uses.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        return
    import tensorflow as tf

    optimizer = getattr(network, "optimizer", None)
    for variable in [*network.variables, *(optimizer.variables if optimizer is not None else [])]:
        value = variable.value
        if isinstance(value, tf.Variable):
            empty = tf.zeros([0], value.dtype)
            tf.raw_ops.AssignVariableOp(resource=value.handle, value=empty, validate_shape=False)
