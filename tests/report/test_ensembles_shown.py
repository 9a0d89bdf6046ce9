"""Ensembles stand beside the leaderboard on a terminal too, marked, with what they are made of."""

from __future__ import annotations

from pathlib import Path

import pytest
from fabricate import SUITE, make_plan, make_registry, make_results

from benchmark.report.render import to_terminal
from benchmark.report.table import Table
from benchmark.report.write import write_report

TOGETHER = SUITE.replace("leaderboard: {", "leaderboard: {ensembles: {size: 3, seeds: true}, ")


@pytest.fixture
def boards(tmp_path: Path) -> list[Table]:
    """Return the leaderboard of a report that is made, and that of one that nothing has changed of."""
    plan = make_plan(tmp_path, TOGETHER)
    store = make_results(plan, tmp_path / "results", validated=True)
    return [write_report(plan, store, make_registry(), ["csv"])[1] for _ in range(2)]


def test_the_terminal_shows_ensembles_below_the_leaderboard_and_not_in_it(boards: list[Table]) -> None:
    for board in boards:
        rows, seeds = board.beside
        (line,) = rows.lines
        assert line["marks"][0] == "ensemble"
        said = to_terminal(board)
        leaderboard, below = said.split("Ensembles of up to 3 members", 1)
        assert "ensemble" not in leaderboard
        assert "%" in line["made_of"]
        assert line["made_of"] in below
        assert "The seeds of each row together" in below
        assert len(seeds.lines) > 0
    assert boards[0] == boards[1]


def test_what_an_ensemble_is_made_of_stays_where_room_is_short(boards: list[Table]) -> None:
    said = to_terminal(boards[0], 100).split("Ensembles of up to", 1)[1]
    assert "made of" in said
    assert "No room for" in said
    assert all(len(line) <= 100 for line in said.splitlines())


def test_a_suite_that_asks_for_none_has_nothing_beside_it(tmp_path: Path) -> None:
    plan = make_plan(tmp_path)
    store = make_results(plan, tmp_path / "results")
    assert write_report(plan, store, make_registry(), ["csv"])[1].beside == ()
