"""One table, drawn in every format from the same values."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Kind = Literal["text", "integer", "percent", "number", "seconds", "points", "signed", "probability", "rank"]
MISSING = "–"
_FORMATS: dict[Kind, str] = {
    "integer": ",.0f",
    "percent": ".1f",
    "number": ".3f",
    "seconds": ".1f",
    "points": "+.1f",
    "signed": "+.3f",
}
_SHARES: tuple[Kind, ...] = ("percent", "points")


@dataclass(frozen=True)
class Column:
    """A column: ``key`` names it in CSV, ``header`` for people; percent values are shares, shown times 100.

    Attributes:
        spread: key of the deviation, shown behind ``±``.
        group: what neighbouring columns share in their header, such as an evaluation set.
        spare: where room is short, columns are left away from the highest number down; 0 always stays.
        drawn: whether people see it; the others are for programs, in CSV alone.
        low: key of the lower end of the interval; it is then shown instead of the deviation.
        high: key of its upper end.
        on_page: whether the HTML page shows it although it is not drawn: there is room.
    """

    key: str
    header: str = ""
    kind: Kind = "text"
    spread: str | None = None
    group: str = ""
    spare: int = 0
    drawn: bool = True
    on_page: bool = False
    low: str | None = None
    high: str | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """All that programs get of it: the value, its deviation, its interval."""
        return tuple(key for key in (self.key, self.spread, self.low, self.high) if key)

    @property
    def is_number(self) -> bool:
        """Whether it is set flush right."""
        return self.kind != "text"

    @property
    def title(self) -> str:
        """Group and header in one line."""
        return f"{self.group} {self.header}".strip()


@dataclass(frozen=True)
class Table:
    """Columns, lines of values by key (None where there is no value), a caption, and notes below.

    ``lead`` is what the table says, in a sentence or some: it stands above all. ``beside`` are tables that a terminal
    shows below it; pages have them in sections of their own.
    """

    columns: tuple[Column, ...]
    lines: tuple[dict[str, Any], ...]
    caption: str = ""
    notes: tuple[str, ...] = ()
    lead: tuple[str, ...] = ()
    beside: tuple[Table, ...] = ()

    @property
    def drawn(self) -> tuple[Column, ...]:
        """The columns that people see."""
        return tuple(column for column in self.columns if column.drawn)

    @property
    def on_page(self) -> tuple[Column, ...]:
        """The columns of the HTML page; those without any value only where they are always drawn."""
        known = {
            column.key
            for column in self.columns
            if any(line.get(column.key) is not None for line in self.lines)
        }
        return tuple(
            column for column in self.columns if column.drawn or (column.on_page and column.key in known)
        )

    def texts(self) -> list[list[str]]:
        """Return all cells of the drawn columns as people read them."""
        return [[cell_text(column, line) for column in self.drawn] for line in self.lines]

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Table:
        """Return the table that ``to_json`` gave.

        Raises:
            KeyError, TypeError: when ``data`` is not such a table.
        """
        columns = tuple(Column(**column) for column in data["columns"])
        beside = tuple(cls.from_json(table) for table in data.get("beside", ()))
        lines, notes, lead = (tuple(data[name]) for name in ("lines", "notes", "lead"))
        return cls(columns, lines, data["caption"], notes, lead, beside)


def keys_beside(names: Iterable[str], taken: Collection[str]) -> dict[str, str]:
    """Return a key for each name that people chose, for columns beside those whose keys are ``taken``.

    It is the name, in quotes where a class or a dataset is called like a column that is there.

    >>> keys_beside(["jazz", "row"], ["row"])
    {'jazz': 'jazz', 'row': "'row'"}
    """
    keys: dict[str, str] = {}
    for name in names:
        key = name
        while key in taken or key in keys.values():
            key = f"'{key}'"
        keys[name] = key
    return keys


def cell_text(column: Column, line: Mapping[str, Any]) -> str:
    """Return one cell as people read it."""
    text = _text(column.kind, line.get(column.key))
    low, high = (line.get(key) if key else None for key in (column.low, column.high))
    if text != MISSING and low is not None and high is not None:
        return f"{text} [{_text(column.kind, low)}, {_text(column.kind, high)}]"
    spread = line.get(column.spread) if column.spread else None
    return text if text == MISSING or spread is None else f"{text} ± {_text(column.kind, spread)}"


def probability_text(p: float) -> str:
    """Return a p value as papers print it."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def plain(value: Any) -> Any:
    """Return a value of a data frame as plain Python: None where there is none, a list for a tuple."""
    if isinstance(value, tuple | list):
        return [plain(part) for part in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, str | bool | int) or value is None:
        return value
    # What is neither a number nor text is pandas' own sign of absence.
    return value if isinstance(value, float) and math.isfinite(value) else None


def _text(kind: Kind, value: Any) -> str:
    if value is None:
        return MISSING
    if kind in ("text", "rank"):
        return (
            ", ".join(map(str, value))
            if isinstance(value, Sequence) and not isinstance(value, str)
            else str(value)
        )
    if kind == "probability":
        return probability_text(value)
    text = format(100 * value if kind in _SHARES else value, _FORMATS[kind])
    # A difference of -0.04 is no difference at this precision.
    vanished = text.startswith("-") and kind in ("points", "signed") and not float(text)
    return (text.replace("-", "+") if vanished else text).replace("-", "−")
