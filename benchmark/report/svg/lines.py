"""Lines with intervals, and reliability diagrams."""

from __future__ import annotations

from benchmark.report.charts.kinds import Axis, Line, Lines, Reliability
from benchmark.report.svg.shapes import (
    Frame,
    Mark,
    Polyline,
    Scale,
    Shape,
    Svg,
    estimate_text,
    marker,
    polyline,
    series,
)

_PANEL, _WHOLE = (300, 190), (680, 330)


def draw_lines(chart: Lines) -> Svg:
    """Draw a chart; lines without a role have a colour and a marker each, and their intervals."""
    has_roles = any(line.role for line in chart.lines)
    frame = Frame(*(_PANEL if has_roles else _WHOLE))
    x, y = frame.across(chart.x), frame.up(chart.y)
    shapes = frame.shapes(chart.x, chart.y)
    keys: list[tuple[str, str]] = []
    said: list[str] = []
    for line in chart.lines:
        if line.role:
            style = f"{'thin' if line.thin else 'mean'} {line.role}"
            shapes.append(Polyline(style, _points(line, x, y)))
            if not line.thin:
                keys.append((line.role, line.role))
                said.append(f"{line.role} ends at {100 * line.y[-1].value:.0f} %")
        else:
            shapes += _with_intervals(line, len(keys), chart, x, y)
            said.append(f"{line.name}: " + ", ".join(_said(line, chart)))
            keys.append((series(len(keys)), line.name))
    over = f" over {chart.x.high:.0f} {chart.x.label}s" if chart.x.whole else ""
    return Svg(
        chart.title, f"{chart.title}{over}: {'; '.join(said)}.", frame.width, frame.height, tuple(shapes), chart.marks,
        tuple(keys),
    )  # fmt: skip


def _with_intervals(line: Line, number: int, chart: Lines, x: Scale, y: Scale) -> list[Shape]:
    colour = series(number)
    shapes: list[Shape] = [Polyline(f"series {colour}", _points(line, x, y))]
    for at, estimate, said in zip(line.x, line.y, _said(line, chart), strict=True):
        low, high = estimate.ends
        shapes.append(Polyline(f"whisker {colour}", f"{x(at)},{y(low)} {x(at)},{y(high)}"))
        shapes.append(Mark(colour, x(at), y(estimate.value), f"{line.name}, {said}", marker(number)))
    return shapes


def _said(line: Line, chart: Lines) -> list[str]:
    return [
        f"{at:g}: {estimate_text(estimate, chart.y)}" for at, estimate in zip(line.x, line.y, strict=True)
    ]


def _points(line: Line, x: Scale, y: Scale) -> str:
    return polyline([(at, estimate.value) for at, estimate in zip(line.x, line.y, strict=True)], x, y)


def draw_reliability(chart: Reliability) -> Svg:
    """Draw accuracy against confidence; on the dotted line a model is calibrated."""
    frame = Frame(*_PANEL)
    confidence = Axis("mean confidence", percent=True, low=0, high=1)
    accuracy = Axis("right", percent=True, low=0, high=1)
    x, y = frame.across(confidence), frame.up(accuracy)
    shapes = frame.shapes(confidence, accuracy)
    shapes.append(Polyline("diagonal", polyline([(0, 0), (1, 1)], x, y)))
    shapes.append(Polyline("mean validation", polyline([(a, b) for a, b, _ in chart.bins], x, y)))
    largest = max((count for *_, count in chart.bins), default=1)
    said = [
        f"{count} answers with mean confidence {100 * a:.0f} %: {100 * b:.0f} % right"
        for a, b, count in chart.bins
    ]
    for (a, b, count), text in zip(chart.bins, said, strict=True):
        shapes.append(Mark("validation", x(a), y(b), text, size=round(0.5 + (count / largest) ** 0.5, 2)))
    whole = f"Reliability of {chart.title}: {'; '.join(said)}."
    return Svg(chart.title, whole, frame.width, frame.height, tuple(shapes), chart.marks)
