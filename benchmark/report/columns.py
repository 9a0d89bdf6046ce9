"""The columns that somebody chose for a table, by the names that people and programs know them by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from benchmark.analysis.leaderboard import MEAN
from benchmark.exceptions import UsageError, nearest
from benchmark.report.table import Column, Table


def chosen(table: Table, names: Sequence[str]) -> Table:
    """Return a table with these columns alone, in this order; without ``names``, all as they are.

    A column is called by its header (``rank``), with its group where it has one (``spotify top1``), by its measure
    (``spotify/top1``), or as CSV does. None of them is left away for want of room.

    Raises:
        UsageError: when there is no such column; lists all.
    """
    if not names:
        return table
    known = _names(table)
    unknown = [name for name in names if _folded(name) not in known]
    if unknown:
        allowed = list(dict.fromkeys(column_name(column) for column in table.columns))
        listed = ", ".join(f"'{name}'" for name in unknown)
        what = f"is no column {listed}" if len(unknown) == 1 else f"are no columns {listed}"
        near = nearest(_folded(unknown[0]), [_folded(name) for name in allowed])
        raise UsageError(f"There {what}.{near} Columns of this table: {', '.join(allowed)}.")
    columns = dict.fromkeys(known[_folded(name)] for name in names)
    # Whoever asks for a column sees it, however narrow the page is.
    shown = (
        replace(column, header=column.header or column.key, drawn=True, on_page=True, spare=0)
        for column in columns
    )
    return replace(table, columns=tuple(shown))


def column_name(column: Column) -> str:
    """Return what to call a column: by its measure if it has one, else by its header.

    >>> column_name(Column("test/top1 mean", "top1", "percent")), column_name(Column("n", "cells ok"))
    ('test/top1', 'cells ok')
    """
    measure = column.key.removesuffix(f" {MEAN}")
    return measure if "/" in measure or not column.header else column.header


def _names(table: Table) -> Mapping[str, Column]:
    """Return the columns by all that they are called; what is ambiguous is what people see."""
    by_name: dict[str, Column] = {}
    for called in (
        column_name,
        lambda column: column.title,
        lambda column: column.header,
        lambda column: column.key,
    ):
        own: dict[str, list[Column]] = {}
        for column in table.columns:
            own.setdefault(_folded(called(column)), []).append(column)
        for name, columns in own.items():
            if name and len(columns) == 1:
                by_name.setdefault(name, columns[0])
    return by_name


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()
