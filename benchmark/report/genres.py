"""Top-1 and top-2 accuracy per class of a few rows (the paper's Fig. 9)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.analysis.leaderboard import baseline_rows
from benchmark.analysis.topk_per_class import class_topk
from benchmark.report.figures import COLOURS, save, set_title
from benchmark.results.frames import ROW

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from benchmark.results.frames import Results
    from benchmark.settings import LeaderboardSettings

_LIGHT, _GROUP = 0.35, 0.84


def genre_figures(
    results: Results,
    settings: LeaderboardSettings,
    lines: pd.DataFrame,
    labels: Mapping[int, str],
    evaluation: str,
    title: str,
    folder: Path,
) -> list[Path]:
    """Draw the rows that the suite shows on one evaluation set, and return the files; none without predictions."""
    tables = {}
    for row in shown_rows(lines, results.axes, settings):
        cells, classes = results.by_cell(row, evaluation).values(), results.classes(row)
        if cells:
            tables[labels[row]] = (class_topk(cells, classes, 1), class_topk(cells, classes, 2))
    if not tables:
        return []
    return save(draw_genres(tables, title), folder, f"top1-top2-{re.sub(r'[^0-9A-Za-z]+', '-', evaluation)}")


def shown_rows(lines: pd.DataFrame, axes: Sequence[str], settings: LeaderboardSettings) -> list[int]:
    """Return the rows that the suite asks for, or the best and its baseline; those with results.

    ``lines`` is the leaderboard, the best first. Of several rows that fit what is asked for, it is the best.
    """
    with_results = lines[lines["ok"] > 0]
    if settings.shown is not None:
        found = [_first(with_results, wanted) for wanted in settings.shown]
    else:
        found = [_first(with_results, {})]
        if settings.baseline and found[0] is not None:
            base = baseline_rows(lines, axes, settings.baseline).get(found[0])
            found.append(base if base in set(with_results[ROW]) else None)
    return list(dict.fromkeys(row for row in found if row is not None))


def draw_genres(tables: Mapping[str, tuple[pd.DataFrame, pd.DataFrame]], title: str) -> Figure:
    """Draw bars by class, one per row: top-1 in full colour before top-2 in light; whiskers are the intervals.

    ``tables`` has, by the row's label, ``class_topk`` of 1 and of 2.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    classes = next(iter(tables.values()))[0].index
    width = _GROUP / len(tables)
    figure = Figure(
        figsize=(max(6.0, 1.0 + 0.3 * len(classes) * (1 + len(tables))), 3.6), layout="constrained"
    )
    axes = figure.subplots()
    handles: list[Any] = []
    for number, (label, (first, second)) in enumerate(tables.items()):
        colour = COLOURS[number % len(COLOURS)]
        places = np.arange(len(classes)) - _GROUP / 2 + width * (number + 0.5)
        # Whiskers stand side by side, so that one does not hide the other.
        for table, strength, shift in ((second, _LIGHT, 0.2), (first, 1.0, -0.2)):
            share = table["share"].to_numpy() * 100
            axes.bar(places, share, width * 0.92, color=_mixed(colour, strength), linewidth=0)
            spread = np.clip([share - table["low"] * 100, table["high"] * 100 - share], 0, None)
            axes.errorbar(
                places + shift * width,
                share,
                spread,
                fmt="none",
                ecolor="#333333",
                elinewidth=0.8,
                capsize=1.5,
                capthick=0.8,
            )
        handles.append(Patch(color=colour, label=label))
    grey = "#555555"
    handles += [Patch(color=grey, label="top 1"), Patch(color=_mixed(grey, _LIGHT), label="top 2")]
    handles.append(Line2D([], [], color="#333333", linewidth=0.8, label="95 % interval"))
    axes.set_xticks(range(len(classes)), classes, fontsize=9, rotation=0 if len(classes) <= 10 else 40)
    axes.set(ylim=(0, 103), xlim=(-0.6, len(classes) - 0.4))
    axes.set_ylabel("% of the class's tracks", fontsize=9)
    axes.tick_params(axis="y", labelsize=8)
    axes.tick_params(axis="x", length=0)
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(
        handles=handles,
        fontsize=8,
        loc="outside lower center",
        ncols=2 if len(tables) > 2 else 4,
        frameon=False,
    )
    set_title(figure, title)
    return figure


def _mixed(colour: str, strength: float) -> tuple[float, ...]:
    """Return a colour mixed with white."""
    from matplotlib.colors import to_rgb

    return tuple(1 - strength * (1 - part) for part in to_rgb(colour))


def _first(lines: pd.DataFrame, wanted: Mapping[str, str]) -> int | None:
    """Return the first row with these labels; seed and fold are no axes of rows, and tell none apart."""
    for line in lines.to_dict("records"):
        if all(str(line.get(axis, label)) == label for axis, label in wanted.items()):
            return int(line[ROW])
    return None
