"""Titles that are never cut off."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LETTERS_AN_INCH = 11


def set_title(figure: Figure, text: str) -> None:
    """Set a figure's title at its left, in as many lines as its width asks for."""
    lines = textwrap.wrap(text, int(_LETTERS_AN_INCH * figure.get_figwidth()))
    figure.suptitle("\n".join(lines), fontsize=10, x=0.01, ha="left")
