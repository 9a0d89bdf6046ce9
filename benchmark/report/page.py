"""The page of a report: everything in one Markdown file, figures by relative path."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from benchmark.report.leaderboard import MARKS, failed_cells
from benchmark.report.render import escape_markdown, to_markdown
from benchmark.report.table import Column, Table, plain
from benchmark.results.frames import ROW, STATUS, Results
from benchmark.results.mixing import MIXED

if TYPE_CHECKING:
    from benchmark.results.plan import Plan


def make_page(
    results: Results,
    plan: Plan,
    board: Table,
    tables: Mapping[str, Sequence[Table]],
    accuracy: Mapping[str, pd.DataFrame],
    images: Sequence[str],
    studies: Sequence[str] = (),
) -> str:
    """Return the page.

    ``tables`` are those beside the leaderboard, by title; ``accuracy`` has rows by classes for each evaluation set;
    ``images`` are paths; ``studies`` is the section on tuning, in Markdown.
    """
    is_mixed = any(MIXED in marks for marks in results.cells["marks"])
    said = f" ({MARKS[MIXED]})" if is_mixed else ""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", plan.suite.text)), default=0))
    sections = {
        "Leaderboard": [to_markdown(board)],
        **{title: [to_markdown(table) for table in several] for title, several in tables.items()},
        "Studies": studies,
        "Figures": [f"![{image.rsplit('/', 1)[-1].removesuffix('.png')}]({image})\n" for image in images],
        "Recognised per class": [
            to_markdown(_per_class(name + said, shares)) for name, shares in accuracy.items()
        ],
        "Cells that are not ok": _items(failed_cells(results, plan)),
        "Data": [*_items(_datasets(plan)), to_markdown(_counts(results))],
        "Files left out": _items(_left_out(results)),
        "Made with": _items(_provenance(results)),
        "Suite": [f"{fence}yaml\n{plan.suite.text.strip()}\n{fence}\n"],
    }
    text = [f"# {escape_markdown(plan.suite.name)}\n", f"{escape_markdown(plan.suite.description)}\n"]
    for title, parts in sections.items():
        if parts:
            text += [f"## {title}\n", *parts]
    return "\n".join(text)


def _per_class(evaluation: str, shares: pd.DataFrame) -> Table:
    columns = (Column("row", "row"), *(Column(name, name, "percent") for name in map(str, shares.columns)))
    lines = [
        {"row": str(label)} | {str(name): plain(value) for name, value in line.items()}
        for label, line in zip(shares.index, shares.to_dict("records"), strict=True)
    ]
    caption = f"Percent of each class's tracks on {evaluation} that were recognised, mean over cells."
    return Table(columns, tuple(lines), caption)


def _items(lines: Sequence[str]) -> list[str]:
    return ["".join(f"- {escape_markdown(line)}\n" for line in lines)] if lines else []


def _datasets(plan: Plan) -> list[str]:
    found = [
        f"{label}: {len(corpus.tracks)} tracks in {len(corpus.classes)} classes, revision {corpus.revision}"
        for label, corpus in plan.corpora.items()
    ]
    return found + [f"{label}: not found" for label in plan.absent]


def _counts(results: Results) -> Table:
    """Return how much each row was trained and evaluated on: the first of its finished cells."""
    ok = results.cells[results.cells[STATUS] == "ok"].drop_duplicates(ROW)
    records = [(cell, results.records[str(cell["id"])]) for cell in ok.to_dict("records")]
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
    notes = (note for each in made for note in each.get("notes", []))
    return list(dict.fromkeys([*map(_versions, made), *map(_machine, made), *map(_code, made), *notes]))


def _versions(made: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {found}" for name, found in made.get("versions", {}).items())


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
