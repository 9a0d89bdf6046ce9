"""Figures of a report, each as PNG and PDF. They draw what analysis computed, and compute nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

DPI = 150
# Okabe and Ito's colours, told apart by colour-blind readers too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442", "#000000")
_NUMBERS_UP_TO = 400
# With letters of many scripts, the fullest first.
_FURTHER_FONTS = (
    "Noto Sans CJK JP", "Noto Sans CJK SC", "Noto Sans JP", "Noto Sans SC", "Source Han Sans", "WenQuanYi Zen Hei",
    "Droid Sans Fallback", "Hiragino Sans", "PingFang SC", "Yu Gothic", "Microsoft YaHei", "Malgun Gothic",
    "Noto Sans Devanagari", "Noto Sans Arabic", "Noto Sans Thai", "Arial Unicode MS",
)  # fmt: skip


@contextmanager
def literal_text() -> Iterator[None]:
    """Draw texts as they are: names come from suites and data, where a ``$`` is a dollar and not mathematics.

    Letters that the usual font lacks are taken from others that are installed; boxes stand for those that none has.
    """
    import warnings

    import matplotlib
    from matplotlib.font_manager import get_font_names

    installed = set(get_font_names())
    fonts = ["DejaVu Sans", *(name for name in _FURTHER_FONTS if name in installed)]
    with matplotlib.rc_context({"text.parse_math": False, "font.family": fonts}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        yield


def save(figure: Figure, folder: Path, name: str) -> list[Path]:
    """Write a figure as PNG and PDF and return the files; no time of writing is stored in them."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{name}.png", folder / f"{name}.pdf"]
    figure.savefig(files[0], dpi=DPI)
    # The layout holds for the second format too, and takes longer than the drawing.
    figure.set_layout_engine("none")
    figure.savefig(files[1], metadata={"CreationDate": None})
    return files


def heatmap(values: pd.DataFrame, title: str, *, difference: bool = False) -> Figure:
    """Draw classes (columns) by rows; shares in per cent, or differences in points around zero."""
    import numpy as np
    import seaborn as sns

    lines, columns = values.shape
    figure, axes = new_figure(2.2 + 0.72 * columns + 0.075 * _longest(values.index), 1.6 + 0.36 * lines)
    # Adding zero turns -0 into 0.
    shown = (values.astype(float) * 100).round(1) + 0.0
    limit = max(1.0, float(np.nanmax(np.abs(shown.to_numpy()))) if shown.notna().any().any() else 1.0)
    style: dict[str, Any] = {"cmap": "RdBu", "center": 0, "vmin": -limit, "vmax": limit, "fmt": "+.0f"}
    if not difference:
        style = {"cmap": "viridis", "vmin": 0, "vmax": 100, "fmt": ".0f"}
    sns.heatmap(
        shown,
        ax=axes,
        annot=shown.size <= _NUMBERS_UP_TO,
        annot_kws={"size": 8},
        linewidths=0.5,
        cbar_kws={"fraction": 0.05, "pad": 0.02},
        **style,
    )
    bar = axes.collections[0].colorbar
    bar.ax.tick_params(labelsize=8)
    bar.set_label("points" if difference else "% recognised", size=8)
    set_title(figure, title)
    axes.set(xlabel="", ylabel="")
    axes.tick_params(axis="x", rotation=40, labelsize=8, length=0)
    axes.tick_params(axis="y", rotation=0, labelsize=8, length=0)
    for label in axes.get_xticklabels():
        label.set_horizontalalignment("right")
    return figure


