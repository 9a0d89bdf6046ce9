"""Any layer of keras-cv 0.9.0, its final release, as an augmentation of training batches. It needs TensorFlow.

What layers there are and what they take is read from keras-cv's source, so that a suite is checked without TensorFlow.
"""

from __future__ import annotations

import ast
import inspect
import random
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator

from benchmark import Augmentation, PluginError, asked_backend, did_you_mean

if TYPE_CHECKING:
    import numpy as np

Batch = tuple["np.ndarray", "np.ndarray"]
NEEDED = "it needs keras-cv, which is not installed: pip install 'genrebench[keras-cv]'"
# What the harness gives itself, and what takes other layers, which a suite cannot write.
_OWN = {"self", "seed", "name", "dtype"}
_LAYERS = {"layer", "layers", "augmenters", "augmentations"}
_GLOBAL_GENERATORS = threading.Lock()


def _known(layer: str) -> str:
    if find_spec("keras_cv") is None:
        raise ValueError(NEEDED)
    if layer not in _layers():
        raise ValueError(f"keras-cv has no such layer.{did_you_mean(layer, list(_layers()))}")
    return layer


class KerasCv(Augmentation):
    """A preprocessing ``layer`` of keras-cv, by its name, with its own parameters beside it.

    ``{layer: RandomSaturation, factor: [0.3, 0.7]}`` changes each training batch anew. Inputs lie between 0 and 1,
    which is the ``value_range`` of a layer that asks for one; many layers want pictures of three channels. A layer
    must leave the size of a batch as it is.
    """

    name = "keras-cv"
    acts_on = "batch"
    dimensions = frozenset({3})

    def __init__(self, *, layer: Annotated[str, AfterValidator(_known)], **parameters: Any) -> None:
        self._name = layer
        self._parameters = {name: _as_tuple(value) for name, value in parameters.items()}

    @classmethod
    def further_parameters(cls, given: Mapping[str, Any]) -> Sequence[inspect.Parameter]:
        """Return those of the layer; keras-cv does not say of what type they are."""
        return _layers()[given["layer"]]

    def apply_batch(self, inputs: np.ndarray, targets: np.ndarray, rng: np.random.Generator) -> Batch:
        """Return what the layer makes of inputs and targets.

        Raises:
            PluginError: when it cannot work here, or when it changes sizes or makes numbers that are not finite.
        """
        import numpy as np

        problem = self._missing()
        if problem:
            raise PluginError(f"Augmentation '{self.name}': {problem}.")
        import keras_cv
        import tensorflow as tf

        made = getattr(keras_cv.layers, self._name)
        seed = int(rng.integers(2**31 - 1))
        with _seeded(seed), tf.device("cpu:0"):
            # Made anew, so that nothing which a layer keeps leads from one batch to the next.
            batch = made(**self._parameters, seed=seed, dtype="float32")(
                {"images": tf.constant(inputs), "labels": tf.constant(targets)}, training=True
            )
            changed = np.asarray(batch["images"], np.float32), np.asarray(batch["labels"], np.float32)
        if changed[0].shape != inputs.shape or changed[1].shape != targets.shape:
            raise PluginError(
                f"{self._name} of keras-cv made a batch of shape {changed[0].shape} of one of {inputs.shape}, and "
                "an augmentation must leave sizes as they are."
            )
        if not all(np.isfinite(array).all() for array in changed):
            raise PluginError(f"{self._name} of keras-cv made numbers that are not finite.")
        return changed

    def unavailable(self) -> str:
        """Return what to install or to set, or what the layer says of small batches with one channel and three."""
        import numpy as np

        problem = self._missing()
        if problem:
            return problem
        rng = np.random.default_rng(0)
        said = ""
        for channels in (1, 3):
            try:
                self.apply_batch(
                    rng.random((2, 32, 32, channels), np.float32), np.eye(2, dtype=np.float32), rng
                )
            except Exception as error:
                text = " ".join(str(error).split())
                said = f"on a small batch, {self._name} of keras-cv raised {type(error).__name__}: {text}"
            else:
                return ""
        return said.rstrip(".")

    def _missing(self) -> str:
        if find_spec("keras_cv") is None:
            return NEEDED
        backend = asked_backend()
        if backend != "tensorflow":
            return f"keras-cv's layers need the TensorFlow backend, and KERAS_BACKEND is '{backend}'"
        return ""


