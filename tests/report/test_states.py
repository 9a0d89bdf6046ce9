"""There is a report in every state that results can be in."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Sequence
from itertools import combinations_with_replacement
from pathlib import Path

import fabricate
import pytest

from benchmark.report.write import FORMATS, write_report

TABLES = ("md", "html", "csv", "tex")
OK, MISSING, FAILED = "ok", "missing", "failed"
ROWS = tuple(combinations_with_replacement((OK, MISSING, FAILED), 2))
SUITE = """
name: made_up
cell: {dataset: tones, features: picture, evaluate: [test], metrics: [top1, macro-f1]}
matrix:
  model: [first, second]
  seed: [0, 1]
leaderboard: {baseline: {model: first}}
"""


def report(folder: Path, states: Sequence[str], formats: Sequence[str], **changes: object) -> Path:
    """Write the report of results whose cells ended so, in the order of the plan."""
    plan = fabricate.make_plan(folder, SUITE)
    failed = {number: "no luck" for number, state in enumerate(states) if state == FAILED}
    store = fabricate.make_results(plan, folder / "results", failed, **changes)
    folders = store.scan()
    for id_, state in zip(plan.ids, states, strict=True):
        if state == MISSING:
            shutil.rmtree(folders[str(id_)])
    write_report(plan, store, fabricate.make_registry(), formats)
    return store.folder / "report"


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(rows, marks=() if OK in rows[0] and rows[0] != rows[1] else pytest.mark.slow)
        for rows in combinations_with_replacement(ROWS, 2)
    ],
    ids=str,
)
def test_every_combination_of_outcomes_has_all_tables(tmp_path: Path, rows: Sequence[Sequence[str]]) -> None:
    states = [state for row in rows for state in row]
    folder = report(tmp_path, states, TABLES)
    lines = {line["model"]: line for line in csv.DictReader((folder / "leaderboard.csv").open())}
    for model, row in zip(("first", "second"), rows, strict=True):
        assert lines[model]["ok"] == str(row.count(OK))
        assert bool(lines[model]["tones:test/top1 mean"]) == (OK in row)
        assert bool(lines[model]["rank"]) == (row == (OK, OK))
    assert "## Leaderboard" in (folder / "report.md").read_text()
    assert "Leaderboard of made_up" in (folder / "report.html").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("states", [(OK, MISSING, MISSING, MISSING), (OK, FAILED, OK, OK), (MISSING,) * 4])
def test_results_without_a_complete_row_have_figures_too(tmp_path: Path, states: Sequence[str]) -> None:
    folder = report(tmp_path, states, FORMATS)
    assert (folder / "figures" / "per-class-tones-test.png").is_file() == (OK in states)


def test_finished_cells_that_all_leak_have_a_report_though_no_row_is_complete(tmp_path: Path) -> None:
    folder = report(tmp_path, (OK, MISSING, MISSING, OK), TABLES, marks=["leaky"])
    assert {line["rank"] for line in csv.DictReader((folder / "leaderboard.csv").open())} == {""}
