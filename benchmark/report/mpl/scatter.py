"""Points with intervals, and the front of those that no other beats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from benchmark.report.charts.kinds import Scatter
from benchmark.report.mpl.style import COLOURS, MARKERS, errors, new_figure, panels, style_axes, wrapped

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_scatters(charts: Sequence[Scatter]) -> Figure:
    """Draw scatter plots, two in a line."""
    if len(charts) == 1:
        figure, axes = new_figure(7.6, 4.8)
        grid = [axes]
    else:
        figure, grid = panels(len(charts), 2, 4.6, 3.2)
    for axes, chart in zip(grid, charts, strict=True):
        style_axes(axes, chart.x, chart.y)
        _draw_intervals(axes, chart) if chart.diagonal else _draw_front(axes, chart)
        if len(charts) > 1:
            axes.set_title(wrapped(chart.title, 60), fontsize=8)
    return figure


def _draw_intervals(axes: Any, chart: Scatter) -> None:
    together = [[point] for point in chart.points] if chart.named else [list(chart.points)]
    for number, points in enumerate(together):
        x, y = [point.x for point in points], [point.y for point in points]
        look: dict[str, Any] = {"fmt": "o", "color": COLOURS[0], "alpha": 0.6}
        if chart.named:
            marker, colour = MARKERS[number % len(MARKERS)], COLOURS[number % len(COLOURS)]
            look = {"fmt": marker, "color": colour, "label": points[0].name}
        axes.errorbar(
            [chart.x.factor * estimate.value for estimate in x], [chart.y.factor * estimate.value for estimate in y],
            xerr=errors(x, chart.x.factor), yerr=errors(y, chart.y.factor), markersize=4, linewidth=0.7, capsize=2,
            **look,
        )  # fmt: skip
    low = max(axes.get_xlim()[0], axes.get_ylim()[0])
    axes.axline((low, low), slope=1, color="0.5", linewidth=0.8, linestyle=":")
    if chart.named:
        axes.legend(fontsize=7, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _draw_front(axes: Any, chart: Scatter) -> None:
    places = {
        front: [
            (chart.x.factor * point.x.value, chart.y.factor * point.y.value)
            for point in chart.points
            if point.front == front
        ]
        for front in (True, False)
    }
    axes.scatter(*_columns(places[False]), s=18, facecolors="none", edgecolors="#777777")
    axes.plot(*_columns(places[True]), drawstyle="steps-post", color=COLOURS[1], linewidth=1)
    axes.scatter(*_columns(places[True]), s=24, color=COLOURS[1], zorder=3)
    axes.grid(visible=True, alpha=0.25)
    for point in chart.points:
        if point.text:
            place = chart.x.factor * point.x.value, chart.y.factor * point.y.value
            # Names on the right would leave the panel.
            across, _ = axes.transAxes.inverted().transform(axes.transData.transform(place))
            side = {"xytext": (-4, 4), "ha": "right"} if across > 0.5 else {"xytext": (4, 4)}
            axes.annotate(point.text, place, textcoords="offset points", fontsize=7, **side)


def _columns(places: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [x for x, _ in places], [y for _, y in places]
