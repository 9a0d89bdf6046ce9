"""What tables of answers have in common."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from benchmark.report.table import plain

# More lines nobody reads; those with the smallest p values are kept, where there are some.
MOST_LINES = 400


def plain_lines(lines: Sequence[Mapping[Hashable, Any] | Mapping[str, Any]]) -> tuple[dict[str, object], ...]:
    """Return lines of plain values."""
    return tuple({str(key): plain(value) for key, value in line.items()} for line in lines)
