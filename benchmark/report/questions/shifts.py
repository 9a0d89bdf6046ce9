"""Here and there, as tables: rank agreement of evaluation sets, and places of rows."""

from __future__ import annotations

from collections.abc import Sequence

from benchmark.analysis.drop import drops
from benchmark.analysis.questions import Questions
from benchmark.analysis.shift import Shift, changed_places
from benchmark.report.questions.lines import plain_lines
from benchmark.report.questions.words import Words
from benchmark.report.table import Column, Table


def shifts_tables(asked: Questions, words: Words) -> list[Table]:
    """Return the tables of evaluation sets against the first; none without something to show."""
    tables = (
        shift_table(asked.shifts, words),
        *(places_table(shift, asked, words) for shift in asked.shifts),
    )
    return [table for table in tables if table is not None]


def shift_table(shifts: Sequence[Shift], words: Words) -> Table | None:
    """Return how far each other set agrees with the first in the order of rows."""
    lines = [
        {
            "here": shift.here, "there": shift.there, "rows": len(shift.rows), "tau": shift.tau, "low": shift.low,
            "high": shift.high, "decided": f"{shift.decided} of {shift.pairs}",
            "swapped": "; ".join(f"{words.labels[a]} and {words.labels[b]}" for a, b in shift.swapped) or None,
        }
        for shift in shifts
    ]  # fmt: skip
    if not lines:
        return None
    columns = (
        Column("here", "here"),
        Column("there", "there"),
        Column("rows", "rows", "integer"),
        Column("tau", "rank agreement", "signed", low="low", high="high"),
        Column("decided", "pairs in a sure order on both"),
        Column("swapped", "change places"),
    )
    caption = (
        "Whether rows keep their order: Kendall's tau of their means, 1 for the same order and -1 for the reverse, and "
        "what it may be [95 % confidence]: pairs whose order is sure on both sets bound it, all others may be either "
        "way. Rows change places where the first is surely better here, and surely worse there."
    )
    return Table(columns, plain_lines(lines), caption)


def places_table(shift: Shift, asked: Questions, words: Words) -> Table:
    """Return both values of each row, and its places."""
    rows = {answers.asked.measure: answers.asked for answers in asked.sets}
    values = {
        name: {row: rows[name].rows[row].mean for row in shift.rows} for name in (shift.here, shift.there)
    }
    better = words.measures[shift.here].greater_is_better
    places = changed_places(values, shift.rows, shift.here, shift.there, greater_is_better=better)
    changes = drops(rows[shift.here], rows[shift.there], shift.rows)
    lines = [
        {
            "row": words.labels[row], "here": values[shift.here][row], "there": values[shift.there][row],
            "change": changes[row][0], "low": changes[row][1], "high": changes[row][2],
            "from": places[row][0], "to": places[row][1],
        }
        for row in sorted(shift.rows, key=lambda row: places[row][0])
    ]  # fmt: skip
    columns = (
        Column("row", "row"),
        Column("here", shift.here, words.share(shift.here)),
        Column("there", shift.there, words.share(shift.there)),
        Column("change", "difference", words.change([shift.here]), low="low", high="high"),
        Column("from", "place here", "integer"),
        Column("to", "place there", "integer"),
    )
    return Table(
        columns,
        plain_lines(lines),
        f"Each row on {shift.here} and on {shift.there}, its place by the mean, and what changes [95 % "
        "interval, not corrected].",
    )
