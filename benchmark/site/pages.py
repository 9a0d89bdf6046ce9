"""The pages of a leaderboard, in the look of a report: one for all tables, one per table, one per row."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd

from benchmark.analysis.leaderboard import HIGH, LOW, MEAN
from benchmark.analysis.per_class import class_accuracy
from benchmark.bundles.export import environment
from benchmark.bundles.suite_text import as_comment, suite_of, to_yaml
from benchmark.report.html.chart import Chart, Dot, Scale, Tick, axes_of, percent_ticks, polyline
from benchmark.report.html.grid import Cell, Grid, items_grid, share_grid, table_grid
from benchmark.report.html.page import Page
from benchmark.report.html.results import LEADERBOARD
from benchmark.report.html.section import Section
from benchmark.report.leaderboard import MARKS
from benchmark.report.table import Column, Table, plain
from benchmark.report.verdicts import block_names, known_sentences, separable_sentences, standings
from benchmark.results.frames import ROW
from benchmark.site.entries import Gathered, Submission
from benchmark.site.standings import DISPUTED, PARTLY, REPORTED, REPRODUCED, Board, Row

KICKER = "genrebench leaderboard"
_FOOTER = "Made by genrebench {}. It loads nothing from anywhere: links lead to pages beside this one."
STATES = {
    REPORTED: "one lab says so",
    REPRODUCED: "another lab has run the same cells, and metrics agree within 2 points",
    PARTLY: "another lab has run some of its cells, and metrics agree within 2 points",
    DISPUTED: "another lab has run the same cells, and got other numbers",
}
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


def index_page(boards: Sequence[Board], gathered: Gathered) -> Page:
    """Return the page that lists all tables, and all bundles."""
    lines = []
    for board in boards:
        leading = _leader(board)
        lines.append(
            (
                Cell(board.task.title, board.task.title, is_head=True, href=f"tables/{board.task.key}.html"),
                Cell(board.task.protocol),
                _number(len(board.rows)),
                Cell(leading[0] if leading else "–", note=leading[1] if leading else ""),
                _number(sum(row.state == REPRODUCED for row in board.rows.values())),
                Cell(", ".join(dict.fromkeys(source.name for source in board.sources))),
                Cell(max((source.day for source in board.sources), default=""), style="interval"),
            )
        )
    heads = ("tested on", "protocol", "rows", "in front", "reproduced", "labs", "latest")
    grid = items_grid(
        "tables", "Rows are ranked within a table only: it is one test, under one protocol.", heads, []
    )
    grid = replace(
        grid,
        heads=tuple(replace(head, is_number=head.text in ("rows", "reproduced")) for head in grid.heads),
        lines=tuple(lines),
        style="plain",
    )
    labs = dict.fromkeys(source.name for source in gathered.sources)
    return Page(
        "Leaderboard",
        "Results of several labs, by the same statistics. Who is first may be chance: a rank is what a row may have.",
        (
            ("tables", f"{len(boards):,}"),
            ("rows", f"{sum(len(board.rows) for board in boards):,}"),
            ("labs", f"{len(labs):,}"),
            ("bundles", f"{len(gathered.sources):,}"),
        ),
        _warnings(boards),
        (
            Section("tables", "Tables", grids=(grid,)),
            Section("bundles", "Bundles", grids=(_bundles(gathered.sources),), items=gathered.notes),
            Section("marks", "What is said of a row", grids=(_states(),)),
        ),
        _footer(),
        KICKER,
    )


def board_page(board: Board) -> Page:
    """Return the page of one table."""
    table = board_table(board)
    sort = board.sort.name
    bars = {
        f"{sort} {MEAN}": (f"{sort} {LOW}", f"{sort} {MEAN}", f"{sort} {HIGH}"),
        "rank": ("rank_low", "rank_middle", "rank_high"),
    }
    grid = _linked(table_grid(LEADERBOARD, table, "label", [f"{sort} {MEAN}"], bars), table)
    labs = tuple(dict.fromkeys(line["lab"] for line in table.lines))
    states = tuple(dict.fromkeys(line["state"] for line in table.lines))
    filters = {name: labels for name, labels in (("lab", labs), ("check", states)) if len(labels) > 1}
    sections = [
        Section(
            "leaderboard", "Leaderboard", texts=table.lead, grids=(grid,), sortable=True, filters=filters
        ),
        _history_section(board),
        Section("bundles", "Bundles", grids=(_bundles(board.sources),)),
        Section("marks", "What is said of a row", grids=(_states(),)),
    ]
    return Page(
        board.task.title,
        board.task.protocol,
        (
            ("rows", f"{len(board.rows):,}"),
            ("reproduced", f"{sum(row.state == REPRODUCED for row in board.rows.values()):,}"),
            ("labs", f"{len({source.name for source in board.sources}):,}"),
            ("latest", max((source.day for source in board.sources), default="")),
        ),
        _warnings([board]),
        tuple(sections),
        _footer(),
        KICKER,
        (("All tables", "../index.html"),),
    )


def board_table(board: Board) -> Table:
    """Return a table's values, for people and for programs."""
    labels = {number: row.label for number, row in board.rows.items()}
    names = block_names(board.found, board.lines, ())
    blocks = {
        row: names[number] for number, known in enumerate(board.found.known) for row in known.block.rows
    }
    said = standings(board.found, board.sort)
    lines = []
    for line in board.lines.to_dict("records"):
        number = int(line[ROW])
        row = board.rows[number]
        values = {str(key): plain(value) for key, value in line.items() if key != "marks"}
        low, high = values["rank_low"], values["rank_high"]
        values |= {
            "label": row.label,
            "address": row.address,
            "lab": row.entry.source.name,
            "date": row.entry.source.day,
            "suite": row.entry.source.suite,
            "state": row.state,
            "by": ", ".join(dict.fromkeys(check.source.lab for check in row.checks)),
            "says": said.get(number),
            "tested alike": blocks.get(number),
            "n": f"{line['ok']}/{line['expected']}",
            "marks": _marks(row),
            "rank_middle": None if low is None else (low + high) / 2,
        }
        lines.append(values)
    several = len({line["tested alike"] for line in lines}) > 1
    columns = (
        Column("rank", "rank", "rank"),
        Column("label", "row"),
        Column("lab", "lab"),
        *(_measured(board, number) for number in range(len(board.results.measures))),
        Column("says", "verdict"),
        *((Column("tested alike", "tested alike"),) if several else ()),
        Column("n", "cells ok"),
        Column("state", "check"),
        Column("date", "date"),
        Column("total", "parameters", "integer"),
        Column("training_seconds", "training s", "seconds"),
        Column("verdict", "audit"),
    )
    caption = (
        f"Sorted by {board.sort.metric}; mean over seeds and folds [95 % interval]; ranks are what a row may have. "
        "Rows that were tested on other tracks are not ranked against each other."
    )
    notes = (*separable_sentences(board.found, board.results.measures), *board.found.notes)
    lead = tuple(known_sentences(board.found, labels, names, board.sort))
    return Table(columns, tuple(lines), caption, notes, lead)


