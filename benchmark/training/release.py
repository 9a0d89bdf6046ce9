"""Memory that a backend would otherwise never give back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

_CUSTOM = "CustomGradient-"


@contextmanager
def forgetting_gradients() -> Iterator[None]:
    """Forget the gradient functions that TensorFlow registers while a network is trained inside.

    Keras's optimizers sum gradients over replicas, also where there is one, by a function with a gradient of its own.
    TensorFlow registers such gradients by name for the life of the process, and with them the graph, the weights and
    the optimizer's state: three times the weights are lost per training. They are looked up while a step is
    traced, and never after.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        yield
        return
    # TensorFlow exports no way to take a gradient out of its registry.
    from tensorflow.python.framework.ops import gradient_registry

    before = set(gradient_registry.list())
    try:
        yield
    finally:
        for name in set(gradient_registry.list()) - before:
            if name.startswith(_CUSTOM):
                del gradient_registry._registry[name]
