"""The border between the harness and a plugin's code: what a component hands back is checked before it counts.

Each check looks at an array once. What is wrong is a ``PluginError`` that says which component of which plugin made it,
and where its code is.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from benchmark.exceptions import PluginError
from benchmark.plugin.component import Component

if TYPE_CHECKING:
    import numpy as np

# Probabilities of half precision add up to one within this.
_SUM_TOLERANCE = 0.01
_BELOW_ZERO = -1e-6


def described(component: Component, method: str) -> str:
    """Return kind, name and plugin of a component, and the file and line of the method that is meant."""
    cls = type(component)
    root = cls.__module__.partition(".")[0]
    # Their content is part of the name that benchfiles are imported by.
    plugin = "benchfile.py" if root.startswith("benchfile_") else root
    try:
        code = inspect.unwrap(getattr(cls, method))
        place = f", {inspect.getsourcefile(code)}:{inspect.getsourcelines(code)[1]}"
    except (OSError, TypeError, AttributeError):
        place = ""
    return f"{component.kind} '{component.name}' (plugin {plugin}{place})"


def checked_probabilities(model: Component, answers: Any, shape: tuple[int, int]) -> np.ndarray:
    """Return a model's predictions as an array, if that is what they are: ``shape``, finite, from 0, rows summing to 1.

    Raises:
        PluginError: when they are not.
    """
    import numpy as np

    def refuse(problem: str) -> PluginError:
        return PluginError(f"{described(model, 'predict')}: predict gave {problem}")

    found = _array(answers)
    if found is None:
        raise refuse(f"{type(answers).__name__} instead of an array of numbers.")
    if found.shape != shape:
        raise refuse(f"an array of shape {found.shape} instead of {shape}: items by classes.")
    if not found.size:
        return found
    if not np.isfinite(found).all():
        raise refuse("values that are not finite; training has probably diverged.")
    lowest, sums = found.min(), found.sum(axis=1, dtype=np.float64)
    worst = sums[np.abs(sums - 1).argmax()]
    if lowest < _BELOW_ZERO or abs(worst - 1) > _SUM_TOLERANCE:
        what = f"{lowest:g} is below zero" if lowest < _BELOW_ZERO else f"a row adds up to {worst:g}"
        raise refuse(f"no probabilities: {what}. A network's last layer is to be a softmax, for instance.")
    return found


def checked_items(
    component: Component, method: str, made: Any, shape: tuple[int | None, ...], dtype: str
) -> np.ndarray:
    """Return what a component made of a waveform or of features, if it has ``shape``, ``dtype``, and is finite.

    A length of None is any but zero.

    Raises:
        PluginError: when it has not.
    """
    import numpy as np

    def refuse(problem: str) -> PluginError:
        return PluginError(f"{described(component, method)}: {method} gave {problem}")

    expected = str(shape).replace("None", "n")
    if not isinstance(made, np.ndarray):
        raise refuse(f"{type(made).__name__} instead of an array, {dtype} {expected}")
    fits = made.ndim == len(shape) and all(
        found == length if length is not None else found > 0
        for found, length in zip(made.shape, shape, strict=True)
    )
    if not fits or made.dtype != dtype:
        raise refuse(f"{made.dtype} {made.shape} instead of {dtype} {expected}")
    if made.dtype.kind == "f" and not np.isfinite(made).all():
        raise refuse("values that are not finite (NaN or infinite)")
    return made


def checked_batch(
    augmentation: Component, made: Any, inputs: tuple[int, ...], targets: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Return an augmented batch, if it has the shapes ``inputs`` and ``targets``, is finite, and labels add up to 1.

    Raises:
        PluginError: when it has not.
    """
    import numpy as np

    def refuse(problem: str) -> PluginError:
        return PluginError(f"{described(augmentation, 'apply_batch')}: apply_batch gave {problem}.")

    if not isinstance(made, tuple | list) or len(made) != len(("inputs", "targets")):
        raise refuse(f"{type(made).__name__} instead of two arrays, inputs and targets")
    found = []
    for what, given, shape in (("inputs", made[0], inputs), ("targets", made[1], targets)):
        array = _array(given)
        if array is None or array.shape != shape:
            kind = type(given).__name__ if array is None else f"shape {array.shape}"
            raise refuse(f"{what} of {kind} instead of shape {shape}")
        if not np.isfinite(array).all():
            raise refuse(f"{what} with values that are not finite (NaN or infinite)")
        found.append(array.astype(np.float32, copy=False))
    labels = found[1]
    sums = labels.sum(axis=1)
    if (labels < _BELOW_ZERO).any() or (np.abs(sums - 1) > _SUM_TOLERANCE).any():
        raise refuse(f"labels that are no shares of classes: they go from {labels.min():g} to {labels.max():g}, "
                     f"and a row adds up to {sums[np.abs(sums - 1).argmax()]:g} instead of 1")  # fmt: skip
    return found[0], found[1]


def reading_only(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``method`` such that it sees arrays that cannot be written into: others are handed the same ones."""

    @wraps(method)
    def reading(self: Any, *arguments: Any, **named: Any) -> Any:
        return method(
            self, *map(_read_only, arguments), **{name: _read_only(each) for name, each in named.items()}
        )

    return reading


def _read_only(value: Any) -> Any:
    import numpy as np

    if not isinstance(value, np.ndarray) or not value.flags.writeable:
        return value
    view = value.view()
    view.flags.writeable = False
    return view


def _array(value: Any) -> np.ndarray | None:
    """Return a value as an array of real numbers, or None if it is none."""
    import numpy as np

    if not hasattr(value, "__array__"):
        return None
    found = np.asarray(value)
    return found if found.dtype.kind in "fiu" else None
