"""Values against cost as geometry: a dot per row, and the front of rows that no other beats."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping

import pandas as pd

from benchmark.analysis.cost import COST, COSTS, FRONT, VALUE
from benchmark.report.cost import is_logarithmic, shortened
from benchmark.report.html.chart import (
    TALL,
    WIDE,
    Chart,
    Dot,
    Scale,
    Tick,
    axes_of,
    percent_ticks,
    polyline,
    round_places,
)
from benchmark.results.frames import ROW, Measure

_NAME_HEIGHT = 11


def cost_scatter(
    table: pd.DataFrame, labels: Mapping[int, str], cost: str, measure: Measure, marks: tuple[str, ...]
) -> Chart:
    """Return values against a cost (what ``against_cost`` gave); rows on the front are joined and named."""
    across, up = axes_of(WIDE, TALL)
    x = _cost_scale(table, across)
    y = _padded(table[VALUE], 0.12, up)
    front = table[table[FRONT]].sort_values([COST, VALUE])
    steps = _steps([(float(a), float(b)) for a, b in zip(front[COST], front[VALUE], strict=True)])
    places = _decades(x.low, x.high) if x.log else round_places(x.low, x.high, 5)
    plain = tuple(Tick(y(at), f"{at:g}") for at in round_places(y.low, y.high))
    names = ", ".join(labels[int(row)] for row in front[ROW])
    return Chart(
        title=f"{measure.name} against {COSTS[cost]}",
        said=f"{measure.name} against {COSTS[cost]}. No row beats these in both: {names}.",
        x_label=COSTS[cost] + (", logarithmic" if x.log else ""),
        y_label=f"{measure.metric}, %" if measure.percent else measure.metric,
        x_ticks=tuple(Tick(x(at), si(at)) for at in places),
        y_ticks=percent_ticks(y) if measure.percent else plain,
        lines=(("frontier", polyline(steps, x, y)),),
        dots=_dots(table, labels, COSTS[cost], measure, x, y),
        width=WIDE,
        height=TALL,
        marks=marks,
    )


def si(value: float) -> str:
    """Return a number in three digits at most, with k, M, G or T for thousands."""
    for power, letter in ((12, "T"), (9, "G"), (6, "M"), (3, "k")):
        if abs(value) >= 10**power:
            return f"{value / 10**power:.3g}{letter}"
    return f"{value:.3g}"


def _cost_scale(table: pd.DataFrame, axis: tuple[float, float]) -> Scale:
    if is_logarithmic(table):
        return Scale(float(table[COST].min()) / 1.3, float(table[COST].max()) * 1.3, *axis, log=True)
    return _padded(table[COST], 0.06, axis)


def _padded(values: pd.Series, share: float, axis: tuple[float, float]) -> Scale:
    """Return a scale with some room at both ends."""
    low, high = float(values.min()), float(values.max())
    room = share * (high - low) or 0.01
    return Scale(low - room, high + room, *axis)


def _dots(
    table: pd.DataFrame, labels: Mapping[int, str], cost: str, measure: Measure, x: Scale, y: Scale
) -> tuple[Dot, ...]:
    """Return a dot per row; those on the front have names, where these do not cover each other."""
    dots: list[Dot] = []
    heights: list[float] = []
    for line in table.sort_values([FRONT, COST]).to_dict("records"):
        label, value = labels[int(line[ROW])], float(line[VALUE])
        shown = f"{100 * value:.1f} %" if measure.percent else f"{value:.3f}"
        across, up = x(float(line[COST])), y(value)
        named = bool(line[FRONT]) and all(abs(up - other) > _NAME_HEIGHT for other in heights)
        if named:
            heights.append(up)
        title = f"{label}: {shown}, {cost} {si(float(line[COST]))}"
        style = "front" if line[FRONT] else "behind"
        dots.append(Dot(across, up, style, title, shortened(label) if named else "", across > WIDE / 3))
    return tuple(dots)


def _steps(pairs: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return a line that goes across first and then up: what is to be had at each cost."""
    steps = pairs[:1]
    for (_, before), (cost, value) in itertools.pairwise(pairs):
        steps += [(cost, before), (cost, value)]
    return steps


def _decades(low: float, high: float) -> list[float]:
    """Return 1, 2 and 5 times the powers of ten between two; the powers alone where those are many."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    factors = (1, 2, 5) if high / low < 300 else (1,)
    return [at for power in powers for factor in factors if low <= (at := factor * 10.0**power) <= high]
