"""Boxes of text and the lines between them, as Matplotlib draws them: for pictures of what leads to what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from benchmark.report.mpl.style import COLOURS

Look = Literal["data", "training", "held out", "absent"]
EDGES: dict[Look, str] = {
    "data": "#333333", "training": COLOURS[0], "held out": COLOURS[2], "absent": "#999999",
}  # fmt: skip
LINE, PAD = 0.21, 0.13


@dataclass(frozen=True)
class Box:
    """A box: its column, a title, and lines of a text and a number (or a word) each."""

    name: str
    column: int
    title: str
    lines: tuple[tuple[str, str], ...] = ()
    look: Look = "data"

    @property
    def height(self) -> float:
        """In inches."""
        return 2 * PAD + LINE * (1 + len(self.lines))


def draw_box(axes: Any, box: Box, left: float, low: float, width: float) -> None:
    """Draw a box whose lower left corner is at ``left`` and ``low``, in inches."""
    from matplotlib.patches import FancyBboxPatch

    edge = EDGES[box.look]
    axes.add_patch(
        FancyBboxPatch(
            (left, low), width, box.height, boxstyle="round,pad=0,rounding_size=0.08", edgecolor=edge,
            facecolor=(*_rgb(edge), 0.08), linewidth=1.3, linestyle=":" if box.look == "absent" else "-",
        )
    )  # fmt: skip
    line = low + box.height - PAD - LINE / 2
    axes.text(left + PAD, line, _short(box.title, 14 * width), fontsize=9, weight="bold", va="center")
    for text, number in box.lines:
        line -= LINE
        axes.text(
            left + PAD,
            line,
            _short(text, min(9.5 * width, 12.5 * width - len(number) - 2)),
            fontsize=8.5,
            va="center",
        )
        axes.text(left + width - PAD, line, number, fontsize=8.5, va="center", ha="right")


def curve(start: tuple[float, float], end: tuple[float, float], bend: float) -> Any:
    """Return a path that leaves ``start`` and reaches ``end`` horizontally."""
    from matplotlib.path import Path

    points = [start, (start[0] + bend, start[1]), (end[0] - bend, end[1]), end]
    return Path(points, [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4])


def _rgb(colour: str) -> tuple[float, float, float]:
    from matplotlib.colors import to_rgb

    return to_rgb(colour)


def _short(text: str, room: float) -> str:
    most = int(room)
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
