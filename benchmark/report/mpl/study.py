"""The trials of a study, and what decided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from benchmark.report.charts.kinds import Trials
from benchmark.report.mpl.style import COLOURS, style_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_study(charts: Sequence[Trials]) -> Figure:
    """Draw the trials' values with the best so far, and beside them what decided."""
    from matplotlib.figure import Figure

    (chart,) = charts
    important = len(chart.importance) > 0
    figure = Figure(figsize=(9.5 if important else 5.5, 3.2), layout="constrained")
    grid = figure.subplots(1, 2 if important else 1, squeeze=False)
    axes = grid[0, 0]
    numbers, values = [[place[side] for place in chart.trials] for side in (0, 1)]
    axes.scatter(numbers, values, s=14, color=COLOURS[0], label="trial", zorder=3)
    places, so_far = [[place[side] for place in chart.best] for side in (0, 1)]
    axes.step(places, so_far, where="post", color=COLOURS[1], label="best so far")
    if chart.own is not None:
        axes.axhline(chart.own, color="0.4", linestyle="--", linewidth=1, label="the row as it is")
    for name, ended, marker, colour in (
        ("pruned", chart.pruned, "|", "0.4"),
        ("failed", chart.failed, "x", COLOURS[3]),
    ):
        if ended:
            heights = [0.03] * len(ended)
            across = axes.get_xaxis_transform()
            axes.scatter(ended, heights, marker=marker, s=22, color=colour, label=name, transform=across)
    style_axes(axes, None, chart.y)
    axes.set_xlabel("trial", fontsize=8)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(visible=True, alpha=0.25)
    axes.legend(fontsize=7)
    if important:
        _draw_importance(grid[0, 1], chart)
    return figure


def _draw_importance(axes: Any, chart: Trials) -> None:
    shown = chart.importance[::-1]
    axes.barh(range(len(shown)), [100 * share for _, share in shown], color=COLOURS[2])
    axes.set_yticks(range(len(shown)), [name for name, _ in shown], fontsize=7)
    axes.set_xlabel("importance, %", fontsize=8)
    axes.tick_params(axis="x", labelsize=7)
    axes.set_xlim(0, 100)
