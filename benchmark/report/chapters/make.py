"""From the material of a report to its chapters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from benchmark.report.chapters.ensembles import ensembles_chapter
from benchmark.report.chapters.evidence import calibration_chapter, effects_chapter, evidence_chapter
from benchmark.report.chapters.kinds import Chapter
from benchmark.report.chapters.questions import (
    doses_chapter,
    interactions_chapter,
    learning_chapter,
    shift_chapter,
)
from benchmark.report.chapters.results import (
    audit_chapter,
    classes_chapter,
    confusion_chapter,
    cost_chapter,
    curves_chapter,
    reference_chapter,
)
from benchmark.report.chapters.robustness import robustness_chapter
from benchmark.report.chapters.studies import studies_chapter
from benchmark.report.leaderboard import MARKS
from benchmark.report.material import Material
from benchmark.report.sections import (
    AUDIT,
    CALIBRATION,
    CLASSES,
    CONFUSION,
    COST,
    CURVES,
    DOSES,
    EFFECTS,
    ENSEMBLES,
    EVIDENCE,
    INTERACTIONS,
    LEARNING,
    REFERENCE,
    ROBUSTNESS,
    SECTIONS,
    SHIFT,
    STUDIES,
)
from benchmark.report.table import Column, Table
from benchmark.results.mixing import MIXED

# The leaderboard, and what says where results come from, are no chapters: each format has them in a way of its own.
CHAPTERS: Mapping[str, Callable[[Material], Chapter]] = {
    ENSEMBLES: ensembles_chapter,
    REFERENCE: reference_chapter,
    EVIDENCE: evidence_chapter,
    CLASSES: classes_chapter,
    EFFECTS: effects_chapter,
    ROBUSTNESS: robustness_chapter,
    LEARNING: learning_chapter,
    DOSES: doses_chapter,
    INTERACTIONS: interactions_chapter,
    SHIFT: shift_chapter,
    COST: cost_chapter,
    CONFUSION: confusion_chapter,
    CALIBRATION: calibration_chapter,
    CURVES: curves_chapter,
    AUDIT: audit_chapter,
}


def make_chapters(material: Material, results: Path) -> tuple[Chapter, ...]:
    """Return the chapters that are asked for and have something to show; ``results`` is the suite's folder."""
    makers = {**CHAPTERS, STUDIES: lambda own: studies_chapter(own, results)}
    chapters = [makers[name](material) for name in SECTIONS if name in material.sections and name in makers]
    known = [chapter for chapter in chapters if not chapter.is_empty]
    if any(MIXED in marks for marks in material.lines["marks"]):
        known = [_said_to_be_mixed(chapter) for chapter in known]
    return tuple(known)


def _said_to_be_mixed(chapter: Chapter) -> Chapter:
    tables = tuple(
        replace(own, tables=tuple(_mixed(table) for table in own.tables)) for own in chapter.tables
    )
    return replace(chapter, tables=tables, beside=tuple(map(_mixed, chapter.beside)))


def _mixed(table: Table) -> Table:
    """Return a table that says so in its caption, and in a column for programs."""
    columns = (*table.columns, Column(MIXED, MIXED, drawn=False))
    lines = tuple({**line, MIXED: "yes"} for line in table.lines)
    return replace(table, columns=columns, lines=lines, caption=f"{table.caption} {MARKS[MIXED]}.".strip())
