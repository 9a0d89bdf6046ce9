"""Tables of the tracks on which rows fail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmark.report.inspection.material import Inspection
from benchmark.report.leaderboard import MARKS
from benchmark.report.table import Column, Table, plain

HARD, DOUBTS, FLIPS = "hard-tracks", "likely-wrong-labels", "flips"
TITLES = {
    HARD: "Tracks that most rows get wrong",
    DOUBTS: "Likely wrong labels",
    FLIPS: "Tracks that flip",
}
_MOST_NAMED = 3


def inspection_tables(inspection: Inspection, limit: int | None = None) -> dict[str, Table]:
    """Return the tables by the names of their files; at most ``limit`` lines each, which notes say."""
    return {
        HARD: _cut(hard_table(inspection), limit),
        DOUBTS: _cut(doubts_table(inspection), limit),
        FLIPS: _cut(flips_table(inspection), limit),
    }


def hard_table(inspection: Inspection) -> Table:
    """Return the tracks that most rows get wrong."""
    answers = inspection.answers
    lines = [
        {
            **_track(inspection, hard.track),
            "kinds": list(hard.kinds),
            "right_by": len(hard.right_by),
            "tested_by": hard.tested_by,
            "share": hard.share,
            "instead": answers.classes[hard.instead] if hard.instead >= 0 else None,
            "instead_by": hard.instead_by,
            "who": _named(inspection, hard.right_by),
        }
        for hard in inspection.hard
    ]
    columns = (
        Column("track", "track"),
        Column("label", "class"),
        Column("kinds", "why", spare=2),
        Column("right_by", "rows right", "integer"),
        Column("tested_by", "of rows", "integer"),
        Column("share", "% of answers right", "percent", spare=4),
        Column("instead", "most say"),
        Column("instead_by", "rows that say so", "integer", spare=3),
        Column("who", "who is right", spare=1),
    )
    caption = (
        f"Tracks of {answers.set} that most of {len(answers.rows)} rows get wrong, the hardest first. A row gets a "
        "track right that more than half of its cells get right."
    )
    if not lines:
        caption = f"No track of {answers.set} is wrong in most of {len(answers.rows)} rows."
    return _table(inspection, columns, lines, caption)


def doubts_table(inspection: Inspection) -> Table:
    """Return the tracks whose labels are likely to be wrong."""
    answers, suspected = inspection.answers, inspection.suspects
    lines = [
        {
            **_track(inspection, doubt.track),
            "likely": answers.classes[doubt.likely],
            "of_label": doubt.of_label,
            "of_likely": doubt.of_likely,
            "margin": doubt.margin,
            "rows": len(doubt.rows),
            "tested_by": doubt.tested_by,
        }
        for doubt in inspection.doubts
    ]
    columns = (
        Column("track", "track"),
        Column("label", "label"),
        Column("likely", "likely"),
        Column("of_label", "probability of the label, %", "percent", spare=2),
        Column("of_likely", "of the likely class, %", "percent", spare=2),
        Column("rows", "rows that say so alone", "integer", spare=1),
        Column("tested_by", "of rows", "integer", spare=1),
        Column("margin", drawn=False),
    )
    caption = (
        f"Labels of {answers.set} that are likely to be wrong, the surest first: confident learning (Northcutt et al. "
        "2021) on the mean probabilities of all rows, none of which was trained on the track. By the same estimate "
        f"{suspected.estimated:.1f} of {len(answers.tracks)} labels are wrong. A suspicion, and no proof: listen."
    )
    if not lines:
        caption = (
            f"No label of {answers.set} is likely to be wrong (confident learning, Northcutt et al. 2021)."
        )
    return _table(inspection, columns, lines, caption)


def flips_table(inspection: Inspection) -> Table:
    """Return the tracks that are right with a value of an axis and wrong without it, or the reverse."""
    if not inspection.axis:
        return Table(
            (), (), "Nothing flips: no augmentation is an axis of several values. --axis chooses another."
        )
    lines = [
        {
            **_track(inspection, flip.track),
            "value": flip.value,
            "gained": flip.gained,
            "lost": flip.lost,
            "pairs": flip.pairs,
            "wavers": plain(flip.wavers),
        }
        for flip in inspection.flips
    ]
    columns = (
        Column("track", "track"),
        Column("label", "class"),
        Column("value", inspection.axis),
        Column("gained", "became right", "integer"),
        Column("lost", "became wrong", "integer"),
        Column("pairs", "of pairs of cells", "integer"),
        Column("wavers", "seeds disagree, %", "percent", spare=1),
    )
    caption = (
        f"Tracks of {inspection.answers.set} of which the answer changes with {inspection.axis}, against "
        f"{inspection.baseline}: pairs of cells that differ in nothing else, those that change most one way first. "
        "Where seeds disagree as often, it is chance."
    )
    if not lines:
        caption = f"No track of {inspection.answers.set} flips with {inspection.axis}."
    return _table(inspection, columns, lines, caption)


def _track(inspection: Inspection, track: int) -> dict[str, Any]:
    answers = inspection.answers
    return {"track": str(answers.tracks[track]), "label": answers.classes[answers.labels[track]]}


def _table(
    inspection: Inspection, columns: tuple[Column, ...], lines: Sequence[dict[str, Any]], caption: str
) -> Table:
    """Return a table that says what must be said of all rows, also to programs."""
    said = [MARKS.get(mark, mark) for mark in inspection.marks]
    notes = tuple(
        f"{len(rows)} rows are not asked: {why} ({_named(inspection, rows)})."
        for why, rows in inspection.answers.left_out.items()
    )
    marked = tuple({**line, "marks": list(inspection.marks)} for line in lines)
    marks = Column("marks", "marks", drawn=False)
    whole = " ".join([caption, *(f"{sentence[0].upper()}{sentence[1:]}." for sentence in said)])
    return Table((*columns, marks), marked, whole, notes)


def _cut(table: Table, limit: int | None) -> Table:
    if limit is None or len(table.lines) <= limit:
        return table
    note = (
        f"The first {limit} of {len(table.lines):,} tracks; --limit shows more, and the CSV files have all."
    )
    return Table(table.columns, table.lines[:limit], table.caption, (*table.notes, note), table.lead)


def _named(inspection: Inspection, rows: Sequence[int]) -> str:
    names = "; ".join(inspection.labels[row] for row in rows[:_MOST_NAMED])
    return names + (f" and {len(rows) - _MOST_NAMED} more" if len(rows) > _MOST_NAMED else "")
