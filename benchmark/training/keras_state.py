"""The state of a Keras training at the end of an epoch, as arrays and facts, and put back from these."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from benchmark.checkpoints import Checkpoint

if TYPE_CHECKING:
    import keras
    import numpy as np

_WEIGHT, _OPTIMIZER, _BEST = "weight", "optimizer", "best"
_NUMPY, _NUMPY_REST, _KERAS, _TORCH, _PYTHON = (
    "random-numpy",
    "random-numpy-rest",
    "random-keras",
    "random-torch",
    "python",
)


class UnusableCheckpointError(Exception):
    """A checkpoint does not fit the network that was built; never leaves the training of networks."""


@dataclass(frozen=True)
class Position:
    """Where a training is: the number of its stage, what was there when that began, and what it is kept under.

    ``epochs`` and ``notes`` count those of earlier stages; ``seconds`` is how long it was trained before ``since``.
    """

    stage: int = 0
    epochs: int = 0
    notes: int = 0
    key: str | None = None
    seconds: float = 0.0
    since: float = field(default_factory=time.monotonic)

    @classmethod
    def of(cls, left: Checkpoint) -> Position:
        """Return what a checkpoint says of it."""
        return cls(**left.facts["position"])

    def spent(self) -> float:
        """Return how long it has been trained, in seconds."""
        return self.seconds + time.monotonic() - self.since

    def facts(self) -> dict[str, Any]:
        """Return what a checkpoint says of it."""
        known = {name: value for name, value in asdict(self).items() if name != "since"}
        return {"position": {**known, "seconds": self.spent()}}


@dataclass(frozen=True)
class KerasState:
    """What a training is made of beside its data.

    ``network`` has all weights, and the states of layers that draw by chance. ``stopping`` is the callback that ends
    stages early, if there is one.
    """

    network: keras.Model
    optimizer: Any
    stopping: Any = None

    def size(self) -> int:
        """Return how many bytes its arrays have, but for those of random numbers."""
        held = [*self.network.variables, *self.optimizer.variables]
        best = self.stopping.kept_weights if self.stopping is not None else []
        return sum(4 * _count(value.shape) for value in (*held, *best))

    def arrays(self) -> dict[str, np.ndarray]:
        """Return what is to be kept, as it is now."""
        best = self.stopping.kept_weights if self.stopping is not None else []
        return {
            **_named(_WEIGHT, self.network.variables),
            **_named(_OPTIMIZER, self.optimizer.variables),
            **_named(_BEST, best),
            **_random_arrays(),
        }

    def facts(self) -> dict[str, Any]:
        """Return what is to be kept beside arrays: how far early stopping is, and Python's random numbers."""
        stopping = None if self.stopping is None else self.stopping.state()
        return {"stopping": stopping, _PYTHON: random.getstate()}

    def put_back(self, left: Checkpoint) -> None:
        """Have all as it was, random numbers too.

        Raises:
            UnusableCheckpointError: when the checkpoint is of other shapes.
        """
        put_back_network(self.network, left)
        _assign(self.optimizer.variables, _taken(_OPTIMIZER, left.arrays))
        if self.stopping is not None:
            self.stopping.put_back(left.facts["stopping"], _taken(_BEST, left.arrays))
        _put_back_random(left)


def put_back_network(network: keras.Model, left: Checkpoint) -> None:
    """Give a network the weights, and the states of layers that draw by chance, that it had.

    Raises:
        UnusableCheckpointError: when the checkpoint is of other shapes.
    """
    _assign(network.variables, _taken(_WEIGHT, left.arrays))


def check_fits(network: keras.Model, left: Checkpoint) -> None:
    """Raise ``UnusableCheckpointError`` when a checkpoint is of another network, as far as shapes tell."""
    _check_shapes(network.variables, _taken(_WEIGHT, left.arrays))


def _named(kind: str, values: Sequence[Any]) -> dict[str, np.ndarray]:
    import keras
    import numpy as np

    return {f"{kind}-{n}": np.asarray(keras.ops.convert_to_numpy(value)) for n, value in enumerate(values)}


def _taken(kind: str, arrays: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    count = sum(name.startswith(f"{kind}-") for name in arrays)
    return [arrays[f"{kind}-{number}"] for number in range(count)]


def _assign(variables: Sequence[Any], arrays: Sequence[np.ndarray]) -> None:
    _check_shapes(variables, arrays)
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)


def _check_shapes(variables: Sequence[Any], arrays: Sequence[np.ndarray]) -> None:
    if [tuple(variable.shape) for variable in variables] != [array.shape for array in arrays]:
        raise UnusableCheckpointError


def _count(shape: Sequence[int]) -> int:
    size = 1
    for length in shape:
        size *= length
    return size


def _random_arrays() -> dict[str, np.ndarray]:
    """Return the states of global generators that layers and callbacks of plugins may draw from. Nothing is drawn."""
    import keras
    import numpy as np
    from keras.src.backend.common.global_state import get_global_attribute

    _, key, position, has_gauss, gauss = np.random.get_state()
    states = {
        _NUMPY: np.asarray(key),
        _NUMPY_REST: np.array([position, has_gauss, gauss], np.float64),
    }
    # Keras exports no way to the generator of draws without a seed, which it makes when there is the first.
    keras_generator = get_global_attribute("global_seed_generator")
    if keras_generator is not None:
        states[_KERAS] = np.asarray(keras.ops.convert_to_numpy(keras_generator.state))
    if keras.backend.backend() == "torch":
        import torch

        states[_TORCH] = torch.get_rng_state().numpy()
        for number in range(torch.cuda.device_count()):
            states[f"{_TORCH}-{number}"] = torch.cuda.get_rng_state(number).numpy()
    return states


def _put_back_random(left: Checkpoint) -> None:
    import keras
    import numpy as np
    from keras.src.random.seed_generator import global_seed_generator

    arrays = left.arrays
    if _KERAS in arrays:
        global_seed_generator().state.assign(arrays[_KERAS])
    if keras.backend.backend() == "torch":
        import torch

        torch.set_rng_state(torch.from_numpy(arrays[_TORCH]))
        for number in range(torch.cuda.device_count()):
            torch.cuda.set_rng_state(torch.from_numpy(arrays[f"{_TORCH}-{number}"]), number)
    position, has_gauss, gauss = arrays[_NUMPY_REST].tolist()
    np.random.set_state(("MT19937", arrays[_NUMPY], int(position), int(has_gauss), gauss))
    # Last, as making a generator may have drawn from it.
    version, numbers, following = left.facts[_PYTHON]
    random.setstate((version, tuple(numbers), following))
