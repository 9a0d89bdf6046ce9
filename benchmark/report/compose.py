"""Put a report together: what analysis computed, as tables, figures and one page."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from benchmark.analysis.leaderboard import (
    DIFFERENCE,
    MEAN,
    SD,
    baseline_rows,
    leaderboard,
    row_label,
    varying,
)
from benchmark.analysis.per_class import class_accuracy, confusion
from benchmark.report import figures
from benchmark.report.render import to_csv, to_latex, to_markdown, to_terminal
from benchmark.report.table import Column, Table
from benchmark.results.frames import ROW, STATUS, Results

if TYPE_CHECKING:
    from benchmark.execution.plan import Plan

_MOST_ERRORS = 20
_WIDEST = 400
_MARKS = {
    "synthetic": "synthetic data: nobody recorded this music",
    "rehearsal": "A REHEARSAL on small stand-ins: the numbers say nothing about the models",
    "leaky": "rows marked leaky were trained on augmented copies of held-out tracks, and are not ranked",
}


def compose(results: Results, plan: Plan, folder: Path, formats: Sequence[str]) -> tuple[list[Path], str]:
    """Write all files of a report; return them, and the leaderboard as text."""
    settings = plan.suite.leaderboard
    lines = leaderboard(results.cells, results.axes, results.measures, settings.sort, settings.baseline)
    axes = varying(results.cells, results.axes)
    table = leaderboard_table(results, lines, axes, plan)
    files = []
    writers = {
        "csv": lambda: to_csv(table),
        "tex": lambda: to_latex(table, plan.suite.name),
        "md": lambda: to_markdown(table),
    }
    for kind in formats:
        files.append(_write(folder / f"leaderboard.{kind}", writers[kind]()))
    pictures = list(_figures(results, lines, axes, plan, folder / "figures"))
    if "md" in formats:
        images = [file for file in pictures if file.suffix == ".png"]
        files.append(_write(folder / "report.md", _page(results, table, images, folder, plan)))
    return [*files, *pictures], terminal_text(table)


def leaderboard_table(results: Results, lines: pd.DataFrame, axes: Sequence[str], plan: Plan) -> Table:
    """Return the leaderboard as a table: rank, labels, measures, cost, completeness, marks."""
    columns = [Column("rank", "rank", "integer"), *(Column(axis, axis) for axis in axes)]
    several = len(results.sets) > 1
    for measure in results.measures:
        header = f"{measure.set} {measure.metric}" if several else measure.metric
        kind = "percent" if measure.percent else "number"
        columns.append(Column(f"{measure.name} {MEAN}", header, kind, f"{measure.name} {SD}"))  # type: ignore[arg-type]
    first = next((m for m in results.measures if m.name == plan.suite.leaderboard.sort), results.measures[0])
    if f"{first.name} {DIFFERENCE}" in lines:
        columns.append(
            Column(f"{first.name} {DIFFERENCE}", f"Δ {first.metric}", "points" if first.percent else "number")
        )
    columns += [
        Column("n", "cells ok"),
        Column("total", "parameters", "integer", narrow=False),
        Column("training_seconds", "training s", "seconds"),
        Column("marks", "marks"),
    ]
    shown = lines.assign(n=[_count(line) for _, line in lines.iterrows()])
    return Table(
        tuple(columns),
        tuple(shown.to_dict("records")),
        _caption(results, lines, plan, first.name),
        _notes(results, lines, plan),
    )  # type: ignore[arg-type]


def terminal_text(table: Table) -> str:
    """Return the leaderboard as plain text, as wide as it needs to be: it is shown again on terminals of any width."""
    from rich.console import Console

    stream = io.StringIO()
    Console(file=stream, width=_WIDEST, color_system=None).print(to_terminal(table))
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def _count(line: Any) -> str:
    text = f"{line['ok']}/{line['expected']}"
    return text if line["complete"] else f"{text} ({line[STATUS]})"


def _caption(results: Results, lines: pd.DataFrame, plan: Plan, sort: str) -> str:
    marks = dict.fromkeys(mark for marks in lines["marks"] for mark in marks)
    said = "; ".join(_MARKS.get(mark, mark) for mark in marks)
    fixed = [
        f"{axis}: {results.cells[axis].iloc[0]}"
        for axis in results.axes
        if results.cells[axis].nunique() == 1
    ]
    parts = [
        f"Leaderboard of {plan.suite.name}",
        f"sorted by {sort}",
        "percent, mean ± sd over seeds",
        *fixed,
    ]
    return ", ".join(parts) + "." + (f" {said[0].upper()}{said[1:]}." if said else "")


def _notes(results: Results, lines: pd.DataFrame, plan: Plan) -> tuple[str, ...]:
    notes = list(results.notes)
    incomplete = int((~lines["complete"]).sum())
    if incomplete:
        notes.append(f"{incomplete} rows are incomplete, and are not ranked.")
    failed = results.cells[results.cells["error"] != ""]
    for _, cell in failed.head(_MOST_ERRORS).iterrows():
        name = " · ".join(str(cell[axis]) for axis in plan.suite.axes)
        notes.append(f"{name}: {cell[STATUS]}: {cell['error'].splitlines()[0]}")
    if len(failed) > _MOST_ERRORS:
        notes.append(f"… and {len(failed) - _MOST_ERRORS} more cells that are not ok.")
    left_out = {name for record in results.records.values() for name in record.left_out}
    if left_out:
        notes.append(f"{len(left_out)} files could not be used, and are listed in report.md.")
    return tuple(notes)


def _figures(
    results: Results, lines: pd.DataFrame, axes: Sequence[str], plan: Plan, folder: Path
) -> Iterator[Path]:
    """Draw the figures; rows are in the order of the leaderboard."""
    order = [int(row) for row in lines[ROW]]
    labels = {int(line[ROW]): row_label(line, axes) for _, line in lines.iterrows()}
    marks = ", ".join(dict.fromkeys(mark for each in lines["marks"] for mark in each))
    suffix = f" [{marks}]" if marks else ""
    for evaluation in results.sets:
        found = {row: results.predictions(row, evaluation) for row in order}
        known = {row: predictions for row, predictions in found.items() if predictions is not None}
        if not known:
            continue
        name = "".join(character if character.isalnum() else "-" for character in evaluation)
        accuracy = pd.DataFrame({row: class_accuracy(predictions) for row, predictions in known.items()}).T
        named = accuracy.rename(index=labels)
        drawn = figures.heatmap(named, f"Recognised per class on {evaluation}{suffix}")
        yield from figures.save(drawn, folder, f"per-class-{name}")
        if plan.suite.leaderboard.baseline:
            references = baseline_rows(lines, results.axes, plan.suite.leaderboard.baseline)
            pairs = {row: base for row, base in references.items() if row in known and base in known}
            if pairs:
                change = pd.DataFrame(
                    {labels[row]: accuracy.loc[row] - accuracy.loc[base] for row, base in pairs.items()}
                ).T
                title = f"Difference to the baseline on {evaluation}{suffix}"
                yield from figures.save(
                    figures.heatmap(change, title, difference=True), folder, f"difference-{name}"
                )
        matrices = {labels[row]: confusion(predictions) for row, predictions in known.items()}
        yield from figures.save(
            figures.confusion_grid(matrices, f"{evaluation}{suffix}"), folder, f"confusion-{name}"
        )
    curves = figures.learning_curves(
        {labels[row]: results.histories(row) for row in order}, f"Learning curves{suffix}"
    )
    if curves is not None:
        yield from figures.save(curves, folder, "learning-curves")


def _page(results: Results, table: Table, images: Sequence[Path], folder: Path, plan: Plan) -> str:
    parts = [f"# {plan.suite.name}\n", f"{plan.suite.description}\n", "## Leaderboard\n", to_markdown(table)]
    parts += ["\n## Figures\n"]
    parts += [f"![{image.stem}]({image.relative_to(folder).as_posix()})\n" for image in images]
    parts += ["\n## Data\n", _data(results, plan)]
    left_out = {
        name: reason for record in results.records.values() for name, reason in record.left_out.items()
    }
    if left_out:
        parts += [
            "\n## Files left out\n",
            *(f"- {name}: {reason}" for name, reason in sorted(left_out.items())),
        ]
    parts += ["\n## Made with\n", *_provenance(results)]
    parts += ["\n## Suite\n", "```yaml", plan.suite.text.rstrip(), "```"]
    return "\n".join(parts) + "\n"


def _data(results: Results, plan: Plan) -> str:
    lines = [
        f"- {label}: {len(corpus.tracks)} tracks in {len(corpus.classes)} classes, revision {corpus.revision}"
        for label, corpus in plan.corpora.items()
    ]
    for record in results.records.values():
        if record.counts:
            items = ", ".join(
                f"{name.replace('_', ' ')} {count}" for name, count in sorted(record.counts.items())
            )
            lines.append(f"- {' · '.join(record.labels.values())}: {items}")
            notes = record.provenance.get("notes", [])
            lines += [f"  - {note}" for note in notes]
            break
    return "\n".join(lines)


def _provenance(results: Results) -> list[str]:
    record = next(iter(results.records.values()), None)
    if record is None:
        return ["No cell has been run."]
    made = record.provenance
    versions = ", ".join(f"{name} {found}" for name, found in made.get("versions", {}).items())
    return [
        f"- {versions}",
        f"- Python {made.get('python')} on {made.get('platform')}, {made.get('cpu')}, {made.get('cores')} cores",
        f"- suite's git commit: {made.get('git') or 'not in git'}",
    ]


def _write(file: Path, text: str) -> Path:
    file.write_text(text, encoding="utf-8")
    return file
