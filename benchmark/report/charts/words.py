"""How charts call things: names of files, titles, numbers beside points."""

from __future__ import annotations

import re

_LETTERS = 30
# More than these nobody can look at; tables have all rows, and each title says what it leaves out.
MOST_LINES, MOST_PANELS, MOST_CURVES, MOST_COMPARED, MOST_SURFACES = 60, 24, 8, 24, 12
MOST_RELIABILITIES = 12
MOST_NAMED = 20


def slug(text: str) -> str:
    """Return a text as part of a file's name or of an element's id."""
    return re.sub(r"\W+", "-", text).strip("-")


def best(shown: int, count: int, what: str = "rows") -> str:
    """Return what a title says when it does not show all."""
    return f" (best {shown} of {count} {what})" if shown < count else ""


def shortened(label: str) -> str:
    """Return a label short enough to stand beside a point; it loses its middle, as rows often differ at the end."""
    half = (_LETTERS - 1) // 2
    return label if len(label) <= _LETTERS else f"{label[:half].rstrip()}…{label[-half:].lstrip()}"


def si(value: float) -> str:
    """Return a number in three digits at most, with k, M, G or T for thousands."""
    for power, letter in ((12, "T"), (9, "G"), (6, "M"), (3, "k")):
        if abs(value) >= 10**power:
            return f"{value / 10**power:.3g}{letter}"
    return f"{value:.3g}"
