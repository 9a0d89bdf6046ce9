"""Estimates with intervals, one below the other; average ranks on a line."""

from __future__ import annotations

from benchmark.report.charts.kinds import Axis, Forest, Ranks
from benchmark.report.svg.shapes import (
    LETTER,
    Frame,
    Letters,
    Mark,
    Polyline,
    Shape,
    Svg,
    estimate_text,
    marker,
    series,
    ticks,
)

_WIDTH, _LONGEST = 680, 44


def draw_forest(chart: Forest) -> Svg:
    """Draw a line of estimates per label, with a colour and a marker per group."""
    names = [_cut(label) for label in chart.labels]
    left = 20 + round(LETTER * max(map(len, names), default=0))
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
    room = 12 + round(LETTER * max(map(len, names), default=0))
    line, first = 46, 46 + 10 * len(chart.bars) + 22
    frame = Frame(_WIDTH, first + 18 * half + 6, left=room, right=room)
    axis = Axis("", low=0.8, high=max(count, 1 + chart.difference) + 0.2)
    x = frame.across(axis)
    left, right = frame.left, frame.width - frame.right
    shapes: list[Shape] = [Polyline("rank", f"{left},{line} {right},{line}")]
    for whole in range(1, count + 1):
        shapes.append(Polyline("rank", f"{x(whole)},{line - 4} {x(whole)},{line}"))
        shapes.append(Letters("middle", x(whole), line - 8, str(whole)))
    for place, ((_, rank), text) in enumerate(zip(chart.ranks, names, strict=True)):
        on_left = place < half
        height: float = first + 18 * (place if on_left else count - 1 - place)
        edge: float = left if on_left else right
        shapes.append(Polyline("rank", f"{x(rank)},{line} {x(rank)},{height} {edge},{height}"))
        shapes.append(
            Letters("end" if on_left else "start", edge + (-4 if on_left else 4), height + 3.5, text)
        )
    for number, (start, end) in enumerate(chart.bars):
        below = line + 10 * (number + 1)
        shapes.append(Polyline("clique", f"{x(start) - 3},{below} {x(end) + 3},{below}"))
    shapes.append(Polyline("critical", f"{x(1)},16 {x(1 + chart.difference)},16"))
    shapes.append(Letters("start", x(1), 11, f"critical difference {chart.difference:.2f}"))
    said = "; ".join(f"{name}: {rank:.2f}" for name, rank in chart.ranks)
    words = f"{chart.title}, critical difference {chart.difference:.2f}: {said}."
    return Svg(chart.title, words, frame.width, frame.height, tuple(shapes), chart.marks)


def _cut(text: str) -> str:
    half = _LONGEST // 2
    return text if len(text) <= _LONGEST else f"{text[: half - 1].rstrip()}…{text[-half:].lstrip()}"
