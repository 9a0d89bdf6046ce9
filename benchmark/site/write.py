"""Write a leaderboard's pages, its JSON and its badges."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmark.analysis.leaderboard import HIGH, LOW, MEAN, SD
from benchmark.exceptions import ResultsError, UsageError
from benchmark.files import make_folder, write_text
from benchmark.report.html.page import Page, render
from benchmark.site.badges import badge
from benchmark.site.board_page import board_page, board_table
from benchmark.site.entries import gather
from benchmark.site.index_page import index_page
from benchmark.site.robustness import robustness_data
from benchmark.site.row_page import row_page, row_yaml
from benchmark.site.standings import Board, boards
from benchmark.text import visible

FORMAT, MARKER = 1, "site.json"
_FOLDERS = ("tables", "rows", "data", "badges")


def write_site(
    files: Sequence[Path], target: Path, signers: Path | None = None
) -> tuple[list[Board], tuple[str, ...]]:
    """Write the leaderboard of some bundles to a folder; return its tables, and what must be said.

    What an earlier leaderboard has left there is removed, and nothing else.

    Raises:
        BundleError: when a bundle is damaged or, with ``signers``, not signed by one of them.
        UsageError: when the folder has other things in it.
        ResultsError: when it cannot be written.
    """
    gathered = gather(files, signers)
    made = boards(gathered)
    try:
        _prepare(target)
        for board in made:
            _write_board(board, target)
        _page(target / "index.html", index_page(made, gathered))
        content = {
            "format": FORMAT,
            "tables": [
                {**_task(board), "rows": len(board.rows), "data": f"data/{board.task.key}.json"}
                for board in made
            ],
            "bundles": [
                {
                    "file": source.file,
                    "suite": source.suite,
                    "lab": source.lab,
                    "date": source.date,
                    "signer": source.signer,
                }
                for source in gathered.sources
            ],
            "notes": list(gathered.notes),
        }
        write_text(target / MARKER, _json(content))
    except OSError as error:
        raise ResultsError(f"{target} cannot be written: {error.strerror or error}.") from error
    return made, gathered.notes


def _prepare(target: Path) -> None:
    """Make the folders, and remove the files of an earlier leaderboard."""
    if target.is_dir() and any(target.iterdir()) and not (target / MARKER).is_file():
        raise UsageError(
            f"{target} has other things in it than a leaderboard; choose an empty folder with -o."
        )
    for name in _FOLDERS:
        make_folder(target / name)
        for file in (target / name).iterdir():
            if file.suffix in (".html", ".json", ".svg", ".yaml") and not file.is_dir():
                file.unlink()


def _write_board(board: Board, target: Path) -> None:
    key, table = board.task.key, board_table(board)
    _page(target / "tables" / f"{key}.html", board_page(board))
    measure = board.sort
    lines = []
    for line in table.lines:
        row = board.rows[int(line["row"])]
        suite = row_yaml(row, board)
        _page(target / "rows" / f"{row.address}.html", row_page(board, row, line, suite))
        _plainly(target / "rows" / f"{row.address}.yaml", suite)
        value = line[f"{measure.name} {MEAN}"]
        text = "–" if value is None else f"{100 * value:.1f} %" if measure.percent else f"{value:.3f}"
        rank = f", rank {line['rank']}" if line["rank"] else ""
        _plainly(
            target / "badges" / f"{row.address}.svg",
            badge(f"{board.task.title} {measure.metric}", f"{text}{rank}, {row.state}", row.state),
        )
        lines.append(_line(board, line))
    content = {"format": FORMAT, **_task(board), "rows": lines, "notes": list(table.notes)}
    _plainly(target / "data" / f"{key}.json", _json(content))


def _line(board: Board, line: dict[str, Any]) -> dict[str, Any]:
    """Return a row for programs: metrics in their own units."""
    row = board.rows[int(line["row"])]
    metrics = {
        measure.metric: {part: line.get(f"{measure.name} {part}") for part in (MEAN, SD, LOW, HIGH)}
        for measure in board.results.measures
    }
    facts = (
        "label",
        "lab",
        "date",
        "suite",
        "state",
        "rank_low",
        "rank_high",
        "says",
        "verdict",
        "standing",
        "marks",
    )
    return {
        "id": row.address,
        **{name: line.get(name) for name in facts},
        "ok": line["ok"],
        "expected": line["expected"],
        "metrics": metrics,
        "robustness": robustness_data(board.robustness, row.number),
        "checks": [
            {"lab": check.source.lab, "cells": len(check.names), "exact": check.exact, "agree": check.agree}
            for check in row.checks
        ],
        "cells": [record.id for record in row.entry.records.values()],
        "page": f"rows/{row.address}.html",
        "suite_file": f"rows/{row.address}.yaml",
        "badge": f"badges/{row.address}.svg",
    }


def _task(board: Board) -> dict[str, str]:
    return {"id": board.task.key, "tested_on": board.task.title, "protocol": board.task.protocol}


def _page(file: Path, page: Page) -> None:
    _plainly(file, visible(render(page)))


def _plainly(file: Path, text: str) -> None:
    # Thousands of files that are made again in a minute are not worth a sync each.
    file.write_text(text, encoding="utf-8")


def _json(content: Any) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