def confusion_grid(matrices: Mapping[str, pd.DataFrame], title: str) -> Figure:
    """Draw one confusion matrix per row of the leaderboard, in a grid: true classes down, answers across."""
    from matplotlib.figure import Figure

    count = len(matrices)
    across = min(4, count)
    down = -(-count // across)
    # Room for the names of many classes, at 6 points each.
    side = max(2.6, 0.9 + 0.095 * max((len(matrix) for matrix in matrices.values()), default=0))
    figure = Figure(figsize=(0.9 + side * across, 0.9 + (side + 0.15) * down), layout="constrained")
    grid = figure.subplots(down, across, squeeze=False)
    image = None
    alike = len({tuple(matrix.columns) for matrix in matrices.values()}) == 1
    for number, axes in enumerate(grid.flat):
        axes.set_visible(number < count)
    for number, (axes, (label, matrix)) in enumerate(zip(grid.flat, matrices.items(), strict=False)):
        image = axes.imshow(matrix.astype(float) * 100, cmap="viridis", vmin=0, vmax=100)
        axes.set_title(_wrapped(label), fontsize=8)
        ticks = range(len(matrix.columns))
        outer = number + across >= count
        axes.set_xticks(
            ticks, matrix.columns if outer or not alike else [""] * len(ticks), rotation=90, fontsize=6
        )
        axes.set_yticks(
            ticks, matrix.index if number % across == 0 or not alike else [""] * len(ticks), fontsize=6
        )
    if image is not None:
        bar = figure.colorbar(image, ax=grid, aspect=30, fraction=0.04)
        bar.ax.tick_params(labelsize=8)
        bar.set_label("% of the true class", size=8)
    set_title(figure, f"{title}: true class down, answer across")
    return figure


def learning_curves(histories: Mapping[str, Mapping[str, pd.DataFrame]], title: str) -> Figure | None:
    """Draw accuracy by epoch: one panel per row, seeds thin and their mean thick; None without histories.

    Solid is validation, dashed is training.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    from benchmark.analysis.learning_curves import mean_curve

    shown = {
        label: cells for label, cells in histories.items() if any(len(cell) > 1 for cell in cells.values())
    }
    if not shown:
        return None
    across = min(4, len(shown))
    down = -(-len(shown) // across)
    figure = Figure(figsize=(0.6 + 2.7 * across, 0.8 + 2.0 * down), layout="constrained")
    grid = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True)
    for axes in grid.flat[len(shown) :]:
        axes.set_visible(False)
    for number, (axes, (label, cells)) in enumerate(zip(grid.flat, shown.items(), strict=False)):
        for column, colour, line in (("accuracy", COLOURS[1], "--"), ("val_accuracy", COLOURS[0], "-")):
            for cell in cells.values():
                if column in cell:
                    axes.plot(cell["epoch"], cell[column] * 100, line, color=colour, linewidth=0.6, alpha=0.5)
            mean = mean_curve(cells, column)
            if len(mean):
                name = "validation" if column.startswith("val") else "training"
                axes.plot(mean.index, mean * 100, line, color=colour, linewidth=1.8, label=name)
        axes.set_title(_wrapped(label), fontsize=8)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        # A panel with nothing below it shows the epochs.
        axes.tick_params(labelsize=7, labelbottom=number + across >= len(shown))
        axes.grid(visible=True, alpha=0.25)
    grid.flat[0].legend(fontsize=7)
    figure.supxlabel("epoch", fontsize=8)
    figure.supylabel("accuracy, % of items", fontsize=8)
    set_title(figure, title)
    return figure


def new_figure(width: float, height: float) -> tuple[Figure, Any]:
    """Return a figure of a size in inches, and its axes; it belongs to no window."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def _longest(labels: Iterable[Any]) -> int:
    return max((len(str(label)) for label in labels), default=0)


def set_title(figure: Figure, text: str) -> None:
    """Set a title in as many lines as the figure's width asks for: what marks it says must not be cut off."""
    import textwrap

    letters_an_inch = 11
    lines = textwrap.wrap(text, max(24, int(figure.get_figwidth() * letters_an_inch)))
    figure.suptitle("\n".join(lines), fontsize=10, x=0.01, ha="left")


def _wrapped(label: str, width: int = 28, most: int = 3) -> str:
    """Return a label in few lines; long ones lose their middle, as rows often differ at the end."""
    import textwrap

    lines = textwrap.wrap(label, width)
    if len(lines) > most:
        half = most * width // 2 - 3
        lines = textwrap.wrap(f"{label[:half].rstrip()} … {label[-half:].lstrip()}", width)
    return "\n".join(lines)
