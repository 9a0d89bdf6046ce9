"""Sections of the page that answer further questions: charts and tables of what analysis found."""

from __future__ import annotations

import math
from collections.abc import Sequence

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
from benchmark.report.html.grid import Bars, table_grid
from benchmark.report.html.material import Material
from benchmark.report.html.results import slug
from benchmark.report.html.section import MOST_PANELS, Section
from benchmark.report.questions.series import Point, Series, dose_series, learning_series, scatter_points
from benchmark.report.questions.tables import DOSES, INTERACTIONS, LEARNING, SHIFT, TITLES, Words
from benchmark.report.table import MISSING, Table
from benchmark.results.frames import Measure

_BARS: dict[str, Bars] = {"difference": ("low", "difference", "high"), "value": ("low", "value", "high")}
Charts = tuple[tuple[str, tuple[Chart, ...]], ...]


def question_sections(material: Material, words: Words) -> tuple[Section, ...]:
    """Return a section for each question that has an answer."""
    if material.questions is None:
        return ()
    charts = {
        LEARNING: _learning(material, words),
        DOSES: _doses(material, words),
        SHIFT: _shifts(material, words),
    }
    return tuple(
        _section(title, material.tables[title], charts.get(title, ()))
        for title in TITLES
        if material.tables.get(title)
    )


def _section(title: str, tables: Sequence[Table], charts: Charts) -> Section:
    name = slug(title).lower()
    grids = []
    for number, table in enumerate(tables, 1):
        keys = {column.key for column in table.columns if column.low and column.kind != "text"}
        bars = {key: each for key, each in _BARS.items() if key in keys}
        grids.append(table_grid(f"{name}-table-{number}", table, bars=bars))
    said = tuple(sentence for table in tables for sentence in table.lead)
    return Section(
        f"{name}-tables", title, texts=said, grids=tuple(grids), charts=charts, sortable=title == INTERACTIONS
    )


def _learning(material: Material, words: Words) -> Charts:
    assert material.questions is not None
    found = []
    for one in material.questions.sets:
        panels = _panels(
            learning_series(one), words.measures[one.asked.measure], "training tracks, logarithmic", log=True
        )
        found += [(f"Against the number of training tracks, on {one.asked.set}.", panels)] if panels else []
    return tuple(found)


def _doses(material: Material, words: Words) -> Charts:
    assert material.questions is not None
    found = []
    for one in material.questions.sets:
        for axis in dict.fromkeys(each.curve.axis for each in one.responses):
            panels = _panels(dose_series(one, axis), words.measures[one.asked.measure], axis, log=False)
            found.append((f"Against {axis}, on {one.asked.set}.", panels))
    return tuple(found)


def _shifts(material: Material, words: Words) -> Charts:
    assert material.questions is not None
    panels = tuple(
        scatter(
            scatter_points(each, material.questions, words),
            words.measures[each.here],
            words.measures[each.there],
        )
        for each in material.questions.shifts
    )
    return (
        (("Each row, with its 95 % intervals; on the dotted line both are the same.", panels),)
        if panels
        else ()
    )


def _panels(curves: Sequence[Series], measure: Measure, x_label: str, *, log: bool) -> tuple[Chart, ...]:
    """Return a panel per curve, all on the same scales."""
    if not curves:
        return ()
    numbers = [number for each in curves for number in each.numbers]
    ends = [
        value for each in curves for value in (*each.values, *each.low, *each.high) if math.isfinite(value)
    ]
    across, up = axes_of()
    room = 1.1 if log else 1.0
    x = Scale(min(numbers) / room, max(numbers) * room, *across, log=log)
    y = Scale(min(ends), max(ends), *up)
    return tuple(_panel(each, measure, x_label, x, y) for each in curves[:MOST_PANELS])


def _panel(each: Series, measure: Measure, x_label: str, x: Scale, y: Scale) -> Chart:
    points = list(zip(each.numbers, each.values, each.low, each.high, strict=True))
    lines = [("mean validation", polyline([(number, value) for number, value, _, _ in points], x, y))]
    lines += [
        ("thin validation", polyline([(number, low), (number, high)], x, y))
        for number, _, low, high in points
    ]
    shown = [[_text(value, measure) for value in (middle, low, high)] for _, middle, low, high in points]
    dots = tuple(
        Dot(x(number), y(value), "", f"{number:g}: {texts[0]} [{texts[1]}, {texts[2]}]")
        for (number, value, _, _), texts in zip(points, shown, strict=True)
    )
    said = f"{measure.name} of {each.name}: " + "; ".join(dot.title for dot in dots)
    # Ticks at the numbers themselves, where they do not cover each other.
    places: list[float] = []
    for number in each.numbers:
        if not places or x(number) - x(places[-1]) > 26:
            places.append(number)
    return Chart(
        each.name, said, x_label, _unit(measure), tuple(Tick(x(at), f"{at:g}") for at in places), _ticks(y, measure),
        tuple(lines), dots,
    )  # fmt: skip


def scatter(points: dict[str, tuple[Point, Point]], here: Measure, there: Measure) -> Chart:
    """Return values there against here, with intervals as thin lines."""
    across, up = axes_of(WIDE, TALL)
    xs, ys = (
        [value for pair in points.values() for value in pair[side] if math.isfinite(value)] for side in (0, 1)
    )
    low, high = min(*xs, *ys), max(*xs, *ys)
    x, y = Scale(low, high, *across), Scale(low, high, *up)
    lines = [("diagonal", polyline([(low, low), (high, high)], x, y))]
    dots = []
    for name, (one, other) in points.items():
        lines.append(("thin validation", polyline([(one[0], other[1]), (one[2], other[1])], x, y)))
        lines.append(("thin validation", polyline([(one[1], other[0]), (one[1], other[2])], x, y)))
        title = f"{name}: {_text(one[1], here)} on {here.set}, {_text(other[1], there)} on {there.set}"
        dots.append(Dot(x(one[1]), y(other[1]), "", title))
    said = f"{there.name} against {here.name}: " + "; ".join(dot.title for dot in dots)
    return Chart(
        f"{there.name} against {here.name}", said, f"on {here.set}", f"on {there.set}", _ticks(x, here),
        _ticks(y, there), tuple(lines), tuple(dots), WIDE, TALL,
    )  # fmt: skip


def _ticks(scale: Scale, measure: Measure) -> tuple[Tick, ...]:
    if measure.percent:
        return percent_ticks(scale)
    return tuple(Tick(scale(at), f"{at:g}") for at in round_places(scale.low, scale.high))


def _unit(measure: Measure) -> str:
    return f"{measure.metric}, %" if measure.percent else measure.metric


def _text(value: float, measure: Measure) -> str:
    if not math.isfinite(value):
        return MISSING
    return f"{100 * value:.1f} %" if measure.percent else f"{value:.3f}"
