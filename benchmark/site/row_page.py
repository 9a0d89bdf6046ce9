"""The page of one row: its results, its cells, what they cost, and how to run it again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from benchmark.analysis.leaderboard import MEAN
from benchmark.analysis.per_class import class_accuracy
from benchmark.bundles.export import environment
from benchmark.bundles.suite_text import as_comment, suite_of, to_yaml
from benchmark.report.charts.results import heatmap
from benchmark.report.html.page import Page
from benchmark.report.html.section import Section
from benchmark.report.html.tables import PageTable, heat_table, items_table
from benchmark.report.leaderboard import MARKS
from benchmark.report.table import plain
from benchmark.results.frames import ROW
from benchmark.site.robustness import row_robustness
from benchmark.site.standings import Board, Row
from benchmark.site.words import KICKER, STATES, footer, marks_of, shown

_COSTS = (
    ("total", "parameters", "{:,.0f}", 1.0),
    ("trainable", "of these trainable", "{:,.0f}", 1.0),
    ("train_items", "training items", "{:,.0f}", 1.0),
    ("training_seconds", "training, seconds", "{:,.1f}", 1.0),
    ("total_seconds", "whole cell, seconds", "{:,.1f}", 1.0),
    ("items_per_second", "training, clips per second", "{:,.1f}", 1.0),
    ("flops_per_clip", "GFLOPs per clip", "{:,.3f}", 1e-9),
    ("peak_memory_mb", "peak memory, MB", "{:,.0f}", 1.0),
    ("energy_wh", "energy of training, Wh", "{:,.3f}", 1.0),
)


def row_page(board: Board, row: Row, line: Mapping[str, Any], suite: str) -> Page:
    """Return the page of one row; ``line`` is that of ``board_table``, ``suite`` is what ``row_yaml`` gives."""
    entry = row.entry
    first = next(iter(entry.records.values()))
    links = (("All tables", "../index.html"), (board.task.title, f"../tables/{board.task.key}.html"))
    checks = [
        (
            check.source.name,
            check.source.day,
            f"{len(check.names)} of {len(entry.tested)} cells, {check.exact} exactly the same",
            "agrees" if check.agree else "does not agree",
        )
        for check in row.checks
    ]
    grids: list[PageTable] = [_results_grid(board, row), _cells_grid(board, row)]
    if checks:
        grids.append(
            items_table("checks", "What other labs got.", ("lab", "date", "compared", "verdict"), checks)
        )
    spec = json.dumps({**first.spec, "seed": _seeds(row)}, indent=1, ensure_ascii=False)
    cells = board.results.by_cell(row.number, board.task.title).values()
    classes: tuple[PageTable, ...] = ()
    if cells:
        shares = pd.DataFrame({row.label: class_accuracy(cells, board.results.classes(row.number))}).T
        caption = "Per cent of each class's tracks that were recognised, mean over cells"
        classes = (heat_table("class-table", heatmap(caption, "row", shares, {}, {})),)
    measure = f"{board.sort.name} {MEAN}"
    labels = {row.number: row.label}
    return Page(
        row.label,
        f"{board.task.title}; {board.task.protocol}",
        (
            (board.sort.metric, shown(line.get(measure), board.sort.percent)),
            ("rank", str(line.get("rank") or "none")),
            ("check", row.state),
            ("lab", entry.source.name),
            ("date", entry.source.day),
        ),
        tuple((mark, MARKS.get(mark, "")) for mark in marks_of(row)),
        (
            Section("results", "Results", tables=tuple(grids), texts=(f"{row.state}: {STATES[row.state]}.",)),
            Section("classes", "Per class", tables=classes),
            Section("robustness", "Robustness", tables=row_robustness(board.robustness, row.number, labels)),
            Section("cost", "Cost", tables=_cost(board, row)),
            Section("run", "Run it", texts=_how(), source=suite),
            Section("specification", "Specification", source=spec),
            Section("provenance", "Provenance", tables=_provenance(row)),
            Section(
                "badge",
                "Badge",
                texts=("In Markdown, for a site at https://example.org:",),
                source=f"![{_plain(row.label)}](https://example.org/badges/{row.address}.svg)",
            ),
        ),
        footer(),
        KICKER,
        links,
    )


def row_yaml(row: Row, board: Board) -> str:
    """Return the suite that runs a row."""
    entry = row.entry
    records = list(entry.records.values())
    first = records[0]
    folds = sorted({int(record.spec["fold"]) for record in records if record.spec.get("fold") is not None})
    metrics = [measure.metric for measure in board.results.measures]
    try:
        suite, lacking = suite_of("again", first.spec, metrics, _seeds(row), folds)
    except (KeyError, TypeError):
        return as_comment(["Its specification is of an older form, of which no suite is made here."])
    head = [row.label, *lacking]
    return as_comment(head) + to_yaml(suite)


def _how() -> tuple[str, ...]:
    return (
        "Save this as again.yaml; 'bench run again.yaml --data DIR' runs it, DIR being where the dataset lies.",
    )


def _seeds(row: Row) -> list[int]:
    return sorted({int(record.spec.get("seed") or 0) for record in row.entry.records.values()})


def _results_grid(board: Board, row: Row) -> PageTable:
    intervals = board.statistics.intervals
    own = intervals[intervals[ROW] == row.number]
    lines = []
    for measure in board.results.measures:
        for line in own[own["measure"] == measure.name].to_dict("records"):
            values = [shown(plain(line[key]), measure.percent) for key in ("mean", "low", "high")]
            lines.append((measure.metric, *values, line["seeds"], line["units"], line["method"]))
    heads = ("metric", "mean", "low", "high", "cells", "independent units", "interval by")
    return items_table("intervals", "Means and 95 % intervals.", heads, lines)


def _cells_grid(board: Board, row: Row) -> PageTable:
    frame = board.results.cells
    own = frame[frame[ROW] == row.number].to_dict("records")
    lines = []
    for line in own:
        record = row.entry.records.get(str(line["cell"]))
        values = [shown(plain(line[measure.name]), measure.percent) for measure in board.results.measures]
        started = str(record.provenance.get("started") or "")[:10] if record else ""
        lines.append(
            (line["cell"], record.id if record else None, line["status"], *values, started, line["verdict"])
        )
    metrics = [measure.metric for measure in board.results.measures]
    heads = ("seed or fold", "id", "status", *metrics, "started", "audit")
    return items_table("cells", "Its cells.", heads, lines)


def _cost(board: Board, row: Row) -> tuple[PageTable, ...]:
    frame = board.results.cells
    own = frame[(frame[ROW] == row.number) & (frame["status"] == "ok")]
    lines = []
    for key, name, form, factor in _COSTS:
        values = own[key].astype(float).dropna() if key in own else pd.Series(dtype=float)
        if len(values):
            lines.append((name, form.format(factor * float(values.mean()))))
    return (items_table("costs", "Means over its cells.", ("what", "value"), lines),) if lines else ()


def _provenance(row: Row) -> tuple[PageTable, ...]:
    source = row.entry.source
    records = row.entry.records.values()
    facts = [
        ("bundle", source.file),
        ("suite", f"{source.suite}: {source.description}" if source.description else source.suite),
        ("signed by", source.signer or "not checked"),
        *((name, "; ".join(values)) for name, values in environment(records).items()),
        (
            "audit",
            "; ".join(dict.fromkeys(str(record.audit.get("verdict") or "unknown") for record in records)),
        ),
    ]
    notes = dict.fromkeys(str(note) for record in records for note in record.provenance.get("notes", ()))
    facts += [("note", note) for note in notes]
    return (
        items_table(
            "made-with", "Where it comes from, and what it was made with.", ("what", "answer"), facts
        ),
    )


def _plain(text: str) -> str:
    return "".join(letter for letter in text if letter not in "[]()\\`\n")
