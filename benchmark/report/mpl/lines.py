"""Lines with intervals, and reliability diagrams."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from benchmark.report.charts.kinds import Axis, Line, Lines, Reliability
from benchmark.report.mpl.style import COLOURS, MARKERS, errors, new_figure, panels, style_axes, wrapped

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ROLES = {"training": (COLOURS[1], "--"), "validation": (COLOURS[0], "-")}
_ACROSS, _MOST_NUMBERS = 4, 4


def draw_lines(charts: Sequence[Lines]) -> Figure:
    """Draw one chart with a legend of its lines, or several side by side on the same scales."""
    if not any(line.role for chart in charts for line in chart.lines):
        (chart,) = charts
        figure, axes = new_figure(7.6, 4.2)
        _draw(axes, chart)
        style_axes(axes, chart.x, chart.y)
        axes.grid(linewidth=0.3)
        axes.legend(fontsize=7, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
        return figure
    figure, grid = panels(len(charts), _ACROSS, 2.7, 2.0, sharex=True, sharey=True)
    for number, (axes, chart) in enumerate(zip(grid, charts, strict=True)):
        _draw(axes, chart)
        axes.set_title(wrapped(chart.title), fontsize=8)
        axes.grid(visible=True, alpha=0.25)
        _outer(axes, number, len(charts))
    longest = max(charts, key=lambda chart: chart.x.high or 0)
    style_axes(grid[0], longest.x, longest.y)
    for axes in grid:
        axes.set(xlabel="", ylabel="")
        axes.tick_params(labelsize=7)
    grid[0].legend(fontsize=7)
    figure.supxlabel(longest.x.title, fontsize=8)
    figure.supylabel(longest.y.title, fontsize=8)
    return figure


def _draw(axes: Any, chart: Lines) -> None:
    number = 0
    for line in chart.lines:
        values = [chart.y.factor * estimate.value for estimate in line.y]
        if line.role:
            colour, dashes = _ROLES[line.role]
            width, alpha, name = (0.6, 0.5, None) if line.thin else (1.8, 1.0, line.name)
            axes.plot(line.x, values, dashes, color=colour, linewidth=width, alpha=alpha, label=name)
            continue
        axes.errorbar(
            [chart.x.factor * at for at in line.x], values, yerr=errors(line.y, chart.y.factor),
            fmt=MARKERS[number % len(MARKERS)] + "-", markersize=4, capsize=2 if _has_ends(line) else 0, linewidth=1.2,
            color=COLOURS[number % len(COLOURS)], label=line.name,
        )  # fmt: skip
        number += 1


def _has_ends(line: Line) -> bool:
    return any(math.isfinite(estimate.low) for estimate in line.y)


def draw_reliability(charts: Sequence[Reliability]) -> Figure:
    """Draw accuracy against confidence, larger where more answers are; the diagonal is calibrated."""
    figure, grid = panels(len(charts), _ACROSS, 2.7, 2.4, sharex=True, sharey=True)
    whole = Axis("", percent=True, low=0, high=1)
    for number, (axes, chart) in enumerate(zip(grid, charts, strict=True)):
        confidence, accuracy = ([100 * line[at] for line in chart.bins] for at in (0, 1))
        total = sum(count for *_, count in chart.bins) or 1
        axes.plot([0, 100], [0, 100], color="0.5", linewidth=0.8, linestyle=":")
        axes.plot(confidence, accuracy, linewidth=1, alpha=0.6, color=COLOURS[0])
        sizes = [6 + 200 * count / total for *_, count in chart.bins]
        axes.scatter(confidence, accuracy, s=sizes, color=COLOURS[0], zorder=3)
        axes.set_title(wrapped(chart.title), fontsize=8)
        style_axes(axes, whole, whole)
        axes.set(xlabel="", ylabel="")
        axes.grid(visible=True, alpha=0.25)
        _outer(axes, number, len(charts))
    figure.supxlabel("mean confidence, %", fontsize=8)
    figure.supylabel("answers that are right, %", fontsize=8)
    return figure


def _outer(axes: Any, number: int, count: int) -> None:
    """Show the numbers below a panel that has no other below it."""
    axes.tick_params(labelsize=7, labelbottom=number + _ACROSS >= count)
