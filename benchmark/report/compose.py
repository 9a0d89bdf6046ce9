"""Put a report together: its material, its chapters, and the files of each format."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.report.chapters.kinds import Chapter
from benchmark.report.chapters.make import make_chapters
from benchmark.report.columns import chosen
from benchmark.report.html.page import to_html
from benchmark.report.markdown import make_page
from benchmark.report.material import make_material, seedless_models
from benchmark.report.mpl.draw import write_pictures
from benchmark.report.render import to_csv, to_latex, to_markdown
from benchmark.report.sections import LEADERBOARD, SECTIONS
from benchmark.report.table import Table
from benchmark.results.corrupted_scores import NOTHING as NOTHING_CORRUPTED
from benchmark.results.corrupted_scores import CorruptedScores
from benchmark.results.frames import Results
from benchmark.text import visible

if TYPE_CHECKING:
    from benchmark.plugin.registry import Registry
    from benchmark.results.plan import Plan

# Others know it from here.
__all__ = ["compose", "seedless_models"]
FIGURES = "figures"


def compose(
    results: Results,
    plan: Plan,
    registry: Registry,
    folder: Path,
    formats: Sequence[str],
    columns: Sequence[str] = (),
    sections: Sequence[str] = tuple(SECTIONS),
    corrupted: CorruptedScores = NOTHING_CORRUPTED,
    *,
    beside: Path,
) -> tuple[list[Path], Table]:
    """Write all files of a report; return them, and the leaderboard.

    ``beside`` is the suite's folder of results.
    ``columns`` are those of the leaderboard (all, if none are named), but for the HTML page, which has room for all.
    ``corrupted`` is what cells score on corrupted sets. Without ``formats`` nothing is written, and only the
    leaderboard is made.

    Raises:
        UsageError: when the leaderboard has no such column; nothing is written then.
    """
    material = make_material(results, plan, registry, sections if formats else [LEADERBOARD], corrupted)
    board = chosen(material.board, columns)
    if not formats:
        return [], board
    chapters = make_chapters(material, beside)
    board = replace(board, beside=tuple(table for chapter in chapters for table in chapter.beside))
    files: list[Path] = []
    if LEADERBOARD in material.sections:
        drawn = {"md": to_markdown(board), "csv": to_csv(board), "tex": to_latex(board, plan.suite.name)}
        files += [_write(folder / f"leaderboard.{kind}", drawn[kind]) for kind in formats if kind in drawn]
    for chapter in chapters:
        files += _write_tables(chapter, folder, formats)
    pictures: list[Path] = []
    if FIGURES in formats:
        charts = (picture for chapter in chapters for picture in chapter.pictures)
        pictures = write_pictures(charts, folder / FIGURES)
    if "md" in formats:
        images = [file.relative_to(folder).as_posix() for file in pictures if file.suffix == ".png"]
        files.append(_write(folder / "report.md", make_page(material, chapters, board, images)))
    if "html" in formats:
        files.append(_write(folder / "report.html", to_html(material, chapters)))
    return [*files, *pictures], board


def _write_tables(chapter: Chapter, folder: Path, formats: Sequence[str]) -> list[Path]:
    """Write each table for LaTeX and for programs; report.md and report.html have them too."""
    files = []
    for own in chapter.tables:
        for number, table in enumerate(own.tables, 1):
            # A sentence is all that a table without lines has.
            if not table.lines or not own.filed:
                continue
            name = re.sub(r"\W+", "-", own.title).lower() + (f"-{number}" if len(own.tables) > 1 else "")
            drawn = {"csv": to_csv(table), "tex": to_latex(table, name)}
            files += [_write(folder / f"{name}.{kind}", drawn[kind]) for kind in formats if kind in drawn]
    return files


def _write(file: Path, text: str) -> Path:
    # What is a command to a terminal is none to whoever looks at the file with one.
    file.write_text(visible(text), encoding="utf-8")
    return file
