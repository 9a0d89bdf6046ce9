"""Training that gives the same numbers twice on the same device."""

from __future__ import annotations

import os
from collections.abc import MutableMapping

from benchmark.exceptions import BackendError
from benchmark.training.devices import has_accelerator

XLA_FLAG = "--xla_gpu_deterministic_ops=true"


def allow_determinism(environment: MutableMapping[str, str] = os.environ) -> None:
    """Set what backends read once, when they start, so that they can be deterministic on a GPU.

    XLA then is so in the whole process, also for cells that do not ask for it: they run slower and are otherwise
    the same.
    """
    flags = environment.get("XLA_FLAGS", "")
    if XLA_FLAG not in flags.split():
        environment["XLA_FLAGS"] = f"{flags} {XLA_FLAG}".strip()
    # The form that cuBLAS and PyTorch ask for: https://docs.nvidia.com/cuda/cublas (results reproducibility).
    environment.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


def set_determinism(wanted: bool) -> None:
    """Switch deterministic kernels on or off for what this process trains from now on.

    To be called before each training, both ways: a process trains several cells, one after another. Seeds are
    another matter, and are always set.

    Raises:
        BackendError: when JAX runs on a GPU and was started without the flag that it reads only then.
    """
    import keras

    backend = keras.backend.backend()
    if backend == "tensorflow":
        # The way back is not exported by TensorFlow, though its own tests use it.
        from tensorflow.python.framework.config import disable_op_determinism, enable_op_determinism

        (enable_op_determinism if wanted else disable_op_determinism)()
    elif backend == "torch":
        set_torch_determinism(wanted)
    elif wanted and has_accelerator() and XLA_FLAG not in os.environ.get("XLA_FLAGS", "").split():
        raise BackendError(
            "'training.deterministic' on JAX and a GPU needs a flag that is read when JAX starts. Set XLA_FLAGS="
            f"{XLA_FLAG} in the environment."
        )


def set_torch_determinism(wanted: bool) -> None:
    """Switch deterministic kernels of PyTorch on or off for what this process trains from now on."""
    import torch

    torch.use_deterministic_algorithms(wanted)
    torch.backends.cudnn.deterministic = wanted
