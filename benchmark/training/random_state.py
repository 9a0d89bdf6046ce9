"""The states of the global random generators that layers and callbacks of plugins may draw from."""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING, Any

from benchmark.checkpoints import Checkpoint

if TYPE_CHECKING:
    import numpy as np

_NUMPY, _NUMPY_REST, _TORCH, _PYTHON = "random-numpy", "random-numpy-rest", "random-torch", "python"


def random_arrays() -> dict[str, np.ndarray]:
    """Return those of NumPy, and of PyTorch where that is loaded, on its GPUs too. Nothing is drawn."""
    import numpy as np

    _, key, position, has_gauss, gauss = np.random.get_state()
    states = {
        _NUMPY: np.asarray(key),
        _NUMPY_REST: np.array([position, has_gauss, gauss], np.float64),
    }
    if "torch" in sys.modules:
        import torch

        states[_TORCH] = torch.get_rng_state().numpy()
        # Asked for, it would be loaded, which takes memory of the GPU.
        if torch.cuda.is_initialized():
            for number in range(torch.cuda.device_count()):
                states[f"{_TORCH}-{number}"] = torch.cuda.get_rng_state(number).numpy()
    return states


def random_facts() -> dict[str, Any]:
    """Return that of Python, as plain JSON."""
    return {_PYTHON: random.getstate()}


def put_back_random(left: Checkpoint) -> None:
    """Have all generators as they were; to be the last that is put back, as making something may draw."""
    import numpy as np

    arrays = left.arrays
    if _TORCH in arrays:
        import torch

        torch.set_rng_state(torch.from_numpy(arrays[_TORCH]))
        for number in range(torch.cuda.device_count()):
            if f"{_TORCH}-{number}" in arrays:
                torch.cuda.set_rng_state(torch.from_numpy(arrays[f"{_TORCH}-{number}"]), number)
    position, has_gauss, gauss = arrays[_NUMPY_REST].tolist()
    np.random.set_state(("MT19937", arrays[_NUMPY], int(position), int(has_gauss), gauss))
    version, numbers, following = left.facts[_PYTHON]
    random.setstate((version, tuple(numbers), following))
