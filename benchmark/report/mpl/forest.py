"""Estimates with intervals, one below the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmark.report.charts.kinds import Forest
from benchmark.report.mpl.style import COLOURS, MARKERS, errors, new_figure, style_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_forest(charts: Sequence[Forest]) -> Figure:
    """Draw the estimates of one chart, with a colour and a marker per group."""
    (chart,) = charts
    count = len(chart.groups)
    figure, axes = new_figure(
        6.5 + 0.05 * max(map(len, chart.labels), default=0),
        1.6 + 0.34 * len(chart.labels) * max(1, count) ** 0.5,
    )
    step = 0.7 / max(count, 1)
    for number, (name, estimates) in enumerate(chart.groups):
        places = [chart.labels.index(label) + (number - (count - 1) / 2) * step for label, _ in estimates]
        values = [estimate for _, estimate in estimates]
        axes.errorbar(
            [chart.x.factor * estimate.value for estimate in values], places, xerr=errors(values, chart.x.factor),
            fmt=MARKERS[number % len(MARKERS)], markersize=4, capsize=2, color=COLOURS[number % len(COLOURS)],
            label=name,
        )  # fmt: skip
    axes.axvline(0, color="0.4", linewidth=0.8)
    style_axes(axes, chart.x)
    axes.set_yticks(range(len(chart.labels)), chart.labels, fontsize=8)
    axes.set_ylim(len(chart.labels) - 0.5, -0.5)
    axes.grid(axis="x", linewidth=0.3)
    if count > 1:
        axes.legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure
