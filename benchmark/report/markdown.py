"""The page of a report: everything in one Markdown file, figures by relative path."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from benchmark.report.chapters.kinds import Chapter
from benchmark.report.leaderboard import failed_cells
from benchmark.report.material import Material
from benchmark.report.render import escape_markdown, to_markdown
from benchmark.report.sections import CELLS, DATA, LEADERBOARD, MADE_WITH, SUITE
from benchmark.report.table import Column, Table
from benchmark.results.frames import ROW, STATUS, Results, lines_of

if TYPE_CHECKING:
    from benchmark.results.plan import Plan


def make_page(material: Material, chapters: Sequence[Chapter], board: Table, images: Sequence[str]) -> str:
    """Return the page; ``board`` is the leaderboard with the columns that were asked for, ``images`` are paths."""
    results, plan = material.results, material.plan
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", plan.suite.text)), default=0))
    own = {
        CELLS: {"Cells that are not ok": _items(failed_cells(results, plan))},
        DATA: {
            "Data": [*_items(_datasets(plan)), to_markdown(_counts(results))],
            "Files left out": _items(_left_out(results)),
        },
        MADE_WITH: {"Made with": _items(_provenance(results))},
        SUITE: {"Suite": [f"{fence}yaml\n{plan.suite.text.strip()}\n{fence}\n"]},
    }
    text = [f"# {escape_markdown(plan.suite.name)}\n", f"{escape_markdown(plan.suite.description)}\n"]
    if LEADERBOARD in material.sections:
        text += ["## Leaderboard\n", to_markdown(board)]
    of_tables = {name for chapter in chapters for tables in chapter.tables for name in tables.pictures}
    shown = {_name(image): f"![{_name(image)}]({image})\n" for image in images}
    for chapter in chapters:
        for tables in chapter.tables:
            text += [f"{'#' * tables.level} {escape_markdown(tables.title)}\n", *_items(tables.items)]
            text += [to_markdown(table) for table in tables.tables]
            text += [shown[name] for name in tables.pictures if name in shown]
    others = [image for name, image in shown.items() if name not in of_tables]
    text += ["## Figures\n", *others] if others else []
    for name, titles in own.items():
        for title, parts in titles.items():
            text += [f"## {title}\n", *parts] if parts and name in material.sections else []
    return "\n".join(text)


def _name(image: str) -> str:
    return image.rsplit("/", 1)[-1].removesuffix(".png")


def _items(lines: Sequence[str]) -> list[str]:
    return ["".join(f"- {escape_markdown(line)}\n" for line in lines)] if lines else []


def _datasets(plan: Plan) -> list[str]:
    lines = [
        f"{label}: {len(corpus.tracks)} tracks in {len(corpus.classes)} classes, revision {corpus.revision}"
        for label, corpus in plan.corpora.items()
    ]
    return lines + [f"{label}: not found" for label in plan.absent]


def _counts(results: Results) -> Table:
    """Return how much each row was trained and evaluated on: the first of its finished cells."""
    ok = results.cells[results.cells[STATUS] == "ok"].drop_duplicates(ROW)
    records = [(cell, results.records[str(cell["id"])]) for cell in lines_of(ok)]
    names = list(dict.fromkeys(name for _, record in records for name in record.counts))
    columns = [Column(axis, axis) for axis in results.axes]
    columns += [Column(f"count {name}", name.replace("_", " "), "integer") for name in names]
    lines = [
        {axis: str(cell[axis]) for axis in results.axes}
        | {f"count {name}": record.counts.get(name) for name in names}
        for cell, record in records
    ]
    return Table(
        tuple(columns), tuple(lines), "What the first finished cell of each row was trained and evaluated on."
    )


def _left_out(results: Results) -> list[str]:
    reasons = {
        name: reason for record in results.records.values() for name, reason in record.left_out.items()
    }
    return [f"{name}: {reason}" for name, reason in sorted(reasons.items())]


def _provenance(results: Results) -> list[str]:
    """Return each distinct answer of the records once."""
    made = [record.provenance for record in results.records.values()]
    notes = (note for own in made for note in own.get("notes", []))
    return list(dict.fromkeys([*map(_versions, made), *map(_machine, made), *map(_code, made), *notes]))


def _versions(made: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {number}" for name, number in made.get("versions", {}).items())


def _machine(made: Mapping[str, Any]) -> str:
    devices = ", ".join(made.get("devices", []))
    parts = [
        f"Python {made.get('python', 'unknown')}",
        f"{made.get('platform', 'unknown')}",
        f"{made.get('cpu')}",
    ]
    return ", ".join([*parts, f"{made.get('cores')} cores", *([devices] if devices else [])])


def _code(made: Mapping[str, Any]) -> str:
    return f"git commit of the suite: {made.get('git') or 'not in git'}"
