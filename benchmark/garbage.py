"""How often Python looks for garbage."""

from __future__ import annotations

import gc
from functools import cache
from importlib import import_module

# Of new objects that are neither gone nor looked at; Python's own is 700.
_AFTER = 10_000


def look_seldom() -> None:
    """Have this process look for garbage less often.

    What is made while modules are imported stays, and to look for garbage in it takes a tenth of what a quick verb
    takes, and a seventh of what TensorFlow's import does.
    """
    gc.set_threshold(_AFTER, 10, 10)


@cache
def import_to_stay(libraries: tuple[str, ...]) -> None:
    """Import libraries, and have Python look for garbage in what comes after them only: Keras asks it to each time.

    Raises:
        ImportError: when one is not there.
    """
    for library in libraries:
        import_module(library)
    if libraries:
        gc.collect()
        gc.freeze()
