"""Tables as the page draws them: texts, what to sort by, and classes of colour. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from benchmark.report.charts.kinds import Heatmap, Tile
from benchmark.report.html.palette import difference_step, share_step
from benchmark.report.table import MISSING, Column, Table, cell_text

BAR = 120
# Keys of an interval: low, middle, high.
IntervalKeys = tuple[str, str, str]
LETTERS = {"synthetic": "S", "rehearsal": "R", "leaky": "L"}


@dataclass(frozen=True)
class Bar:
    """An interval and its middle, and zero where that is in sight: places from 0 to ``BAR``."""

    low: float
    at: float
    high: float
    zero: float | None = None


@dataclass(frozen=True)
class PageCell:
    """One cell: what is read, what it is sorted by, a smaller second line, a class of the style sheet, a hint.

    ``href`` is where a head leads: another of our own pages, by a name that we made.
    """

    text: str
    value: str = ""
    note: str = ""
    style: str = ""
    is_head: bool = False
    marks: tuple[str, ...] = ()
    bar: Bar | None = None
    title: str = ""
    href: str = ""


@dataclass(frozen=True)
class Head:
    """The header of a column; numbers are set flush right, and sorted with the highest first."""

    text: str
    is_number: bool = False
    slanted: bool = False


@dataclass(frozen=True)
class PageTable:
    """A table. ``groups`` are headers above the headers, with the number of columns that each spans.

    ``rows`` name each line for filters and for the choice of a row, where they are needed.
    """

    name: str
    caption: str
    heads: tuple[Head, ...]
    lines: tuple[tuple[PageCell, ...], ...]
    groups: tuple[tuple[str, int], ...] = ()
    notes: tuple[str, ...] = ()
    style: str = ""


def page_table(
    name: str,
    table: Table,
    head: str | None = None,
    marked: Sequence[str] = (),
    bars: Mapping[str, IntervalKeys] | None = None,
) -> PageTable:
    """Return a table; ``head`` is the key of the column that names lines, ``marked`` those whose numbers carry
    the line's marks, ``bars`` those that are drawn with an interval.
    """
    limits = {key: _limits(table, keys) for key, keys in (bars or {}).items()}
    columns = table.on_page
    groups = [
        (group, len(list(members))) for group, members in groupby(columns, key=lambda column: column.group)
    ]
    lines = tuple(
        tuple(
            replace(
                _cell(column, line, column.key == head, column.key in marked),
                bar=_bar(column, line, limits),
            )
            for column in columns
        )
        for line in table.lines
    )
    return PageTable(
        name,
        table.caption,
        tuple(Head(column.header, column.is_number) for column in columns),
        lines,
        tuple(groups) if any(group for group, _ in groups) else (),
        table.notes,
    )


def heat_table(name: str, chart: Heatmap) -> PageTable:
    """Return a heatmap as a table whose cells have colours."""
    marks = chart.line_marks or ((),) * len(chart.lines)
    lines = tuple(
        (
            PageCell(label, label, is_head=True, marks=marked),
            *(_heat_cell(chart, tile) for tile in tiles),
        )
        for label, tiles, marked in zip(chart.lines, chart.tiles, marks, strict=True)
    )
    heads = (Head(chart.corner), *(Head(column, True, slanted=True) for column in chart.columns))
    said = f" [{', '.join(chart.marks)}]" if chart.marks else ""
    return PageTable(name, f"{chart.title}{said}.", heads, lines, style="heat")


def items_table(name: str, caption: str, heads: Sequence[str], lines: Iterable[Sequence[Any]]) -> PageTable:
    """Return a plain table of texts whose first column names the lines."""
    return PageTable(
        name,
        caption,
        tuple(Head(head) for head in heads),
        tuple(
            tuple(
                PageCell(_shown(value), str(value or ""), is_head=not number)
                for number, value in enumerate(line)
            )
            for line in lines
        ),
        style="plain",
    )


def _cell(column: Column, line: Mapping[str, Any], is_head: bool, is_marked: bool) -> PageCell:
    value = line.get(column.key)
    text = cell_text(column, line)
    marks = tuple(line.get("marks") or ()) if is_marked and text != MISSING else ()
    if column.key == "marks":
        return PageCell("" if text == MISSING else text, text)
    if column.kind == "rank":
        return PageCell(text, str(line.get("rank_low") or ""))
    sorted_by = "" if value is None else str(value) if column.is_number else text
    return PageCell(text, sorted_by, is_head=is_head, marks=marks)


def _limits(table: Table, keys: IntervalKeys) -> tuple[IntervalKeys, float, float] | None:
    """Return the keys of an interval, and the ends of the scale that all lines share; None without values."""
    values = [line[key] for line in table.lines for key in keys if line.get(key) is not None]
    if any(column.key == keys[1] and column.kind in ("points", "signed") for column in table.columns):
        # Where differences start from is in sight.
        values.append(0.0)
    return (keys, min(values), max(values)) if values and max(values) > min(values) else None


def _bar(
    column: Column, line: Mapping[str, Any], limits: Mapping[str, tuple[IntervalKeys, float, float] | None]
) -> Bar | None:
    scale = limits.get(column.key)
    values = [line.get(key) for key in scale[0]] if scale else []
    if scale is None or any(value is None for value in values):
        return None
    _, low, high = scale

    def place(value: Any) -> float:
        return round(4 + (BAR - 8) * (float(value) - low) / (high - low), 1)

    zero = place(0.0) if column.kind in ("points", "signed") else None
    low_at, at, high_at = map(place, values)
    return Bar(low_at, at, high_at, zero)


def _heat_cell(chart: Heatmap, tile: Tile | None) -> PageCell:
    if tile is None:
        return PageCell(MISSING, style="none")
    style = tile.state if tile.state in ("same", "unclear", "equal") else _heat_style(chart, tile.value)
    style += " best" if tile.state == "best" else ""
    return PageCell(chart.text(tile), str(tile.value), note=tile.note, style=style, title=tile.hint)


def _heat_style(chart: Heatmap, value: float) -> str:
    if chart.is_difference:
        return f"d{difference_step(-value if chart.less_is_better else value, chart.limit)}"
    if chart.unit == "share":
        return f"s{share_step(value)}"
    known = [tile.value for line in chart.tiles for tile in line if tile is not None]
    low, high = min(known), max(known)
    return f"s{share_step((value - low) / (high - low) if high > low else 0.5)}"


def _shown(value: Any) -> str:
    return MISSING if value is None or value == "" else str(value)
