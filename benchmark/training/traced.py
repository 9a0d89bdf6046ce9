"""A network that was trained, kept with its traced steps: the next cell that trains the same network has them.

Tracing takes as long as the whole training of a small network. What is traced is a function of a network's layers and
their settings, and of how it is compiled; weights and the states of random numbers are its arguments. So a cell builds
its network as ever, and gives the values of that to the one that is kept, if all that tracing depends on is the same.

That can be known of networks that consist of Keras's own layers and functions, whose settings say all of them. A layer
of anybody else may hold more in its attributes: such a network is traced anew by each cell.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any

from benchmark.training.frozen import FrozenPart, settings_text

if TYPE_CHECKING:
    import keras
    import numpy as np

# Larger ones gain little, and what is kept takes memory between cells. In bytes.
LARGEST = 256 * 2**20


@dataclass
class Compiled:
    """How a network was compiled last: as ``what``, and the values that its optimizer began with."""

    what: str
    optimizer: list[np.ndarray]


@dataclass
class Traced:
    """A network, the same with the scaling of stored items before it, and what was traced of them.

    ``config`` is text that is equal for equal networks before a stage has changed them, and empty for one of which
    nothing may be kept. ``parts`` are frozen parts by stages, and ``compiled`` is how networks were compiled, by name.
    """

    network: keras.Model
    whole: keras.Model
    config: str = ""
    parts: dict[str, FrozenPart] = field(default_factory=dict)
    compiled: dict[str, Compiled] = field(default_factory=dict)

    def part(self, stage: str, make: Callable[[], FrozenPart]) -> FrozenPart:
        """Return the frozen part of the network as a stage has prepared it, made if there is none."""
        if not self.config:
            return make()
        key = f"{stage} {settings_text(self.whole)}"
        if key not in self.parts:
            self.parts[key] = make()
        return self.parts[key]

    def compile(self, network: keras.Model, what: str, make: Callable[[], None]) -> None:
        """Compile the whole network, or the rest after a frozen part, unless that is done; its optimizer is as new.

        ``what`` says all that tracing depends on beside the layers; ``make`` compiles and builds the optimizer.
        """
        if not self.config:
            make()
            return
        name = next((f"after {key}" for key, part in self.parts.items() if part.head is network), "whole")
        what = f"{what} {settings_text(self.whole)}"
        known = self.compiled.get(name)
        if known is not None and known.what == what:
            for variable, value in zip(network.optimizer.variables, known.optimizer, strict=True):
                variable.assign(value)
            return
        make()
        self.compiled[name] = Compiled(what, [_value(variable) for variable in network.optimizer.variables])


class TracedNetworks:
    """The network that this process trained last, if there is one that may be kept. Whoever takes it has it alone."""

    def __init__(self) -> None:
        # One at most; two threads cannot take the same one out of a list.
        self._kept: list[Traced] = []

    def take(self, network: keras.Model, whole: keras.Model, how: str) -> Traced:
        """Return the network that is kept with the values of one that was built just now, or that one itself.

        ``how`` is how steps are computed, in words that are equal for equal ways.
        """
        config = _config(whole, how)
        try:
            kept = self._kept.pop()
        except IndexError:
            return Traced(network, whole, config)
        if config and _as_built(kept.whole, whole) and _config(kept.whole, how) == config == kept.config:
            return kept
        # Its memory is needed now, and it holds itself.
        del kept
        gc.collect()
        return Traced(network, whole, config)

    def give_back(self, traced: Traced) -> None:
        """Keep a network that nobody needs any more."""
        if traced.config and _size(traced) <= LARGEST:
            self._kept[:] = [traced]


def _config(whole: keras.Model, how: str) -> str:
    """Return text that says all that tracing a network depends on; empty where that is not known."""
    import keras

    if keras.backend.backend() != "tensorflow":
        return ""
    try:
        text = settings_text(whole)
        is_known = all(_is_of_keras(said) for said in _described(json.loads(text)))
        return f"{how} {text}" if is_known and not _has_own_functions(whole) else ""
    # What layers of others raise when they are asked.
    except Exception:
        return ""


def _described(config: Any) -> Iterator[dict[str, Any]]:
    """Yield all that a network's settings say of an object: where its class is."""
    if isinstance(config, dict):
        if "class_name" in config:
            yield config
        config = list(config.values())
    if isinstance(config, list):
        for value in config:
            yield from _described(value)


def _is_of_keras(said: dict[str, Any]) -> bool:
    """Whether an object is of a class of Keras's own, and no function in the user's words."""
    if said["class_name"] in ("function", "__lambda__", "Lambda"):
        return False
    module = said.get("module")
    # Values such as shapes and tensors of the graph have none.
    return (module is None and said["class_name"].startswith("__")) or str(module).split(".")[0] == "keras"


def _has_own_functions(whole: keras.Model) -> bool:
    """Whether a layer holds a function of anybody but Keras, of which settings say the name only, or less."""
    for layer in whole._flatten_layers():
        for held in (layer, *getattr(layer, "operations", ())):
            for value in vars(held).values():
                own = isinstance(value, FunctionType | MethodType | partial)
                if own and str(getattr(value, "__module__", "")).split(".")[0] not in ("keras", "tensorflow"):
                    return True
    return False


def _as_built(kept: keras.Model, built: keras.Model) -> bool:
    """Give a network that was trained all values of one that was built just now, and what it has trainable.

    Returns whether they have the same variables.
    """
    layers = [list(network._flatten_layers()) for network in (kept, built)]
    variables = [network.variables for network in (kept, built)]
    if len(layers[0]) != len(layers[1]) or _shapes(variables[0]) != _shapes(variables[1]):
        return False
    # From the outside in, as a layer sets those within.
    for layer, as_built in zip(*layers, strict=True):
        layer.trainable = as_built.trainable
    for variable, as_built in zip(*variables, strict=True):
        variable.assign(as_built)
    return [variable.trainable for variable in variables[0]] == [
        variable.trainable for variable in variables[1]
    ]


def _shapes(variables: Sequence[Any]) -> list[tuple[Any, ...]]:
    return [(tuple(variable.shape), str(variable.dtype), variable.name) for variable in variables]


def _value(variable: Any) -> np.ndarray:
    """Return what an optimizer's variable holds; mostly zeros, which then take no memory."""
    import keras
    import numpy as np

    value = np.array(keras.ops.convert_to_numpy(variable))
    return value if value.any() else np.broadcast_to(np.zeros((), value.dtype), value.shape)


def _size(traced: Traced) -> int:
    """Return the bytes that a network and its optimizers have."""
    values = [value for compiled in traced.compiled.values() for value in compiled.optimizer]
    weights = [variable.value for variable in traced.whole.variables]
    # An array of one number that stands for many says the bytes of all of them.
    return sum(value.nbytes for value in values) + sum(
        weight.dtype.size * int(weight.shape.num_elements() or 0) for weight in weights
    )
