"""Tables as the page draws them: texts, what to sort by, and classes of colour. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd

from benchmark.report.html.palette import difference_step, share_step
from benchmark.report.table import MISSING, Column, Table, cell_text, plain

BAR = 120
# Keys of an interval: low, middle, high.
Bars = tuple[str, str, str]
LETTERS = {"synthetic": "S", "rehearsal": "R", "leaky": "L"}


@dataclass(frozen=True)
class Bar:
    """An interval and its middle, and zero where that is in sight: places from 0 to ``BAR``."""

    low: float
    at: float
    high: float
    zero: float | None = None


@dataclass(frozen=True)
class Cell:
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
class Grid:
    """A table. ``groups`` are headers above the headers, with the number of columns that each spans.

    ``rows`` name each line for filters and for the choice of a row, where they are needed.
    """

    name: str
    caption: str
    heads: tuple[Head, ...]
    lines: tuple[tuple[Cell, ...], ...]
    groups: tuple[tuple[str, int], ...] = ()
    notes: tuple[str, ...] = ()
    style: str = ""


def table_grid(
    name: str,
    table: Table,
    head: str | None = None,
    marked: Sequence[str] = (),
    bars: Mapping[str, Bars] | None = None,
) -> Grid:
    """Return a table; ``head`` is the key of the column that names lines, ``marked`` those whose numbers carry
    the line's marks, ``bars`` those that are drawn with an interval.
    """
    limits = {key: _limits(table, each) for key, each in (bars or {}).items()}
    columns = table.on_page
    groups = [(group, len(list(members))) for group, members in groupby(columns, key=lambda each: each.group)]
    lines = tuple(
        tuple(
            replace(
                _cell(column, line, column.key == head, column.key in marked),
                bar=_bar(column.key, line, limits),
            )
            for column in columns
        )
        for line in table.lines
    )
    return Grid(
        name,
        table.caption,
        tuple(Head(column.header, column.is_number) for column in columns),
        lines,
        tuple(groups) if any(group for group, _ in groups) else (),
        table.notes,
    )


def share_grid(name: str, shares: pd.DataFrame, caption: str, corner: str, marks: Mapping[str, Any]) -> Grid:
    """Return a heatmap of shares, 0 to 1, shown in per cent; ``marks`` are those of lines, by label."""
    return _heatmap(
        name, shares, caption, corner, marks, lambda value: (f"{100 * value:.0f}", share_step(value), "s")
    )


def difference_grid(
    name: str, differences: pd.DataFrame, caption: str, corner: str, marks: Mapping[str, Any]
) -> Grid:
    """Return a heatmap of differences of shares, shown in points, around zero."""
    found = differences.to_numpy(dtype=float)
    limit = float(np.nanmax(np.abs(found))) if np.isfinite(found).any() else 1.0
    return _heatmap(
        name, differences, caption, corner, marks,
        lambda value: (points(value, 0), difference_step(value, limit), "d"),
    )  # fmt: skip


def items_grid(name: str, caption: str, heads: Sequence[str], lines: Iterable[Sequence[Any]]) -> Grid:
    """Return a plain table of texts whose first column names the lines."""
    return Grid(
        name,
        caption,
        tuple(Head(head) for head in heads),
        tuple(
            tuple(
                Cell(_shown(value), str(value or ""), is_head=not number) for number, value in enumerate(line)
            )
            for line in lines
        ),
        style="plain",
    )


def points(value: float, digits: int = 1) -> str:
    """Return a difference of shares in points, with its sign."""
    text = f"{100 * value:+.{digits}f}"
    return text.replace("-", "−") if float(text) else f"{0:+.{digits}f}"


def _cell(column: Column, line: Mapping[str, Any], is_head: bool, is_marked: bool) -> Cell:
    value = line.get(column.key)
    text = cell_text(column, line)
    marks = tuple(line.get("marks") or ()) if is_marked and text != MISSING else ()
    if column.key == "marks":
        return Cell("" if text == MISSING else text, text)
    if column.kind == "rank":
        return Cell(text, str(line.get("rank_low") or ""))
    sorted_by = "" if value is None else str(value) if column.is_number else text
    return Cell(text, sorted_by, is_head=is_head, marks=marks)


def _limits(table: Table, keys: Bars) -> tuple[Bars, float, float] | None:
    """Return the keys of an interval, and the ends of the scale that all lines share; None without values."""
    found = [line[key] for line in table.lines for key in keys if line.get(key) is not None]
    return (keys, min(found), max(found)) if found and max(found) > min(found) else None


def _bar(
    key: str, line: Mapping[str, Any], limits: Mapping[str, tuple[Bars, float, float] | None]
) -> Bar | None:
    found = limits.get(key)
    values = [line.get(each) for each in found[0]] if found else []
    if found is None or any(value is None for value in values):
        return None
    _, low, high = found
    places = [round(4 + (BAR - 8) * (float(value or 0) - low) / (high - low), 1) for value in values]
    return Bar(*places)


def _heatmap(
    name: str, values: pd.DataFrame, caption: str, corner: str, marks: Mapping[str, Any], draw: Any
) -> Grid:
    lines = []
    for label, line in zip(values.index, values.to_numpy(dtype=float), strict=True):
        cells = [Cell(str(label), str(label), is_head=True, marks=tuple(marks.get(str(label), ())))]
        for value in map(plain, line):
            if value is None:
                cells.append(Cell(MISSING, style="none"))
            else:
                text, step, letter = draw(value)
                cells.append(Cell(text, str(value), style=f"{letter}{step}"))
        lines.append(tuple(cells))
    heads = (Head(corner), *(Head(str(column), True, slanted=True) for column in values.columns))
    return Grid(name, caption, heads, tuple(lines), style="heat")


def _shown(value: Any) -> str:
    return MISSING if value is None or value == "" else str(value)