@cache
def _layers() -> dict[str, list[inspect.Parameter]]:
    """Return the layers that a suite can write by name, with their parameters."""
    spec = find_spec("keras_cv")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "src" / "layers" / "preprocessing"
    layers = {}
    for file in sorted(folder.glob("*.py")):
        module = ast.parse(file.read_text(encoding="utf-8"))
        for node in module.body:
            if isinstance(node, ast.ClassDef) and _is_layer(node):
                parameters = _parameters(node, _constants(module))
                if parameters is not None:
                    layers[node.name] = parameters
    return dict(sorted(layers.items()))


def _is_layer(node: ast.ClassDef) -> bool:
    """Return whether keras-cv offers a class as a layer that can be used as it is."""
    return not node.name.startswith(("Base", "Vectorized")) and any(
        isinstance(argument, ast.Constant) and argument.value == f"keras_cv.layers.{node.name}"
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call)
        for argument in decorator.args
    )


def _constants(module: ast.Module) -> dict[str, Any]:
    """Return the constants of a module, by name."""
    return {
        target.id: node.value.value
        for node in module.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _parameters(node: ast.ClassDef, constants: Mapping[str, Any]) -> list[inspect.Parameter] | None:
    """Return what the constructor of a class takes; None if it is not all that a suite can write.

    A range of values is 0 to 1 unless given.
    """
    for statement in node.body:
        if isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
            given = statement.args
            names = [argument.arg for argument in given.args]
            if set(names) & _LAYERS or given.kwarg is None:
                return None
            required = [inspect.Parameter.empty] * (len(names) - len(given.defaults))
            try:
                defaults = [*required, *(_value(default, constants) for default in given.defaults)]
            except ValueError:
                return None
            return [
                inspect.Parameter(
                    name,
                    inspect.Parameter.KEYWORD_ONLY,
                    annotation=Any,
                    default=[0, 1] if name == "value_range" else default,
                )
                for name, default in zip(names, defaults, strict=True)
                if name not in _OWN
            ]
    return None


def _value(node: ast.expr, constants: Mapping[str, Any]) -> Any:
    """Return the value of a default as a suite would write it.

    Raises:
        ValueError: when it is none of a literal, a constant of the module, and a quotient of two numbers.
    """
    if isinstance(node, ast.Tuple | ast.List):
        return [_value(element, constants) for element in node.elts]
    if isinstance(node, ast.Name) and node.id in constants:
        return constants[node.id]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        quotient: float = ast.literal_eval(node.left) / ast.literal_eval(node.right)
        return quotient
    return ast.literal_eval(node)


def _as_tuple(value: Any) -> Any:
    """Return a list as the tuple that layers expect."""
    return tuple(_as_tuple(element) for element in value) if isinstance(value, list) else value


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed the global generators, which layers draw from beside their own, and leave them as they were.

    TensorFlow has no way to ask for its global state, so that it is taken from where TensorFlow keeps it.
    """
    import numpy as np
    import tensorflow as tf
    from tensorflow.python.eager import context
    from tensorflow.python.ops import stateful_random_ops

    eager = context.context()
    with _GLOBAL_GENERATORS:
        states = random.getstate(), np.random.get_state()
        kept = {name: vars(eager)[name] for name in ("_seed", "_rng") if name in vars(eager)}
        random.seed(seed)
        np.random.seed(seed % 2**32)
        generator = stateful_random_ops.global_generator
        tf.random.set_seed(seed)
        tf.random.set_global_generator(tf.random.Generator.from_seed(seed))
        try:
            yield
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])
            vars(eager).update(kept)
            stateful_random_ops.global_generator = generator
