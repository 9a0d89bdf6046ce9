"""How often Python looks for garbage."""

from __future__ import annotations

import gc

# Of new objects that are neither gone nor looked at; Python's own is 700.
_AFTER = 10_000


def look_seldom() -> None:
    """Have this process look for garbage less often.

    What is made while modules are imported stays, and to look for garbage in it takes a tenth of what a quick verb
    takes, and a seventh of what TensorFlow's import does.
    """
    gc.set_threshold(_AFTER, 10, 10)
