"""Estimates with intervals, one below the other; average ranks; bars."""

from __future__ import annotations

from benchmark.report.charts.kinds import Axis, Bars, Forest, Ranks
from benchmark.report.svg.shapes import (
    Frame,
    Letters,
    Mark,
    Polyline,
    Rectangle,
    Shape,
    Svg,
    estimate_text,
    marker,
    series,
    ticks,
)

_LETTER, _WIDTH = 5.2, 680
_LONGEST = 44


def draw_forest(chart: Forest) -> Svg:
    """Draw a line of estimates per label, with a colour and a marker per group."""
    names = [_cut(label) for label in chart.labels]
    left = 20 + round(_LETTER * max(map(len, names), default=0))
    step = max(20, 11 * len(chart.groups) + 6)
    frame = Frame(_WIDTH, 44 + step * len(names), left=left)
    ends = [end for _, own in chart.groups for _, estimate in own for end in estimate.ends]
    axis = chart.x.over([*ends, 0.0], 0.03)
    x = frame.across(axis)
    bottom = frame.height - frame.bottom
    shapes: list[Shape] = []
    for at, text in ticks(axis, x):
        shapes.append(Polyline("rule", f"{at},{frame.top} {at},{bottom}"))
        shapes.append(Letters("middle", at, bottom + 14, text))
    shapes.append(Polyline("zero", f"{x(0.0)},{frame.top} {x(0.0)},{bottom}"))
    shapes.append(Letters("middle label", (left + frame.width) / 2, frame.height - 5, axis.title))
    for place, name in enumerate(names):
        shapes.append(Letters("end", left - 8, frame.top + step * (place + 0.5) + 3.5, name))
    said = []
    for number, (group, estimates) in enumerate(chart.groups):
        for label, estimate in estimates:
            middle = frame.top + step * (chart.labels.index(label) + 0.5)
            up = round(middle + 11 * (number - (len(chart.groups) - 1) / 2), 1)
            low, high = estimate.ends
            text = f"{label}, {group}: {estimate_text(estimate, chart.x)}"
            said.append(text)
            shapes.append(Polyline(f"whisker {series(number)}", f"{x(low)},{up} {x(high)},{up}"))
            shapes.append(Mark(series(number), x(estimate.value), up, text, marker(number)))
    keys = tuple((series(number), group) for number, (group, _) in enumerate(chart.groups))
    whole = f"{chart.title}: {'; '.join(said)}."
    return Svg(
        chart.title,
        whole,
        frame.width,
        frame.height,
        tuple(shapes),
        chart.marks,
        keys if len(keys) > 1 else (),
    )


def draw_ranks(chart: Ranks) -> Svg:
    """Draw average ranks on a line, the best on the left, and bars over methods that do not differ (Demšar 2006)."""
    count = len(chart.ranks)
    half = (count + 1) // 2
    names = [f"{_cut(name)} ({rank:.2f})" for name, rank in chart.ranks]
    room = 12 + round(_LETTER * max(map(len, names), default=0))
    line, first = 46, 46 + 10 * len(chart.bars) + 22
    frame = Frame(_WIDTH, first + 18 * half + 6, left=room, right=room)
    axis = Axis("", low=0.8, high=max(count, 1 + chart.difference) + 0.2)
    x = frame.across(axis)
    left, right = frame.left, frame.width - frame.right
    shapes: list[Shape] = [Polyline("rank", f"{left},{line} {right},{line}")]
    for rank in range(1, count + 1):
        shapes.append(Polyline("rank", f"{x(rank)},{line - 4} {x(rank)},{line}"))
        shapes.append(Letters("middle", x(rank), line - 8, str(rank)))
    for place, ((_, rank), text) in enumerate(zip(chart.ranks, names, strict=True)):
        on_left = place < half
        height = first + 18 * (place if on_left else count - 1 - place)
        edge = left if on_left else right
        shapes.append(Polyline("rank", f"{x(rank)},{line} {x(rank)},{height} {edge},{height}"))
        shapes.append(
            Letters("end" if on_left else "start", edge + (-4 if on_left else 4), height + 3.5, text)
        )
    for number, (start, end) in enumerate(chart.bars):
        up = line + 10 * (number + 1)
        shapes.append(Polyline("clique", f"{x(start) - 3},{up} {x(end) + 3},{up}"))
    shapes.append(Polyline("critical", f"{x(1)},16 {x(1 + chart.difference)},16"))
    shapes.append(Letters("start", x(1), 11, f"critical difference {chart.difference:.2f}"))
    said = "; ".join(f"{name}: {rank:.2f}" for name, rank in chart.ranks)
    whole = f"{chart.title}, critical difference {chart.difference:.2f}: {said}."
    return Svg(chart.title, whole, frame.width, frame.height, tuple(shapes), chart.marks)


def draw_bars(chart: Bars) -> Svg:
    """Draw bars by class and group: the first layer in full colour before the others in light."""
    longest = max(map(len, chart.classes), default=0)
    slot = 14 * len(chart.groups) + 12
    frame = Frame(max(_WIDTH, 60 + slot * len(chart.classes)), 260, bottom=34)
    y = frame.up(chart.y)
    slot_width = (frame.width - frame.left - frame.right) / max(len(chart.classes), 1)
    room = max(4, int(slot_width / _LETTER))
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
    layers = f"{chart.layers[0]} in full colour, {chart.layers[1]} in light behind; 95 % intervals"
    keys = (*((series(number), group) for number, (group, _) in enumerate(chart.groups)), ("ink", layers))
    whole = f"{chart.title}: {'; '.join(said)}."
    return Svg(chart.title, whole, frame.width, frame.height, tuple(shapes), chart.marks, keys)


def _is_bottom(shape: Shape, frame: Frame) -> bool:
    """Return whether a shape is one of the horizontal axis, which has classes instead."""
    return isinstance(shape, Letters) and not shape.turned and shape.y > frame.height - frame.bottom + 8


def _cut(text: str) -> str:
    half = _LONGEST // 2
    return text if len(text) <= _LONGEST else f"{text[: half - 1].rstrip()}…{text[-half:].lstrip()}"
