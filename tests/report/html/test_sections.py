"""What the page's tables hold, before a browser draws them."""

from __future__ import annotations

from pathlib import Path

import fabricate
import pytest

from benchmark.report.charts.kinds import Heatmap, Tile
from benchmark.report.html.tables import heat_table, items_table, page_table
from benchmark.report.table import Column, Table
from benchmark.report.write import write_report


def test_heatmaps_show_per_cent_and_points_and_say_what_is_missing() -> None:
    tiles = ((Tile(0.5), None), (Tile(1.0), Tile(0.004)))
    marks: tuple[tuple[str, ...], ...] = ((), ("leaky",))
    shares = heat_table(
        "shares", Heatmap("caption", "row", ("a", "b"), ("jazz", "rock"), tiles, line_marks=marks)
    )
    assert [[cell.text for cell in line] for line in shares.lines] == [["a", "50", "–"], ["b", "100", "0"]]
    assert shares.lines[1][0].marks == ("leaky",)
    assert [cell.style for cell in shares.lines[0][1:]] == ["s10", "none"]
    changed = ((Tile(-0.25), Tile(-0.0004)), (Tile(0.25, "unclear", "p 0.30", "hint"), Tile(0.1, "equal")))
    points = heat_table("d", Heatmap("caption", "row", ("a", "b"), ("x", "y"), changed, "points", 0.25))
    assert [cell.text for cell in points.lines[0]] == ["a", "−25", "+0"]
    assert [cell.style for line in points.lines for cell in line[1:]] == ["d0", "d10", "unclear", "equal"]
    assert (points.lines[1][1].note, points.lines[1][1].title) == ("p 0.30", "hint")


def test_what_may_be_the_best_is_framed_and_keeps_its_colour() -> None:
    chart = Heatmap("t", "dose", ("0",), ("1", "2"), ((Tile(1.5), Tile(2.5, "best")),), "number", digits=3)
    (line,) = heat_table("surface", chart).lines
    assert [(cell.text, cell.style) for cell in line[1:]] == [("1.500", "s0"), ("2.500", "s20 best")]


def test_numbers_are_sorted_by_their_value_and_carry_marks_and_intervals() -> None:
    columns = (Column("rank", "rank", "integer"), Column("model", "model"), Column("mean", "top1", "percent"))
    lines = (
        {"rank": 1, "model": "cnn", "mean": 0.5, "low": 0.4, "high": 0.6, "marks": ["leaky"]},
        {"rank": None, "model": "crnn", "mean": None, "low": None, "high": None, "marks": []},
    )
    table = page_table(
        "t", Table(columns, lines), head="model", marked=["mean"], bars={"mean": ("low", "mean", "high")}
    )
    assert [cell.value for cell in table.lines[0]] == ["1", "cnn", "0.5"]
    assert [cell.value for cell in table.lines[1]] == ["", "crnn", ""]
    assert table.lines[0][2].marks == ("leaky",)
    bar = table.lines[0][2].bar
    assert bar is not None
    assert (bar.low, bar.at, bar.high) == (4, 60, 116)
    assert table.lines[1][2].bar is None


def test_a_zero_is_a_number_and_not_missing() -> None:
    table = items_table("t", "caption", ("state", "cells"), [("failed", 0), ("ok", None)])
    assert [line[1].text for line in table.lines] == ["0", "–"]


def test_differences_are_drawn_with_zero_in_sight() -> None:
    column = Column("difference", "difference", "points", low="low", high="high")
    table = Table((column,), ({"difference": 0.2, "low": 0.1, "high": 0.4},))
    (line,) = page_table("t", table, bars={"difference": ("low", "difference", "high")}).lines
    assert line[0].bar is not None
    assert line[0].bar.zero == 4
    assert line[0].bar.zero < line[0].bar.low < line[0].bar.at < line[0].bar.high == 116


@pytest.mark.parametrize("failed", [{}, {3: "no luck"}, dict.fromkeys(range(12), "no luck")])
def test_a_page_is_made_whatever_went_wrong(tmp_path: Path, failed: dict[int, str]) -> None:
    plan = fabricate.make_plan(tmp_path)
    store = fabricate.make_results(plan, tmp_path / "results", failed, marks=["rehearsal", "leaky"])
    write_report(plan, store, fabricate.make_registry(), ["html"])
    page = (store.folder / "report" / "report.html").read_text()
    assert "A REHEARSAL on small stand-ins" in page
    assert ("no luck" in page) == bool(failed)
    assert f"{12 - len(failed)} of 12" in page
    for heading in ("Leaderboard", "Cells", "Data", "Made with", "Suite"):
        assert f">{heading}</h2>" in page
