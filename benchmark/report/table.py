"""One table, drawn in every format from the same values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["text", "integer", "percent", "number", "seconds", "points"]
MISSING = "–"


@dataclass(frozen=True)
class Column:
    """A column: ``key`` names it in CSV, ``header`` for people; percent values are shares, shown times 100.

    ``spread`` is the key of a column with the deviation, shown behind ``±``. ``narrow`` is whether it is shown where
    room is short, on a terminal.
    """

    key: str
    header: str
    kind: Kind = "text"
    spread: str | None = None
    narrow: bool = True

    @property
    def is_number(self) -> bool:
        """Whether it is set flush right."""
        return self.kind != "text"


@dataclass(frozen=True)
class Table:
    """Columns, lines of values by key, a caption, and notes below."""

    columns: tuple[Column, ...]
    lines: tuple[dict[str, Any], ...]
    caption: str
    notes: tuple[str, ...] = ()

    def texts(self, plus_minus: str = "±") -> list[list[str]]:
        """Return all cells as people read them."""
        return [[cell_text(column, line, plus_minus) for column in self.columns] for line in self.lines]


def cell_text(column: Column, line: dict[str, Any], plus_minus: str = "±") -> str:
    """Return one cell as people read it."""
    text = _text(column.kind, line.get(column.key))
    spread = line.get(column.spread) if column.spread else None
    if text == MISSING or is_missing(spread):
        return text
    return f"{text} {plus_minus} {_text(column.kind, spread)}"


def is_missing(value: Any) -> bool:
    """Whether there is no value."""
    return value is None or value != value or (isinstance(value, float) and math.isnan(value))


def _text(kind: Kind, value: Any) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(str, value))
    try:
        if is_missing(value):
            return MISSING
    except TypeError:
        # pandas.NA refuses to be a condition.
        return MISSING
    formats = {
        "text": lambda v: str(v),
        "integer": lambda v: f"{round(v):,}",
        "percent": lambda v: f"{100 * v:.1f}",
        "number": lambda v: f"{v:.3f}",
        "seconds": lambda v: f"{v:.1f}",
        "points": lambda v: f"{100 * v:+.1f}",
    }
    return formats[kind](value)
