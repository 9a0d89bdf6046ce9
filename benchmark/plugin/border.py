"""The border between the harness and a plugin's code, which is called inside ``calling`` and its results are checked.

Each check looks at an array once. What is wrong is a ``PluginError`` that says which component of which plugin made it,
and where its code is. What passes is returned as a copy: whoever made it may keep it, and write into it for the next
item, or be harmed by the next component that does.
"""

from __future__ import annotations

import inspect
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from typing import TYPE_CHECKING, Any, cast

from benchmark.exceptions import (
    BenchError,
    Interrupted,
    PluginError,
    PluginFailure,
    error_message,
)
from benchmark.plugin.component import Component

if TYPE_CHECKING:
    import numpy as np


# Probabilities of half precision add up to one within this.
_SUM_TOLERANCE = 0.01
_BELOW_ZERO = -1e-6


@contextmanager
def calling(component: Component | type[Component], method: str, what: str = "") -> Iterator[None]:
    """Call a component's code inside: whatever it raises becomes a ``PluginFailure`` that says whose code it is.

    ``what`` says what it was to make, where that is one of several things.
    What it prints goes to standard error, as output of ours may be read by programs, and the working directory stays.

    Raises:
        BenchError: when the code raises one, which is for people already.
        Interrupted: when the person who runs this wants it to stop.
        PluginFailure: for anything else, ``sys.exit`` included.
    """
    with output_aside(), staying_here():
        try:
            yield
        except (BenchError, Interrupted):
            raise
        except BaseException as error:
            where = described(component, method, error) + (what and f", {what}")
            raise PluginFailure(where, type(error).__name__, error_message(error)) from error


def described(component: Component | type[Component], method: str, error: BaseException | None = None) -> str:
    """Return kind, name and plugin of a component, and a file and line of it.

    They are those where ``error`` was raised, as far as that is in the plugin's own code, else those of the method.
    """
    cls = component if isinstance(component, type) else type(component)
    root = cls.__module__.partition(".")[0]
    # Their content is part of the name that benchfiles are imported by.
    plugin = "benchfile.py" if root.startswith("benchfile_") else root
    place = (error is not None and raised_in(error, root)) or _defined(cls, method)
    return f"{cls.kind} '{cls.name}' (plugin {plugin}{place and f', {place}'})"


def raised_in(error: BaseException, package: str) -> str:
    """Return file and line of the last call of a package's code that led to an error, or nothing."""
    places = [
        f"{frame.f_code.co_filename}:{line}"
        for frame, line in traceback.walk_tb(error.__traceback__)
        if str(frame.f_globals.get("__name__", "")).partition(".")[0] == package
    ]
    return places[-1] if places else ""


def _defined(cls: type[Component], method: str) -> str:
    try:
        member = getattr(cls, method)
        code: Any = inspect.unwrap(cast("Any", member.fget if isinstance(member, property) else member))
        return f"{inspect.getsourcefile(code)}:{inspect.getsourcelines(code)[1]}"
    except (OSError, TypeError, AttributeError):
        return ""


class _Aside:
    """How many calls want standard output kept clean, and what it was before the first of them."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.calls = 0
        self.kept: Any = None


_aside = _Aside()


@contextmanager
def output_aside() -> Iterator[None]:
    """Have what is printed meanwhile go to standard error. Threads may be inside of it together."""
    with _aside.lock:
        if _aside.calls == 0:
            _aside.kept, sys.stdout = sys.stdout, sys.stderr
        _aside.calls += 1
    try:
        yield
    finally:
        with _aside.lock:
            _aside.calls -= 1
            if _aside.calls == 0:
                sys.stdout, _aside.kept = _aside.kept, None


@contextmanager
def staying_here() -> Iterator[None]:
    """Come back to this folder: nobody's code may change where relative paths lead for others."""
    try:
        here = os.getcwd()
    except OSError:
        yield
        return
    try:
        yield
    finally:
        with suppress(OSError):
            if os.getcwd() != here:
                os.chdir(here)


