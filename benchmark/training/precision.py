"""In which precision a network computes, and whether its steps are compiled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from benchmark.training.devices import has_accelerator

if TYPE_CHECKING:
    from benchmark.settings import TrainingSettings


@contextmanager
def precision(name: str) -> Iterator[None]:
    """Build layers that compute in ``float32``, ``mixed_bfloat16`` or ``mixed_float16``; weights are float32 in all.

    Only what is built inside is concerned: a process trains cells of several precisions, one after another.
    """
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def compiled(settings: TrainingSettings) -> bool:
    """Return whether training steps are compiled, by XLA or ``torch.compile``.

    ``auto`` is what pays: never on PyTorch, always on JAX, which knows no fast other way, and on TensorFlow only on
    accelerators, because compiled kernels are several times slower than plain ones on a CPU. Nor on TensorFlow where
    training is deterministic: XLA then lacks kernels, which is why Keras leaves it off too.
    """
    import keras

    if settings.jit != "auto":
        return settings.jit == "on"
    backend = keras.backend.backend()
    if backend == "tensorflow":
        return not settings.deterministic and has_accelerator()
    return bool(backend == "jax")
