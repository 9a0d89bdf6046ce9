"""The critical-difference diagram."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmark.report.charts.kinds import Ranks
from benchmark.report.mpl.style import COLOURS, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_ranks(charts: Sequence[Ranks]) -> Figure:
    """Draw average ranks on a line, the best on the left, and bars over methods that do not differ (Demšar 2006)."""
    (chart,) = charts
    count = len(chart.ranks)
    left, right = 0.8, max(count, 1 + chart.difference) + 0.2
    first, half = -0.4 * len(chart.bars) - 1.2, (count + 1) // 2
    figure, axes = new_figure(7.5, 1.5 + 0.16 * len(chart.bars) + 0.32 * half)
    axes.set(xlim=(left, right), ylim=(first - half + 0.6, 2.2))
    axes.xaxis.tick_top()
    axes.spines["top"].set_position(("data", 0))
    axes.set_xticks(range(1, count + 1))
    axes.set_yticks([])
    axes.tick_params(labelsize=8)
    for side in ("left", "right", "bottom"):
        axes.spines[side].set_visible(False)
    for place, (name, rank) in enumerate(chart.ranks):
        on_left = place < half
        height = first - (place if on_left else count - 1 - place)
        edge, side, away = (left, "right", -3) if on_left else (right, "left", 3)
        axes.plot([rank, rank, edge], [0, height, height], color="0.2", linewidth=0.8)
        axes.annotate(
            f"{name} ({rank:.2f})", (edge, height), (away, 0), textcoords="offset points", fontsize=8, ha=side,
            va="center", annotation_clip=False,
        )  # fmt: skip
    for number, (start, end) in enumerate(chart.bars):
        height = -0.4 * (number + 1)
        axes.plot([start - 0.03, end + 0.03], [height, height], color=COLOURS[0], linewidth=3)
    axes.plot([1, 1 + chart.difference], [1.8, 1.8], color=COLOURS[1], linewidth=3)
    axes.annotate(
        f"critical difference {chart.difference:.2f}", (1, 1.8), (0, 3), textcoords="offset points", fontsize=8,
        annotation_clip=False,
    )  # fmt: skip
    return figure
