"""The page that lists all tables of a leaderboard, and all bundles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from benchmark.analysis.leaderboard import MEAN
from benchmark.report.html.page import Page
from benchmark.report.html.section import Section
from benchmark.report.html.tables import PageCell, items_table
from benchmark.report.table import plain
from benchmark.results.frames import ROW
from benchmark.site.entries import Gathered
from benchmark.site.standings import REPRODUCED, Board
from benchmark.site.words import KICKER, bundles_table, footer, number_cell, shown, states_table, warnings_of


def index_page(boards: Sequence[Board], gathered: Gathered) -> Page:
    """Return the page that lists all tables, and all bundles."""
    lines = []
    for board in boards:
        leading = _leader(board)
        lines.append(
            (
                PageCell(
                    board.task.title, board.task.title, is_head=True, href=f"tables/{board.task.key}.html"
                ),
                PageCell(board.task.protocol),
                number_cell(len(board.rows)),
                PageCell(leading[0] if leading else "–", note=leading[1] if leading else ""),
                number_cell(sum(row.state == REPRODUCED for row in board.rows.values())),
                PageCell(", ".join(dict.fromkeys(source.name for source in board.sources))),
                PageCell(max((source.day for source in board.sources), default=""), style="interval"),
            )
        )
    heads = ("tested on", "protocol", "rows", "in front", "reproduced", "labs", "latest")
    grid = items_table(
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
        warnings_of(boards),
        (
            Section("tables", "Tables", tables=(grid,)),
            Section("bundles", "Bundles", tables=(bundles_table(gathered.sources),), items=gathered.notes),
            Section("marks", "What is said of a row", tables=(states_table(),)),
        ),
        footer(),
        KICKER,
    )


def _leader(board: Board) -> tuple[str, str] | None:
    ranked = board.lines[board.lines["complete"] & board.lines["clean"]]
    if ranked.empty:
        return None
    line = ranked.iloc[0]
    value = shown(plain(line[f"{board.sort.name} {MEAN}"]), board.sort.percent)
    return board.rows[int(line[ROW])].label, f"{board.sort.metric} {value}"
