"""Heatmaps: one with its numbers, or several small ones in a grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from benchmark.report.charts.kinds import Heatmap, Tile
from benchmark.report.mpl.style import new_figure, panels, wrapped

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

_ACROSS, _NUMBERS_UP_TO, _NOTES_UP_TO = 4, 400, 200
_UNITS = {"share": "%", "points": "points", "signed": "difference", "number": ""}


def draw_heatmaps(charts: Sequence[Heatmap]) -> Figure:
    """Draw one heatmap with its numbers, or several without."""
    return _one(charts[0]) if len(charts) == 1 else _several(charts)


def _one(chart: Heatmap) -> Figure:
    longest = max((len(name) for name in chart.lines), default=0)
    notes = any(tile is not None and tile.note for line in chart.tiles for tile in line)
    count = len(chart.lines) * len(chart.columns)
    tall = 0.46 if notes and count <= _NOTES_UP_TO else 0.36
    figure, axes = new_figure(
        max(5.5, 2.2 + 0.72 * len(chart.columns) + 0.075 * longest), 1.6 + tall * len(chart.lines)
    )
    image = _image(axes, chart)
    if count <= _NUMBERS_UP_TO:
        _write_numbers(axes, image, chart, notes=notes and count <= _NOTES_UP_TO)
    axes.set_xticks(range(len(chart.columns)), chart.columns, rotation=40, ha="right", fontsize=8)
    lines = [_marked(chart, number) for number in range(len(chart.lines))]
    axes.set_yticks(range(len(lines)), lines, fontsize=8)
    axes.tick_params(length=0, left=False, bottom=False)
    bar = figure.colorbar(image, ax=axes, fraction=0.05, pad=0.02, label=_UNITS[chart.unit])
    bar.ax.tick_params(labelsize=8)
    return figure


def _several(charts: Sequence[Heatmap]) -> Figure:
    # Room for the names of many classes, at 6 points each.
    side = max(2.6, 0.9 + 0.095 * max(len(chart.lines) for chart in charts))
    # Tiles are square: where columns are few, so much width would be empty.
    across = max(len(chart.columns) / max(len(chart.lines), 1) for chart in charts)
    figure, grid = panels(len(charts), _ACROSS, max(min(across, 1) * side, 2.0), side + 0.15)
    alike = len({chart.columns for chart in charts}) == 1
    image: Any = None
    for number, (axes, chart) in enumerate(zip(grid, charts, strict=True)):
        image = _image(axes, chart, gap=0.0)
        axes.set_title(wrapped(chart.title), fontsize=8)
        below, first = number + _ACROSS >= len(charts), number % _ACROSS == 0
        for shown, names, place in (
            (below, chart.columns, axes.set_xticks),
            (first, chart.lines, axes.set_yticks),
        ):
            place(range(len(names)), names if shown or not alike else [""] * len(names), fontsize=6)
        axes.tick_params(length=0, left=False, bottom=False)
        axes.tick_params(axis="x", rotation=90)
    bar = figure.colorbar(image, ax=grid, shrink=0.6, pad=0.01, label=_UNITS[charts[0].unit])
    bar.ax.tick_params(labelsize=7)
    return figure


def _image(axes: Any, chart: Heatmap, gap: float = 1.5) -> Any:
    import numpy as np

    values = _numbers(chart)
    if chart.is_difference:
        limit = chart.factor * chart.limit or 1.0
        # Blue is better, on the page too.
        style = {"cmap": "RdBu_r" if chart.less_is_better else "RdBu", "vmin": -limit, "vmax": limit}
    elif chart.unit == "share":
        style = {"cmap": "viridis", "vmin": 0, "vmax": 100}
    else:
        style = {"cmap": "viridis"}
    image = axes.imshow(values, aspect="auto" if gap else "equal", **style)
    axes.spines[:].set_visible(False)
    axes.set_facecolor("0.93")
    if gap:
        for size, lines in ((values.shape[1], axes.axvline), (values.shape[0], axes.axhline)):
            for place in np.arange(1, size) - 0.5:
                lines(place, color="white", linewidth=gap)
    return image


def _numbers(chart: Heatmap) -> np.ndarray:
    """Return values as they are drawn; NaN for those that have no colour."""
    import numpy as np

    def number(tile: Tile | None) -> float:
        # Without colour: what says nothing, and a row beside itself.
        return (
            np.nan
            if tile is None or tile.state in ("unclear", "equal", "same")
            else chart.factor * tile.value
        )

    return np.array([[number(tile) for tile in line] for line in chart.tiles], float)


def _write_numbers(axes: Any, image: Any, chart: Heatmap, *, notes: bool) -> None:
    from matplotlib.patches import Rectangle

    values = _numbers(chart)
    for down, line in enumerate(chart.tiles):
        for across, tile in enumerate(line):
            text = chart.text(tile) or ("" if tile is not None else "–")
            if tile is not None and notes and tile.note:
                text += f"\n{tile.note}"
            axes.text(
                across, down, text, ha="center", va="center", fontsize=8 if not notes else 6,
                color=_ink(image, values[down, across]),
            )  # fmt: skip
            if tile is not None and tile.state in ("equal", "best"):
                box = Rectangle(
                    (across - 0.44, down - 0.42), 0.88, 0.84, fill=False, edgecolor="#D55E00", linewidth=1.6
                )
                axes.add_patch(box)


def _ink(image: Any, value: float) -> str:
    """Return the colour of text on a value's colour: white where that is dark."""
    import numpy as np

    if not np.isfinite(value):
        return "0.35"
    red, green, blue, _ = image.cmap(image.norm(value))
    return "white" if 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.45 else "0.1"


def _marked(chart: Heatmap, number: int) -> str:
    marks = chart.line_marks[number] if chart.line_marks else ()
    # What marks the whole picture stands in its title.
    return (
        f"{chart.lines[number]} [{', '.join(marks)}]"
        if len({*chart.line_marks}) > 1 and marks
        else chart.lines[number]
    )
