"""Bars by class and group."""

from __future__ import annotations

from benchmark.report.charts.kinds import Axis, Bars
from benchmark.report.svg.shapes import (
    LETTER,
    Frame,
    Letters,
    Polyline,
    Rectangle,
    Shape,
    Svg,
    estimate_text,
    series,
)

_WIDTH = 680


def draw_bars(chart: Bars) -> Svg:
    """Draw bars by class and group: the first layer in full colour before the others in light."""
    longest = max(map(len, chart.classes), default=0)
    slot = 14 * len(chart.groups) + 12
    frame = Frame(max(_WIDTH, 60 + slot * len(chart.classes)), 260, bottom=34)
    y = frame.up(chart.y)
    slot_width = (frame.width - frame.left - frame.right) / max(len(chart.classes), 1)
    room = max(4, int(slot_width / LETTER))
    shapes = [
        shape for shape in frame.shapes(Axis("", low=0, high=1), chart.y) if not _is_bottom(shape, frame)
    ]
    width = round(0.84 * slot_width / len(chart.groups), 1)
    said = []
    for place, name in enumerate(chart.classes):
        start = frame.left + slot_width * place
        short = name if longest <= room else f"{name[: room - 1]}…" if len(name) > room else name
        shapes.append(Letters("middle", round(start + slot_width / 2, 1), frame.height - 18, short))
        for number, (group, layers) in enumerate(chart.groups):
            at = round(start + 0.08 * slot_width + width * number, 1)
            for layer in reversed(range(len(layers))):
                estimate = layers[layer][place]
                text = f"{group}, {name}, {chart.layers[layer]}: {estimate_text(estimate, chart.y)}"
                said.append(text)
                up = y(estimate.value)
                style = f"{series(number)} {'front' if layer == 0 else 'behind'}"
                shapes.append(Rectangle(style, at, up, round(0.92 * width, 1), round(y(0.0) - up, 1), text))
                low, high = estimate.ends
                middle = round(at + width * (0.3 if layer == 0 else 0.66), 1)
                shapes.append(Polyline("whisker ink", f"{middle},{y(low)} {middle},{y(high)}"))
    meaning = f"{chart.layers[0]} in full colour, {chart.layers[1]} in light behind; 95 % intervals"
    named = [(series(number), name) for number, (name, _) in enumerate(chart.groups)]
    keys = (*named, ("ink", meaning))
    whole = f"{chart.title}: {'; '.join(said)}."
    return Svg(chart.title, whole, frame.width, frame.height, tuple(shapes), chart.marks, keys)


def _is_bottom(shape: Shape, frame: Frame) -> bool:
    """Return whether a shape is one of the horizontal axis, which has classes instead."""
    return isinstance(shape, Letters) and not shape.turned and shape.y > frame.height - frame.bottom + 8
