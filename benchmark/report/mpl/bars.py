"""Bars by class, one per group, with a second layer behind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from benchmark.report.charts.kinds import Bars
from benchmark.report.mpl.style import COLOURS, errors, style_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LIGHT, _GROUP = 0.35, 0.84
_WHISKER = "#333333"


def draw_bars(charts: Sequence[Bars]) -> Figure:
    """Draw the first layer in full colour before the second in light; whiskers are the intervals."""
    import numpy as np
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    (chart,) = charts
    count, width = len(chart.classes), _GROUP / len(chart.groups)
    size = (max(6.0, 1.0 + 0.3 * count * (1 + len(chart.groups))), 3.6)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    handles: list[Any] = []
    for number, (label, layers) in enumerate(chart.groups):
        colour = COLOURS[number % len(COLOURS)]
        places = np.arange(count) - _GROUP / 2 + width * (number + 0.5)
        # Whiskers stand side by side, so that one does not hide the other.
        for estimates, strength, shift in zip(reversed(layers), (_LIGHT, 1.0), (0.2, -0.2), strict=True):
            shares = [chart.y.factor * estimate.value for estimate in estimates]
            axes.bar(places, shares, width * 0.92, color=_mixed(colour, strength), linewidth=0)
            axes.errorbar(
                places + shift * width, shares, errors(estimates, chart.y.factor), fmt="none", ecolor=_WHISKER,
                elinewidth=0.8, capsize=1.5, capthick=0.8,
            )  # fmt: skip
        handles.append(Patch(color=colour, label=label))
    grey = "#555555"
    names = zip(chart.layers, (1.0, _LIGHT), strict=True)
    handles += [Patch(color=_mixed(grey, strength), label=name) for name, strength in names]
    handles.append(Line2D([], [], color=_WHISKER, linewidth=0.8, label="95 % interval"))
    style_axes(axes, None, chart.y)
    axes.set_xticks(range(count), chart.classes, fontsize=9, rotation=0 if count <= 10 else 40)
    axes.set(ylim=(0, 103), xlim=(-0.6, count - 0.4))
    axes.tick_params(axis="x", length=0, bottom=False)
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(
        handles=handles,
        fontsize=8,
        loc="outside lower center",
        ncols=2 if len(chart.groups) > 2 else 4,
        frameon=False,
    )
    return figure


def _mixed(colour: str, strength: float) -> tuple[float, ...]:
    """Return a colour mixed with white."""
    from matplotlib.colors import to_rgb

    return tuple(1 - strength * (1 - part) for part in to_rgb(colour))
