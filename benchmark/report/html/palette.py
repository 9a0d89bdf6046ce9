"""Colours of heatmaps, for light and dark pages. Pure functions of numbers.

Shares go from pale to deep blue, differences from orange over neutral to blue: both are told apart by readers
with any of the common colour deficiencies, and by how dark they are alone. Anchors after ColorBrewer's Blues
and PuOr (https://colorbrewer2.org).
"""

from __future__ import annotations

from collections.abc import Sequence

Colour = tuple[int, int, int]
Anchors = dict[str, tuple[str, ...]]
STEPS = 20
_SHARE: Anchors = {
    "light": ("#f6f9fd", "#d3e3f3", "#9cc5e4", "#5b9ccc", "#2569ac", "#08306b"),
    "dark": ("#161c26", "#1b3454", "#1f568b", "#3a83c0", "#7fb6e3", "#d9ecff"),
}
_DIFFERENCE: Anchors = {
    "light": ("#b35806", "#e8933a", "#fbc98c", "#f5f5f2", "#a9cde8", "#4a92c9", "#0b4f8f"),
    "dark": ("#ffc27d", "#d07f1f", "#6e4416", "#1d2026", "#1c456e", "#3b82c2", "#a9d6ff"),
}
_DARK_TEXT, _LIGHT_TEXT = "#0b0d10", "#ffffff"


def share_step(share: float) -> int:
    """Return the step, 0 to ``STEPS``, of a share from 0 to 1."""
    return round(min(1.0, max(0.0, share)) * STEPS)


def difference_step(difference: float, limit: float) -> int:
    """Return the step, 0 to ``STEPS`` with no difference in the middle, of one between ``-limit`` and ``limit``."""
    return share_step(0.5 + 0.5 * difference / limit) if limit > 0 else STEPS // 2


def heat_rules() -> str:
    """Return style rules for the classes ``s0`` … (shares) and ``d0`` … (differences)."""
    return "\n".join(
        f".{letter}{step}{{--cell:{_pair(anchors, step)};--ink:{_ink(anchors, step)}}}"
        for letter, anchors in (("s", _SHARE), ("d", _DIFFERENCE))
        for step in range(STEPS + 1)
    )


def colour_at(anchors: Sequence[str], step: int) -> Colour:
    """Return the colour of a step: a straight line between the two nearest anchors."""
    place = step / STEPS * (len(anchors) - 1)
    index = min(int(place), len(anchors) - 2)
    first, second = _parsed(anchors[index]), _parsed(anchors[index + 1])
    red, green, blue = (round(a + (b - a) * (place - index)) for a, b in zip(first, second, strict=True))
    return red, green, blue


def contrast(first: Colour, second: Colour) -> float:
    """Return the contrast ratio of WCAG 2.2, 1 to 21 (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio)."""
    darker, lighter = sorted((_luminance(first), _luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def text_on(colour: Colour) -> str:
    """Return black or white, whichever is easier to read on a colour."""
    candidates = (_DARK_TEXT, _LIGHT_TEXT)
    return max(candidates, key=lambda text: contrast(colour, _parsed(text)))


def _pair(anchors: Anchors, step: int) -> str:
    light, dark = (_hex(colour_at(anchors[theme], step)) for theme in ("light", "dark"))
    return f"light-dark({light},{dark})"


def _ink(anchors: Anchors, step: int) -> str:
    light, dark = (text_on(colour_at(anchors[theme], step)) for theme in ("light", "dark"))
    return f"light-dark({light},{dark})"


def _parsed(text: str) -> Colour:
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def _hex(colour: Colour) -> str:
    return "#" + "".join(f"{part:02x}" for part in colour)


def _luminance(colour: Colour) -> float:
    red, green, blue = (
        part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4
        for part in colour
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
