"""Here and there, as tables: rank agreement of evaluation sets, and places of rows."""

from __future__ import annotations

from collections.abc import Sequence

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
            "here": each.here, "there": each.there, "rows": len(each.rows), "tau": each.tau, "low": each.low,
            "high": each.high, "decided": f"{each.decided} of {each.pairs}",
            "swapped": "; ".join(f"{words.labels[a]} and {words.labels[b]}" for a, b in each.swapped) or None,
        }
        for each in shifts
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


def places_table(each: Shift, found: Questions, words: Words) -> Table:
    """Return both values of each row, and its places."""
    rows = {one.asked.measure: one.asked for one in found.sets}
    values = {name: {row: rows[name].rows[row].mean for row in each.rows} for name in (each.here, each.there)}
    better = words.measures[each.here].greater_is_better
    places = changed_places(values, each.rows, each.here, each.there, greater_is_better=better)
    lines = [
        {
            "row": words.labels[row], "here": values[each.here][row], "there": values[each.there][row],
            "change": values[each.there][row] - values[each.here][row], "from": places[row][0], "to": places[row][1],
        }
        for row in sorted(each.rows, key=lambda row: places[row][0])
    ]  # fmt: skip
    columns = (
        Column("row", "row"),
        Column("here", each.here, words.share(each.here)),
        Column("there", each.there, words.share(each.there)),
        Column("change", "difference", words.change([each.here])),
        Column("from", "place here", "integer"),
        Column("to", "place there", "integer"),
    )
    return Table(
        columns,
        plain_lines(lines),
        f"Each row on {each.here} and on {each.there}, and its place by the mean.",
    )
