"""What all pages of a leaderboard say alike: states of rows, bundles, marks, numbers."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from benchmark.report.html.tables import PageCell, PageTable, items_table
from benchmark.report.leaderboard import MARKS
from benchmark.site.entries import Submission
from benchmark.site.standings import DISPUTED, PARTLY, REPORTED, REPRODUCED, Board, Row

KICKER = "genrebench leaderboard"
_FOOTER = "Made by genrebench {}. It loads nothing from anywhere: links lead to pages beside this one."
STATES = {
    REPORTED: "one lab says so",
    REPRODUCED: "another lab has run the same cells, and metrics agree within 2 points",
    PARTLY: "another lab has run some of its cells, and metrics agree within 2 points",
    DISPUTED: "another lab has run the same cells, and got other numbers",
}


def bundles_table(sources: Sequence[Submission]) -> PageTable:
    """Return where the numbers come from: a line per bundle."""
    lines = [
        (source.name, source.day, source.suite, source.file, source.signer or "not checked")
        for source in sources
    ]
    return items_table(
        "bundle-table", "Where the numbers come from.", ("lab", "date", "suite", "bundle", "signed by"), lines
    )


def states_table() -> PageTable:
    """Return what is said of a row, and what it means."""
    return items_table("states", "", ("word", "meaning"), STATES.items())


def warnings_of(boards: Sequence[Board]) -> tuple[tuple[str, str], ...]:
    """Return the marks of all rows with what they mean."""
    marks = dict.fromkeys(mark for board in boards for row in board.rows.values() for mark in marks_of(row))
    return tuple((mark, MARKS.get(mark, "")) for mark in marks)


def marks_of(row: Row) -> list[str]:
    """Return the marks of a row, each once."""
    return list(dict.fromkeys(str(mark) for line in row.entry.lines for mark in line["marks"]))


def number_cell(value: int) -> PageCell:
    """Return a count as a cell."""
    return PageCell(f"{value:,}", str(value))


def shown(value: Any, percent: bool) -> str:
    """Return a value as people read it."""
    if value is None:
        return "–"
    return f"{100 * value:.1f}" if percent else f"{value:.3f}"


def footer() -> str:
    """Return the last line of a page."""
    return _FOOTER.format(version("genrebench"))
