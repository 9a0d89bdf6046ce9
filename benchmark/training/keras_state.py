"""The state of a Keras training at the end of an epoch, as arrays and facts, and put back from these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmark.checkpoints import Checkpoint
from benchmark.training.position import UnusableCheckpointError
from benchmark.training.random_state import put_back_random, random_arrays, random_facts

if TYPE_CHECKING:
    import keras
    import numpy as np

_WEIGHT, _OPTIMIZER, _BEST = "weight", "optimizer", "best"
_KERAS = "random-keras"


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
            **_keras_random(),
            **random_arrays(),
        }

    def facts(self) -> dict[str, Any]:
        """Return what is to be kept beside arrays: how far early stopping is, and Python's random numbers."""
        stopping = None if self.stopping is None else self.stopping.state()
        return {"stopping": stopping, **random_facts()}

    def put_back(self, left: Checkpoint) -> None:
        """Have all as it was, random numbers too.

        Raises:
            UnusableCheckpointError: when the checkpoint is of other shapes.
        """
        put_back_network(self.network, left)
        _assign(self.optimizer.variables, _taken(_OPTIMIZER, left.arrays))
        if self.stopping is not None:
            self.stopping.put_back(left.facts["stopping"], _taken(_BEST, left.arrays))
        _put_back_keras_random(left)
        put_back_random(left)


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


def _keras_random() -> dict[str, np.ndarray]:
    """Return the state of the generator that Keras draws from without a seed. Nothing is drawn."""
    import keras
    import numpy as np
    from keras.src.backend.common.global_state import get_global_attribute

    # Keras exports no way to it, and makes it when there is the first draw.
    generator = get_global_attribute("global_seed_generator")
    return {} if generator is None else {_KERAS: np.asarray(keras.ops.convert_to_numpy(generator.state))}


def _put_back_keras_random(left: Checkpoint) -> None:
    from keras.src.random.seed_generator import global_seed_generator

    if _KERAS in left.arrays:
        global_seed_generator().state.assign(left.arrays[_KERAS])