def row_page(board: Board, row: Row, line: Mapping[str, Any]) -> Page:
    """Return the page of one row; ``line`` is that of ``board_table``."""
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
    grids: list[Grid] = [_results_grid(board, row), _cells_grid(board, row)]
    if checks:
        grids.append(
            items_grid("checks", "What other labs got.", ("lab", "date", "compared", "verdict"), checks)
        )
    spec = json.dumps({**first.spec, "seed": _seeds(row)}, indent=1, ensure_ascii=False)
    cells = board.results.by_cell(row.number, board.task.title).values()
    classes: tuple[Grid, ...] = ()
    if cells:
        shares = pd.DataFrame({row.label: class_accuracy(cells, board.results.classes(row.number))}).T
        caption = "Per cent of each class's tracks that were recognised, mean over cells."
        classes = (share_grid("classes", shares, caption, "row", {}),)
    measure = f"{board.sort.name} {MEAN}"
    return Page(
        row.label,
        f"{board.task.title}; {board.task.protocol}",
        (
            (board.sort.metric, _shown(line.get(measure), board.sort.percent)),
            ("rank", str(line.get("rank") or "none")),
            ("check", row.state),
            ("lab", entry.source.name),
            ("date", entry.source.day),
        ),
        tuple((mark, MARKS.get(mark, "")) for mark in _marks(row)),
        (
            Section("results", "Results", grids=tuple(grids), texts=(f"{row.state}: {STATES[row.state]}.",)),
            Section("classes", "Per class", grids=classes),
            Section("cost", "Cost", grids=_cost(board, row)),
            Section("run", "Run it", texts=_how(), source=row_yaml(row, board)),
            Section("specification", "Specification", source=spec),
            Section("provenance", "Provenance", grids=_provenance(row)),
            Section(
                "badge",
                "Badge",
                texts=("In Markdown, for a site at https://example.org:",),
                source=f"![{_plain(row.label)}](https://example.org/badges/{row.address}.svg)",
            ),
        ),
        _footer(),
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


def _leader(board: Board) -> tuple[str, str] | None:
    ranked = board.lines[board.lines["complete"] & board.lines["clean"]]
    if ranked.empty:
        return None
    line = ranked.iloc[0]
    value = _shown(plain(line[f"{board.sort.name} {MEAN}"]), board.sort.percent)
    return board.rows[int(line[ROW])].label, f"{board.sort.metric} {value}"


def _measured(board: Board, number: int) -> Column:
    measure = board.results.measures[number]
    low, high = (f"{measure.name} {side}" for side in (LOW, HIGH))
    kind = "percent" if measure.percent else "number"
    return Column(f"{measure.name} {MEAN}", measure.metric, kind, low=low, high=high)  # type: ignore[arg-type]


def _linked(grid: Grid, table: Table) -> Grid:
    """Return a leaderboard whose rows' names lead to their pages; who checked a row stands below the word."""
    keys = [column.key for column in table.on_page]

    def drawn(key: str, cell: Cell, line: Mapping[str, Any]) -> Cell:
        if cell.is_head:
            return replace(cell, href=f"../rows/{line['address']}.html")
        if key == "state" and line["by"]:
            return replace(cell, note=f"by {line['by']}")
        return replace(cell, style="interval") if key == "date" else cell

    lines = tuple(
        tuple(drawn(key, cell, line) for key, cell in zip(keys, cells, strict=True))
        for cells, line in zip(grid.lines, table.lines, strict=True)
    )
    return replace(grid, lines=lines)


def _history_section(board: Board) -> Section:
    lines = [
        (source.day, source.name, count, best or None, _shown(plain(value), board.sort.percent))
        for source, count, best, value in board.history
    ]
    heads = ("date", "lab", "rows", "in front then", board.sort.metric)
    grid = items_grid(
        "history-table", "By the numbers of today's table: bundles in the order of their dates.", heads, lines
    )
    known = [(number, value) for number, (*_, value) in enumerate(board.history) if np.isfinite(value)]
    charts: tuple[tuple[str, tuple[Chart, ...]], ...] = ()
    if len(known) > 1 and board.sort.percent:
        charts = (("", (_history_chart(board, known),)),)
    return Section("history", "History", grids=(grid,), charts=charts)


def _history_chart(board: Board, known: Sequence[tuple[int, float]]) -> Chart:
    across, up = axes_of()
    values = [value for _, value in known]
    room = max(0.02, (max(values) - min(values)) * 0.3)
    x = Scale(0, len(board.history) - 1, across[0] + 24, across[1] - 24)
    y = Scale(max(0.0, min(values) - room), min(1.0, max(values) + room), *up)
    steps = []
    for (number, value), (later, _) in zip(known, [*known[1:], (len(board.history) - 1, 0.0)], strict=True):
        steps += [(float(number), value), (float(later), value)]
    dots = tuple(
        Dot(x(number), y(value), "front", f"{board.history[number][0].day}: {board.history[number][2]}, "
            f"{100 * value:.1f}")
        for number, value in known
    )  # fmt: skip
    shown = sorted({0, len(board.history) - 1})
    ticks = tuple(Tick(x(number), board.history[number][0].day) for number in shown)
    said = f"The best {board.sort.metric} up to each bundle: " + "; ".join(dot.title for dot in dots)
    return Chart(f"Best {board.sort.metric} so far", said, "", "%", ticks, percent_ticks(y),
                 (("frontier", polyline(steps, x, y)),), dots)  # fmt: skip


def _results_grid(board: Board, row: Row) -> Grid:
    found = board.found.intervals
    own = found[found[ROW] == row.number]
    lines = []
    for measure in board.results.measures:
        for line in own[own["measure"] == measure.name].to_dict("records"):
            values = [_shown(plain(line[key]), measure.percent) for key in ("mean", "low", "high")]
            lines.append((measure.metric, *values, line["seeds"], line["units"], line["method"]))
    heads = ("metric", "mean", "low", "high", "cells", "independent units", "interval by")
    return items_grid("intervals", "Means and 95 % intervals.", heads, lines)


def _cells_grid(board: Board, row: Row) -> Grid:
    frame = board.results.cells
    own = frame[frame[ROW] == row.number].to_dict("records")
    lines = []
    for line in own:
        record = row.entry.records.get(str(line["cell"]))
        values = [_shown(plain(line[measure.name]), measure.percent) for measure in board.results.measures]
        started = str(record.provenance.get("started") or "")[:10] if record else ""
        lines.append(
            (line["cell"], record.id if record else None, line["status"], *values, started, line["verdict"])
        )
    metrics = [measure.metric for measure in board.results.measures]
    heads = ("seed or fold", "id", "status", *metrics, "started", "audit")
    return items_grid("cells", "Its cells.", heads, lines)


def _cost(board: Board, row: Row) -> tuple[Grid, ...]:
    frame = board.results.cells
    own = frame[(frame[ROW] == row.number) & (frame["status"] == "ok")]
    lines = []
    for key, name, form, factor in _COSTS:
        values = own[key].astype(float).dropna() if key in own else pd.Series(dtype=float)
        if len(values):
            lines.append((name, form.format(factor * float(values.mean()))))
    return (items_grid("costs", "Means over its cells.", ("what", "value"), lines),) if lines else ()


def _provenance(row: Row) -> tuple[Grid, ...]:
    source = row.entry.source
    records = row.entry.records.values()
    facts = [
        ("bundle", source.file),
        ("suite", f"{source.suite}: {source.description}" if source.description else source.suite),
        ("signed by", source.signer or "not checked"),
        *((name, "; ".join(values)) for name, values in environment(records).items()),
        ("audit", "; ".join(dict.fromkeys(str(each.audit.get("verdict") or "unknown") for each in records))),
    ]
    notes = dict.fromkeys(str(note) for each in records for note in each.provenance.get("notes", ()))
    facts += [("note", note) for note in notes]
    return (
        items_grid("made-with", "Where it comes from, and what it was made with.", ("what", "answer"), facts),
    )


def _bundles(sources: Sequence[Submission]) -> Grid:
    lines = [(each.name, each.day, each.suite, each.file, each.signer or "not checked") for each in sources]
    return items_grid(
        "bundle-table", "Where the numbers come from.", ("lab", "date", "suite", "bundle", "signed by"), lines
    )


def _states() -> Grid:
    return items_grid("states", "", ("word", "meaning"), STATES.items())


def _warnings(boards: Sequence[Board]) -> tuple[tuple[str, str], ...]:
    marks = dict.fromkeys(mark for board in boards for row in board.rows.values() for mark in _marks(row))
    return tuple((mark, MARKS.get(mark, "")) for mark in marks)


def _marks(row: Row) -> list[str]:
    return list(dict.fromkeys(str(mark) for line in row.entry.lines for mark in line["marks"]))


def _number(value: int) -> Cell:
    return Cell(f"{value:,}", str(value))


def _shown(value: Any, percent: bool) -> str:
    if value is None:
        return "–"
    return f"{100 * value:.1f}" if percent else f"{value:.3f}"


def _plain(text: str) -> str:
    return "".join(each for each in text if each not in "[]()\\`\n")


def _footer() -> str:
    return _FOOTER.format(version("genrebench"))
