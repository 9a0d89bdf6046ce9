"""What components say of themselves: shape, copies, severities, where they act. Checked before anything is run."""

from __future__ import annotations

import json
from itertools import pairwise
from math import isfinite
from typing import TYPE_CHECKING, Any, cast

from benchmark.exceptions import PluginError
from benchmark.plugin.border import calling, described
from benchmark.plugin.component import Component

if TYPE_CHECKING:
    from benchmark.plugin.augmentation import Augmentation
    from benchmark.plugin.features import Features

# Where augmentations act.
PLACES = ("waveform", "features", "batch")
DTYPES = ("uint8", "float32")
MOST_AXES = 3


def check_declared(component: Component) -> None:
    """Ask a component what it says of itself, as far as it can be known before anything is run.

    Raises:
        PluginError: when that is not what its kind promises, or its code fails.
    """
    from benchmark.plugin.unopened import Unopened

    if isinstance(component, Unopened):
        return
    # The class's: a parameter may be called 'kind' too.
    kind = type(component).kind
    if kind == "features":
        checked_features(cast("Features", component))
    elif kind == "augmentation":
        augmentation = cast("Augmentation", component)
        with calling(augmentation, "fresh"):
            place, fresh = getattr(augmentation, "acts_on", None), augmentation.fresh
        if place not in PLACES:
            raise PluginError(
                f"{described(augmentation, 'apply')}: its acts_on is {place!r} instead of one of {PLACES}."
            )
        if not fresh and place != "batch":
            checked_copies(augmentation)
    elif kind == "corruption":
        problem = severities_problem(component)
        if problem:
            raise PluginError(f"{described(component, 'apply')}: {problem}.")


def severities_problem(corruption: Component) -> str:
    """Return what is wrong with the severities of a corruption, or nothing."""
    unit, amounts = getattr(corruption, "unit", None), getattr(corruption, "severities", None)
    if not isinstance(unit, str) or not unit.strip():
        return f"its unit is {unit!r} instead of a text, as 'dB'"
    numbers = [
        amount
        for amount in (amounts if isinstance(amounts, tuple | list) else ())
        if isinstance(amount, int | float) and not isinstance(amount, bool) and isfinite(amount)
    ]
    steps = [after - before for before, after in pairwise(numbers)]
    if not numbers or len(numbers) < len(amounts or ()):
        return f"its severities are {amounts!r} instead of a list of numbers"
    if not (all(step > 0 for step in steps) or all(step < 0 for step in steps)):
        return f"its severities {amounts!r} neither only rise nor only fall"
    return ""


def checked_features(features: Features) -> tuple[tuple[int, ...], str]:
    """Return shape and type that features say they have: 1 to 3 lengths, ``uint8`` or ``float32``.

    Raises:
        PluginError: when they say something else, or their code fails.
    """
    with calling(features, "shape"):
        shape = features.shape
    with calling(features, "dtype"):
        dtype = features.dtype
    lengths = tuple(shape) if isinstance(shape, tuple | list) else ()
    if not 1 <= len(lengths) <= MOST_AXES or not all(isinstance(each, int) and each > 0 for each in lengths):
        raise PluginError(
            f"{described(features, 'shape')}: its shape is {shape!r} instead of one, two or three whole numbers."
        )
    if dtype not in DTYPES:
        raise PluginError(
            f"{described(features, 'dtype')}: its dtype is {dtype!r} instead of 'uint8' or 'float32'."
        )
    return lengths, dtype


def checked_copies(augmentation: Augmentation) -> list[dict[str, Any]]:
    """Return the settings of each fixed copy that an augmentation makes: mappings of plain JSON values.

    Raises:
        PluginError: when they are something else, or its code fails.
    """
    with calling(augmentation, "copies"):
        made = augmentation.copies()
    try:
        # They are part of the keys of what is made of them.
        json.dumps(made)
        plain = isinstance(made, list | tuple) and all(isinstance(each, dict) for each in made)
    except (TypeError, ValueError):
        plain = False
    if not plain:
        raise PluginError(
            f"{described(augmentation, 'copies')}: copies gave {made!r} instead of a list of mappings of plain values "
            "(texts, numbers, lists)."
        )
    return list(made)
