"""Points with intervals, and the front of those that no other beats; the trials of a study."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from benchmark.report.charts.kinds import Axis, Point, Scatter, Trials
from benchmark.report.charts.words import si
from benchmark.report.svg.shapes import (
    Frame,
    Letters,
    Mark,
    Polyline,
    Rectangle,
    Scale,
    Shape,
    Svg,
    estimate_text,
    marker,
    polyline,
    series,
    value_text,
)

_PANEL, _WHOLE = (400, 250), (680, 380)
_NAME_HEIGHT = 11


def draw_scatter(chart: Scatter) -> Svg:
    """Draw points with their intervals, or with the front that joins some."""
    frame = Frame(*(_WHOLE if chart.diagonal else _PANEL))
    x, y = frame.across(chart.x), frame.up(chart.y)
    shapes = frame.shapes(chart.x, chart.y)
    if chart.diagonal:
        shapes += _intervals(chart, x, y)
        said = "; ".join(_said(point, chart) for point in chart.points)
        keys = tuple((series(number), point.name) for number, point in enumerate(chart.points) if chart.named)
        return Svg(
            chart.title,
            f"{chart.title}: {said}.",
            frame.width,
            frame.height,
            tuple(shapes),
            chart.marks,
            keys,
        )
    front = [point for point in chart.points if point.front]
    steps = _steps([(point.x.value, point.y.value) for point in front])
    shapes.append(Polyline("frontier", polyline(steps, x, y)))
    shapes += _named(chart, x, y, frame.width / 3)
    said = f"{chart.title}. On the front: {', '.join(point.name for point in front)}."
    return Svg(chart.title, said, frame.width, frame.height, tuple(shapes), chart.marks)


def _intervals(chart: Scatter, x: Scale, y: Scale) -> list[Shape]:
    low, high = max(x.low, y.low), min(x.high, y.high)
    shapes: list[Shape] = []
    if low < high:
        shapes.append(Polyline("diagonal", polyline([(low, low), (high, high)], x, y)))
    for number, point in enumerate(chart.points):
        colour = series(number) if chart.named else series(0)
        across, up = x(point.x.value), y(point.y.value)
        (left, right), (below, above) = point.x.ends, point.y.ends
        shapes.append(Polyline(f"whisker {colour}", f"{x(left)},{up} {x(right)},{up}"))
        shapes.append(Polyline(f"whisker {colour}", f"{across},{y(below)} {across},{y(above)}"))
        shapes.append(Mark(colour, across, up, _said(point, chart), marker(number if chart.named else 0)))
    return shapes


def _said(point: Point, chart: Scatter) -> str:
    return (
        f"{point.name}: {estimate_text(point.x, chart.x)} on {chart.x.label}, {estimate_text(point.y, chart.y)} on "
        f"{chart.y.label}"
    )


def _named(chart: Scatter, x: Scale, y: Scale, middle: float) -> list[Shape]:
    """Return a point per row; those on the front have names, where these do not cover each other."""
    shapes: list[Shape] = []
    heights: list[float] = []
    for point in chart.points:
        across, up = x(point.x.value), y(point.y.value)
        title = f"{point.name}: {value_text(point.y.value, chart.y)}, {chart.x.label} {si(point.x.value)}"
        shapes.append(Mark("front" if point.front else "behind", across, up, title))
        if point.text and all(abs(up - other) > _NAME_HEIGHT for other in heights):
            heights.append(up)
            left = across > middle
            style, place = ("name end", across - 4) if left else ("name", across + 2)
            shapes.append(Letters(style, round(place, 1), up - 6, point.text))
    return shapes


def _steps(pairs: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return a line that goes across first and then up: what is to be had at each cost."""
    steps = list(pairs[:1])
    for (_, before), (cost, value) in itertools.pairwise(pairs):
        steps += [(cost, before), (cost, value)]
    return steps


def draw_study(chart: Trials) -> Svg:
    """Draw the trials' values with the best so far, and below them what decided."""
    shares = [(name, share) for name, share in chart.importance]
    below = 26 + 16 * len(shares) if shares else 0
    frame = Frame(_WHOLE[0], 250 + below, bottom=34 + below)
    ended = (*chart.pruned, *chart.failed)
    x_axis = Axis("trial", whole=True).over([*(at for at, _ in chart.trials), *ended], 0.03)
    values = [value for _, value in chart.trials] + ([chart.own] if chart.own is not None else [])
    y_axis = chart.y.over(values, 0.1)
    x, y = frame.across(x_axis), frame.up(y_axis)
    shapes = frame.shapes(x_axis, y_axis)
    keys = [(series(0), "trial"), (series(1), "best so far")]
    if chart.own is not None:
        shapes.append(
            Polyline("own", f"{frame.left},{y(chart.own)} {frame.width - frame.right},{y(chart.own)}")
        )
        keys.append(("own", "the row as it is"))
    shapes.append(Polyline(f"series {series(1)}", polyline(_steps(chart.best), x, y)))
    shapes += [
        Mark(series(0), x(at), y(value), f"trial {at:.0f}: {value_text(value, y_axis)}")
        for at, value in chart.trials
    ]
    for name, numbers, number in (("pruned", chart.pruned, 2), ("failed", chart.failed, 3)):
        bottom = frame.height - frame.bottom - 5
        shapes += [
            Mark(series(number), x(at), bottom, f"trial {at:.0f}: {name}", marker(number)) for at in numbers
        ]
        keys += [(series(number), name)] if numbers else []
    shapes += _shares(shares, frame)
    said = f"{chart.title}: {len(chart.trials)} trials"
    if chart.best:
        said += f", the best {value_text(chart.best[-1][1], y_axis)}"
    said += (
        f"; importance: {', '.join(f'{name} {100 * share:.0f} %' for name, share in shares)}"
        if shares
        else ""
    )
    return Svg(chart.title, f"{said}.", frame.width, frame.height, tuple(shapes), chart.marks, tuple(keys))


def _shares(shares: Sequence[tuple[str, float]], frame: Frame) -> list[Shape]:
    """Return a bar for what each parameter decides."""
    if not shares:
        return []
    top = frame.height - frame.bottom + 46
    left = 200
    shapes: list[Shape] = [Letters("label", 10, top - 2, "importance, %")]
    for place, (name, share) in enumerate(shares, 1):
        up = top + 16 * place
        width = round((frame.width - left - 60) * share, 1)
        shapes.append(Letters("end", left - 8, up - 2, name[-36:]))
        shapes.append(
            Rectangle(f"{series(2)} front", left, up - 11, width, 11, f"{name}: {100 * share:.0f} %")
        )
        shapes.append(Letters("start", left + width + 5, up - 2, f"{100 * share:.0f}"))
    return shapes
