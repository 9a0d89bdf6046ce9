"""From a picture to a figure: one function for each kind of chart."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.report.charts.kinds import (
    Bars,
    Forest,
    Heatmap,
    Lines,
    Picture,
    Ranks,
    Reliability,
    Scatter,
    Trials,
)
from benchmark.report.mpl.bars import draw_bars
from benchmark.report.mpl.forest import draw_forest
from benchmark.report.mpl.heatmap import draw_heatmaps
from benchmark.report.mpl.lines import draw_lines, draw_reliability
from benchmark.report.mpl.ranks import draw_ranks
from benchmark.report.mpl.scatter import draw_scatters
from benchmark.report.mpl.study import draw_study
from benchmark.report.mpl.style import literal_text, save, set_title

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Each takes the charts of a picture, which are of one kind.
_DRAWN: dict[type, Callable[[Any], Figure]] = {
    Lines: draw_lines,
    Reliability: draw_reliability,
    Heatmap: draw_heatmaps,
    Scatter: draw_scatters,
    Forest: draw_forest,
    Ranks: draw_ranks,
    Bars: draw_bars,
    Trials: draw_study,
}


def draw(picture: Picture) -> Figure:
    """Return a picture as a figure, with its title and marks."""
    figure = _DRAWN[type(picture.charts[0])](picture.charts)
    set_title(figure, picture.said)
    return figure


@literal_text()
def write_pictures(pictures: Iterable[Picture], folder: Path) -> list[Path]:
    """Write pictures as PNG and PDF, and return the files."""
    files: list[Path] = []
    for picture in pictures:
        files += save(draw(picture), folder, picture.name)
    return files
