"""What Keras computes on."""

from __future__ import annotations

import sys
from typing import Any


def device_names() -> list[str]:
    """Return the devices of the backend, as ``gpu:0`` or ``cpu:0``; importing it is the price."""
    import keras

    if keras.backend.backend() != "torch":
        return list(keras.distribution.list_devices())
    import torch

    return [f"gpu:{number}" for number in range(torch.cuda.device_count())] or ["cpu:0"]


def has_accelerator() -> bool:
    """Return whether networks are trained on something faster than the CPU."""
    return any(not name.startswith("cpu") for name in device_names())


def backend_provenance() -> dict[str, Any]:
    """Return the Keras backend and its accelerators, if a model has loaded Keras in this process."""
    if "keras" not in sys.modules:
        return {}
    import keras

    return {"backend": keras.backend.backend(), "devices": device_names()}
