"""The state of a PyTorch training at the end of an epoch, as arrays and facts, and put back from these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from benchmark.training.position import UnusableCheckpointError
from benchmark.training.random_state import put_back_random, random_arrays, random_facts

if TYPE_CHECKING:
    from benchmark.checkpoints import Checkpoint
    from benchmark.training.torch_steps import Steps
    from benchmark.training.torch_stopping import Stopping

_WEIGHT = "weight"
# What NumPy has no name for is kept as bytes, with its type and shape beside.
_PLAIN = {
    torch.float16, torch.float32, torch.float64, torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32,
    torch.int64,
}  # fmt: skip


@dataclass(frozen=True)
class TorchState:
    """What a training is made of beside its data."""

    network: torch.nn.Module
    steps: Steps
    stopping: Stopping

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing here: a module may keep more than weights and buffers."""
        return self.network.state_dict().keys() <= _weights(self.network).keys()

    def size(self) -> int:
        """Return how many bytes its arrays have, but for those of random numbers."""
        return sum(value.nbytes for value in self._tensors().values())

    def arrays(self) -> dict[str, np.ndarray]:
        """Return what is to be kept, as it is now."""
        return {**{name: _array(value) for name, value in self._tensors().items()}, **random_arrays()}

    def facts(self) -> dict[str, Any]:
        """Return what is to be kept beside arrays, as plain JSON."""
        kinds = {
            name: [str(value.dtype).removeprefix("torch."), list(value.shape)]
            for name, value in self._tensors().items()
            if value.dtype not in _PLAIN
        }
        return {
            "device": device_name(self.network),
            "kinds": kinds,
            "steps": self.steps.facts(),
            "stopping": self.stopping.facts(),
            **random_facts(),
        }

    @torch.no_grad()
    def put_back(self, left: Checkpoint) -> None:
        """Have all as it was, random numbers too.

        Raises:
            UnusableCheckpointError: when the checkpoint is of other shapes.
        """
        check_fits(self.network, left)
        tensors = _tensors_of(left)
        for number, weight in enumerate(_weights(self.network).values()):
            weight.copy_(tensors[f"{_WEIGHT}-{number}"])
        self.steps.put_back(tensors, left.facts["steps"])
        self.stopping.put_back(tensors, left.facts["stopping"])
        put_back_random(left)

    def _tensors(self) -> dict[str, torch.Tensor]:
        weights = {f"{_WEIGHT}-{n}": value for n, value in enumerate(_weights(self.network).values())}
        return weights | self.steps.tensors() | self.stopping.tensors()


def check_fits(network: torch.nn.Module, left: Checkpoint) -> None:
    """Raise ``UnusableCheckpointError`` when a checkpoint is of another network, as far as shapes tell, or device."""
    kept = [value for name, value in _tensors_of(left).items() if name.startswith(f"{_WEIGHT}-")]
    shapes = [(value.shape, value.dtype) for value in _weights(network).values()]
    if shapes != [(value.shape, value.dtype) for value in kept]:
        raise UnusableCheckpointError
    if left.facts.get("device") != device_name(network):
        raise UnusableCheckpointError


def device_name(network: torch.nn.Module) -> str:
    """Return what kind of device a module is on: ``cpu``, or the name of a GPU."""
    device = next(iter(network.parameters()), torch.zeros(0)).device
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def _weights(network: torch.nn.Module) -> Mapping[str, torch.Tensor]:
    """Return parameters and buffers, those too that are not stored with a model; shared ones under all their names."""
    return dict(network.named_parameters(remove_duplicate=False)) | dict(
        network.named_buffers(remove_duplicate=False)
    )


def _array(tensor: torch.Tensor) -> np.ndarray:
    tensor = tensor.detach().cpu().contiguous()
    if tensor.dtype not in _PLAIN:
        tensor = tensor.reshape(-1).view(torch.uint8)
    array: np.ndarray = tensor.numpy()
    return array


def _tensors_of(left: Checkpoint) -> dict[str, torch.Tensor]:
    """Return what ``TorchState.arrays`` made arrays of, in the same order."""
    kinds = left.facts.get("kinds", {})
    tensors = {}
    for name, array in left.arrays.items():
        tensors[name] = torch.from_numpy(array)
        if name in kinds:
            kind, shape = kinds[name]
            tensors[name] = tensors[name].view(getattr(torch, kind)).reshape(shape)
    return tensors
