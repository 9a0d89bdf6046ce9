"""Figures of statistics. They draw what analysis computed, and compute nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from benchmark.report.figures import COLOURS, new_figure, set_title

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure

    from benchmark.analysis.critical_difference import CriticalDifference


def effects_figure(effects: Mapping[str, pd.DataFrame], title: str, *, percent: bool = True) -> Figure:
    """Draw the effect of each axis value with its interval; a colour and a marker per evaluation set.

    ``percent``: the measure is a share, and effects are drawn in points.
    """
    names = list(
        dict.fromkeys(
            f"{line['axis']}: {line['value']}"
            for table in effects.values()
            for line in table.to_dict("records")
        )
    )
    figure, axes = new_figure(
        6.5 + 0.05 * max(map(len, names)), 1.6 + 0.34 * len(names) * max(1, len(effects)) ** 0.5
    )
    scale = 100 if percent else 1
    step = 0.7 / max(len(effects), 1)
    for number, (name, table) in enumerate(effects.items()):
        places = [
            names.index(f"{line['axis']}: {line['value']}") + (number - (len(effects) - 1) / 2) * step
            for line in table.to_dict("records")
        ]
        middle, low, high = (scale * table[key].to_numpy() for key in ("difference", "low", "high"))
        axes.errorbar(
            middle, places, xerr=[middle - low, high - middle], fmt="os^Dv"[number % 5], markersize=4, capsize=2,
            color=COLOURS[number % len(COLOURS)], label=name,
        )  # fmt: skip
    axes.axvline(0, color="0.4", linewidth=0.8)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_ylim(len(names) - 0.5, -0.5)
    unit = ", points" if percent else ""
    axes.set_xlabel(f"difference to the baseline{unit}, 95 % interval", fontsize=8)
    axes.tick_params(axis="x", labelsize=8)
    axes.grid(axis="x", linewidth=0.3)
    if len(effects) > 1:
        axes.legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    set_title(figure, title)
    return figure


def reliability_figure(bins: Mapping[str, pd.DataFrame], title: str) -> Figure:
    """Draw accuracy against confidence of some rows, larger where more answers are; the diagonal is calibrated."""
    figure, axes = new_figure(7.6, 4.6)
    axes.plot([0, 100], [0, 100], color="0.5", linewidth=0.8, linestyle=":")
    for number, (name, table) in enumerate(bins.items()):
        error = 100 * float(table["ece"].iloc[0])
        colour, share = COLOURS[number % len(COLOURS)], table["count"] / table["count"].sum()
        confidence, accuracy = 100 * table["confidence"], 100 * table["accuracy"]
        axes.plot(confidence, accuracy, linewidth=0.8, alpha=0.5, color=colour)
        axes.scatter(
            confidence, accuracy, s=6 + 200 * share, marker="os^Dv"[number % 5], color=colour, zorder=3,
            label=f"{name} (ECE {error:.1f})",
        )  # fmt: skip
    axes.set(xlim=(0, 100), ylim=(0, 100))
    axes.set_xlabel("confidence, %", fontsize=8)
    axes.set_ylabel("accuracy, %", fontsize=8)
    axes.tick_params(labelsize=8)
    legend = axes.legend(fontsize=7, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    for handle in legend.legend_handles:
        handle.set_sizes([20])
    set_title(figure, title)
    return figure


def critical_difference_figure(found: CriticalDifference, title: str) -> Figure:
    """Draw average ranks on a line, the best on the left, and bars over methods that do not differ (Demšar 2006)."""
    ranks = found.ranks
    count = len(ranks)
    cliques = _cliques(ranks.to_numpy(), found.difference)
    left, right = 0.8, max(count, 1 + found.difference) + 0.2
    first, half = -0.4 * len(cliques) - 1.2, (count + 1) // 2
    figure, axes = new_figure(7.5, 1.5 + 0.16 * len(cliques) + 0.32 * half)
    axes.set(xlim=(left, right), ylim=(first - half + 0.6, 2.2))
    axes.xaxis.tick_top()
    axes.spines["top"].set_position(("data", 0))
    axes.set_xticks(range(1, count + 1))
    axes.set_yticks([])
    axes.tick_params(labelsize=8)
    for side in ("left", "right", "bottom"):
        axes.spines[side].set_visible(False)
    for place, (name, rank) in enumerate(ranks.items()):
        on_left = place < half
        height = first - (place if on_left else count - 1 - place)
        edge, side, away = (left, "right", -3) if on_left else (right, "left", 3)
        axes.plot([rank, rank, edge], [0, height, height], color="0.2", linewidth=0.8)
        axes.annotate(
            f"{name} ({rank:.2f})", (edge, height), (away, 0), textcoords="offset points", fontsize=8, ha=side,
            va="center", annotation_clip=False,
        )  # fmt: skip
    for number, (start, end) in enumerate(cliques):
        height = -0.4 * (number + 1)
        axes.plot([start - 0.03, end + 0.03], [height, height], color=COLOURS[0], linewidth=3)
    axes.plot([1, 1 + found.difference], [1.8, 1.8], color=COLOURS[1], linewidth=3)
    axes.annotate(
        f"critical difference {found.difference:.2f}",
        (1, 1.8),
        (0, 3),
        textcoords="offset points",
        fontsize=8,
        annotation_clip=False,
    )
    set_title(figure, title)
    return figure


def _cliques(ranks: np.ndarray, difference: float) -> list[tuple[float, float]]:
    """Return the first and last rank of each largest group in which no two differ; ``ranks`` are sorted."""
    found: list[tuple[float, float]] = []
    for start in ranks:
        end = ranks[(ranks >= start) & (ranks - start < difference)].max()
        if end > start and not any(low <= start and end <= high for low, high in found):
            found.append((float(start), float(end)))
    return found