def checked_probabilities(model: Component, answers: Any, shape: tuple[int, int]) -> np.ndarray:
    """Return a model's predictions as an array, if that is what they are: ``shape``, finite, from 0, rows summing to 1.

    Raises:
        PluginError: when they are not.
    """
    import numpy as np

    def refuse(problem: str) -> PluginError:
        return PluginError(f"{described(model, 'predict')}: predict gave {problem}")

    array = _array(answers)
    if array is None:
        raise refuse(f"{type(answers).__name__} instead of an array of numbers.")
    if array.shape != shape:
        raise refuse(f"an array of shape {array.shape} instead of {shape}: items by classes.")
    if not array.size:
        return array.copy()
    if not np.isfinite(array).all():
        raise refuse("values that are not finite; training has probably diverged.")
    lowest, sums = array.min(), array.sum(axis=1, dtype=np.float64)
    worst = sums[np.abs(sums - 1).argmax()]
    if lowest < _BELOW_ZERO or abs(worst - 1) > _SUM_TOLERANCE:
        what = f"{lowest:g} is below zero" if lowest < _BELOW_ZERO else f"a row adds up to {worst:g}"
        raise refuse(f"no probabilities: {what}. A network's last layer is to be a softmax, for instance.")
    return array.copy()


def checked_value(metric: Component, value: Any) -> float:
    """Return a metric's value as a number, NaN included.

    Raises:
        PluginError: when it is none.
    """
    import numpy as np

    number = np.asarray(value)
    if number.shape != () or number.dtype.kind not in "fiub":
        raise PluginError(
            f"{described(metric, 'compute')}: compute gave {type_name(value)} instead of a number."
        )
    return float(number)


def type_name(value: Any) -> str:
    """Return what a value's type is called, for errors."""
    return type(value).__name__


def checked_items(
    component: Component, method: str, made: Any, shape: tuple[int | None, ...], dtype: str
) -> np.ndarray:
    """Return a copy of what a component made of a waveform or of features: of ``shape`` and ``dtype``, and finite.

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
        size == length if length is not None else size > 0
        for size, length in zip(made.shape, shape, strict=True)
    )
    if not fits or made.dtype != dtype:
        raise refuse(f"{made.dtype} {made.shape} instead of {dtype} {expected}")
    if made.dtype.kind == "f" and not np.isfinite(made).all():
        raise refuse("values that are not finite (NaN or infinite)")
    return made.copy()


def checked_batch(
    augmentation: Component, made: Any, inputs: tuple[int, ...], targets: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Return a copy of an augmented batch: of the shapes ``inputs`` and ``targets``, finite, labels that add up to 1.

    Raises:
        PluginError: when it has not.
    """
    import numpy as np

    def refuse(problem: str) -> PluginError:
        return PluginError(f"{described(augmentation, 'apply_batch')}: apply_batch gave {problem}.")

    if not isinstance(made, tuple | list) or len(made) != len(("inputs", "targets")):
        raise refuse(f"{type(made).__name__} instead of two arrays, inputs and targets")
    arrays = []
    for what, given, shape in (("inputs", made[0], inputs), ("targets", made[1], targets)):
        array = _array(given)
        if array is None or array.shape != shape:
            kind = type(given).__name__ if array is None else f"shape {array.shape}"
            raise refuse(f"{what} of {kind} instead of shape {shape}")
        if not np.isfinite(array).all():
            raise refuse(f"{what} with values that are not finite (NaN or infinite)")
        arrays.append(array.astype(np.float32))
    labels = arrays[1]
    sums = labels.sum(axis=1)
    if (labels < _BELOW_ZERO).any() or (np.abs(sums - 1) > _SUM_TOLERANCE).any():
        raise refuse(f"labels that are no shares of classes: they go from {labels.min():g} to {labels.max():g}, "
                     f"and a row adds up to {sums[np.abs(sums - 1).argmax()]:g} instead of 1")  # fmt: skip
    return arrays[0], arrays[1]


def reading_only(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``method`` such that it sees arrays that cannot be written into: others are handed the same ones.

    What it prints goes to standard error, as in ``calling``.
    """

    @wraps(method)
    def reading(self: Any, *arguments: Any, **named: Any) -> Any:
        with output_aside():
            return method(
                self,
                *map(_read_only, arguments),
                **{name: _read_only(argument) for name, argument in named.items()},
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
    array = np.asarray(value)
    return array if array.dtype.kind in "fiu" else None
