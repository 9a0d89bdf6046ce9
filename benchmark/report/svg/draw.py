"""From a picture to drawings: one function for each kind of chart. Heatmaps are tables on the page, and not here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from benchmark.report.charts.kinds import Bars, Forest, Lines, Picture, Ranks, Reliability, Scatter, Trials
from benchmark.report.svg.bars import draw_bars
from benchmark.report.svg.forest import draw_forest, draw_ranks
from benchmark.report.svg.lines import draw_lines, draw_reliability
from benchmark.report.svg.scatter import draw_scatter, draw_study
from benchmark.report.svg.shapes import Svg

_DRAWN: dict[type, Callable[[Any], Svg]] = {
    Lines: draw_lines,
    Reliability: draw_reliability,
    Scatter: draw_scatter,
    Forest: draw_forest,
    Ranks: draw_ranks,
    Bars: draw_bars,
    Trials: draw_study,
}


def draw(picture: Picture) -> tuple[Svg, ...]:
    """Return a drawing for each chart of a picture; one whose title is the picture's own goes without its title."""
    drawn = (_DRAWN[type(chart)](chart) for chart in picture.charts)
    return tuple(replace(svg, title="") if svg.title == picture.title else svg for svg in drawn)
