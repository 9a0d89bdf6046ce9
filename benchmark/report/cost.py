"""The figure of accuracy against cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from benchmark.analysis.cost import COST, COSTS, FRONT, VALUE
from benchmark.report.figures import COLOURS
from benchmark.results.frames import ROW, Measure

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

LOG_FROM = 20
_LETTERS = 30


def cost_figure(
    tables: Mapping[str, pd.DataFrame], labels: Mapping[int, str], measure: Measure, title: str
) -> Figure:
    """Draw one panel per cost (``tables``: by column, what ``against_cost`` gave); rows on the front are named."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import EngFormatter, NullFormatter

    scale = 100 if measure.percent else 1
    across = min(2, len(tables))
    down = -(-len(tables) // across)
    figure = Figure(figsize=(4.6 * across, 0.5 + 3.2 * down), layout="constrained")
    grid = figure.subplots(down, across, squeeze=False)
    for axes in grid.flat[len(tables) :]:
        axes.set_visible(False)
    for axes, (cost, table) in zip(grid.flat, tables.items(), strict=False):
        table = table.assign(**{VALUE: table[VALUE] * scale})  # noqa: PLW2901
        front = table[table[FRONT]].sort_values([COST, VALUE])
        behind = table[~table[FRONT]]
        axes.scatter(behind[COST], behind[VALUE], s=18, facecolors="none", edgecolors="#777777")
        axes.plot(front[COST], front[VALUE], drawstyle="steps-post", color=COLOURS[1], linewidth=1)
        axes.scatter(front[COST], front[VALUE], s=24, color=COLOURS[1], zorder=3)
        if is_logarithmic(table):
            axes.set_xscale("log")
            # Powers of ten would be mathematics, which no text in figures is.
            axes.xaxis.set_major_formatter(EngFormatter())
            axes.xaxis.set_minor_formatter(NullFormatter())
        axes.margins(x=0.25, y=0.12)
        for (cost_here, value), rows in front.groupby([COST, VALUE])[ROW]:
            more = f" and {len(rows) - 1} more" if len(rows) > 1 else ""
            # Names on the right would leave the panel.
            across_panel, _ = axes.transAxes.inverted().transform(
                axes.transData.transform((cost_here, value))
            )
            side = {"xytext": (-4, 4), "ha": "right"} if across_panel > 0.5 else {"xytext": (4, 4)}
            text = shortened(labels[int(rows.iloc[0])]) + more
            axes.annotate(text, (cost_here, value), textcoords="offset points", fontsize=7, **side)
        axes.set_xlabel(COSTS[cost], fontsize=8)
        axes.set_ylabel(f"{measure.name}, %" if measure.percent else measure.name, fontsize=8)
        axes.tick_params(labelsize=7)
        axes.grid(visible=True, alpha=0.25)
    figure.suptitle(title, fontsize=10, x=0.01, ha="left")
    return figure


def is_logarithmic(table: pd.DataFrame) -> bool:
    """Return whether costs are so far apart that they need a logarithmic axis."""
    least = float(table[COST].min())
    return least > 0 and float(table[COST].max()) / least >= LOG_FROM


def shortened(label: str) -> str:
    """Return a label short enough to stand beside a point; it loses its middle, as rows often differ at the end."""
    half = (_LETTERS - 1) // 2
    return label if len(label) <= _LETTERS else f"{label[:half].rstrip()}…{label[-half:].lstrip()}"
