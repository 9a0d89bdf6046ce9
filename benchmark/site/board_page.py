"""The page of one table, and its values for people and for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from benchmark.analysis.leaderboard import HIGH, LOW, MEAN
from benchmark.report.charts.kinds import Axis, Estimate, Picture, Point, Scatter
from benchmark.report.html.chapters import picture_passage
from benchmark.report.html.leaderboard import LEADERBOARD
from benchmark.report.html.page import Page
from benchmark.report.html.section import Section
from benchmark.report.html.tables import PageCell, PageTable, items_table, page_table
from benchmark.report.table import Column, Table, plain
from benchmark.report.verdicts import block_names, known_sentences, separable_sentences, standings
from benchmark.results.frames import ROW
from benchmark.site.robustness import robustness_section
from benchmark.site.standings import REPRODUCED, Board
from benchmark.site.words import KICKER, bundles_table, footer, marks_of, shown, states_table, warnings_of


def board_page(board: Board) -> Page:
    """Return the page of one table."""
    table = board_table(board)
    sort = board.sort.name
    bars = {
        f"{sort} {MEAN}": (f"{sort} {LOW}", f"{sort} {MEAN}", f"{sort} {HIGH}"),
        "rank": ("rank_low", "rank_middle", "rank_high"),
    }
    grid = _linked(page_table(LEADERBOARD, table, "label", [f"{sort} {MEAN}"], bars), table)
    labs = tuple(dict.fromkeys(line["lab"] for line in table.lines))
    states = tuple(dict.fromkeys(line["state"] for line in table.lines))
    filters = {name: labels for name, labels in (("lab", labs), ("check", states)) if len(labels) > 1}
    sections = [
        Section(
            "leaderboard", "Leaderboard", texts=table.lead, tables=(grid,), sortable=True, filters=filters
        ),
        robustness_section(board.robustness, _labels(board)),
        _history_section(board),
        Section("bundles", "Bundles", tables=(bundles_table(board.sources),)),
        Section("marks", "What is said of a row", tables=(states_table(),)),
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
        warnings_of([board]),
        tuple(sections),
        footer(),
        KICKER,
        (("All tables", "../index.html"),),
    )


def board_table(board: Board) -> Table:
    """Return a table's values, for people and for programs."""
    labels = _labels(board)
    names = block_names(board.statistics, board.lines, ())
    blocks = {
        row: names[number] for number, known in enumerate(board.statistics.known) for row in known.block.rows
    }
    said = standings(board.statistics, board.sort)
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
            "marks": marks_of(row),
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
    notes = (*separable_sentences(board.statistics, board.results.measures), *board.statistics.notes)
    lead = tuple(known_sentences(board.statistics, labels, names, board.sort))
    return Table(columns, tuple(lines), caption, notes, lead)


def _labels(board: Board) -> dict[int, str]:
    """Return what rows are called, the best first."""
    return {int(number): board.rows[int(number)].label for number in board.lines[ROW]}


def _measured(board: Board, number: int) -> Column:
    measure = board.results.measures[number]
    low, high = (f"{measure.name} {side}" for side in (LOW, HIGH))
    kind = "percent" if measure.percent else "number"
    return Column(f"{measure.name} {MEAN}", measure.metric, kind, low=low, high=high)  # type: ignore[arg-type]


def _linked(grid: PageTable, table: Table) -> PageTable:
    """Return a leaderboard whose rows' names lead to their pages; who checked a row stands below the word."""
    keys = [column.key for column in table.on_page]

    def drawn(key: str, cell: PageCell, line: Mapping[str, Any]) -> PageCell:
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
        (source.day, source.name, count, best or None, shown(plain(value), board.sort.percent))
        for source, count, best, value in board.history
    ]
    heads = ("date", "lab", "rows", "in front then", board.sort.metric)
    table = items_table(
        "history-table", "By the numbers of today's table: bundles in the order of their dates.", heads, lines
    )
    known = [(number, value) for number, (*_, value) in enumerate(board.history) if np.isfinite(value)]
    chart = _history_picture(board, known) if len(known) > 1 and board.sort.percent else None
    return Section(
        "history", "History", tables=(table,), passages=(picture_passage(chart),) if chart is not None else ()
    )


def _history_picture(board: Board, known: Sequence[tuple[int, float]]) -> Picture:
    """Return the best value up to each bundle, by the bundles' dates."""
    values = [value for _, value in known]
    room = max(0.02, (max(values) - min(values)) * 0.3)
    last = len(board.history) - 1
    ends = tuple((float(number), board.history[number][0].day) for number in sorted({0, last}))
    points = tuple(
        Point(
            f"{board.history[number][0].day}: {board.history[number][2]}",
            Estimate(number),
            Estimate(value),
            True,
        )
        for number, value in known
    )
    x = Axis("date of the bundle", low=-0.1 * last, high=1.1 * last, ticks=ends)
    y = Axis(
        board.sort.metric, percent=True, low=max(0.0, min(values) - room), high=min(1.0, max(values) + room)
    )
    title = f"Best {board.sort.metric} so far"
    return Picture("history-chart", title, (Scatter(title, x, y, points),))
