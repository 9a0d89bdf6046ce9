"""What the page's tables and charts hold, before a browser draws them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fabricate
import numpy as np
import pandas as pd
import pytest

from benchmark.report.html.chart import Scale, learning_curves, polyline, reliability, round_places
from benchmark.report.html.evidence import effects_section, pairs_section
from benchmark.report.html.grid import difference_grid, items_grid, points, share_grid, table_grid
from benchmark.report.html.scatter import cost_scatter, si
from benchmark.report.table import Column, Table
from benchmark.report.write import write_report
from benchmark.results.frames import Measure

TOP1 = Measure("test", "top1", greater_is_better=True, percent=True)
LABELS = {0: "cnn · none", 1: "crnn · none", 2: "cnn · all four"}


def material(**statistics: Any) -> Any:
    empty = {
        "comparisons": pd.DataFrame(),
        "effects": pd.DataFrame(),
        "effects_by_row": pd.DataFrame(),
        "smallest": 0.02,
        "separable": {},
        "notes": (),
        "critical_difference": "No critical-difference diagram: too few data sets.",
    }
    return SimpleNamespace(
        labels=LABELS,
        marks=lambda row: ("leaky",) if row == 2 else (),
        measure=lambda name: Measure("test", name, not name.endswith("loss"), not name.endswith("loss")),
        sorted_by=TOP1,
        results=SimpleNamespace(measures=[TOP1]),
        statistics=SimpleNamespace(**empty | statistics),
    )


def compared(**changes: Any) -> pd.DataFrame:
    line = {
        "measure": "test/top1", "row": 0, "other": 1, "difference": 0.1, "low": 0.02, "high": 0.18, "p": 0.01,
        "p_holm": 0.02, "verdict": "better", "reason": "", "units": 200,
    }  # fmt: skip
    return pd.DataFrame([line | changes])


def test_a_difference_is_shown_from_both_sides_and_coloured_where_it_is_real() -> None:
    section = pairs_section(material(comparisons=compared(), separable={"test/top1": 0.045}))
    (grid,) = section.grids
    first, second = grid.lines
    assert [cell.text for cell in first] == ["1 cnn · none", "", "+10.0"]
    assert [cell.text for cell in second] == ["2 crnn · none", "−10.0", ""]
    assert (first[2].note, first[2].style, second[1].style) == ("p 0.020", "d20", "d0")
    assert any("a difference of about 4.5 points" in text for text in section.texts)
    # What average ranks say, or why they say nothing, stands once on the page: with the differences to the best row.
    assert section.items == ()


def test_a_difference_that_may_be_chance_has_no_colour() -> None:
    (grid,) = pairs_section(material(comparisons=compared(p_holm=0.2, verdict="undecided"))).grids
    assert grid.lines[0][2].style == "unclear"


def test_rows_that_are_equal_are_framed_and_a_test_that_could_not_be_made_says_why() -> None:
    (grid,) = pairs_section(material(comparisons=compared(verdict="equal"))).grids
    assert grid.lines[0][2].style == "equal"
    assert grid.lines[0][2].title == "95 % +2.0 … +18.0, equal"
    refused = compared(verdict="undecided", p_holm=np.nan, reason="one seed")
    (grid,) = pairs_section(material(comparisons=refused)).grids
    assert (grid.lines[0][2].style, grid.lines[0][2].note) == ("unclear", "one seed")


def test_less_is_better_for_some_measures_and_is_then_coloured_as_better() -> None:
    (grid,) = pairs_section(material(comparisons=compared(measure="test/loss", verdict="worse"))).grids
    assert [(cell.text, cell.style) for cell in grid.lines[0][1:]] == [("", "same"), ("+0.100", "d0")]


def test_effects_have_intervals_and_only_clear_ones_have_a_colour_per_class() -> None:
    base = {
        "axis": "augmentation", "value": "all four", "baseline": "none", "set": "test", "measure": "test/top1",
        "class": "", "difference": 0.03, "low": 0.01, "high": 0.05, "pairs": 5, "p": 0.001, "p_holm": 0.0002,
        "protocol": False,
    }  # fmt: skip
    recall = base | {"measure": "test/recall"}
    table = pd.DataFrame(
        [
            base,
            recall | {"class": "jazz", "difference": 0.06, "low": 0.01, "high": 0.11},
            recall | {"class": "rock", "difference": -0.02, "low": -0.06, "high": 0.02},
        ]
    )
    overall, classes = effects_section(material(effects=table)).grids
    assert [cell.text for cell in overall.lines[0]] == [
        "augmentation: all four", "none", "test/top1", "+3.0", "+1.0 … +5.0", "5", "< 0.001",
    ]  # fmt: skip
    bar = overall.lines[0][4].bar
    assert bar is not None
    assert bar.zero is not None
    assert bar.zero < bar.low < bar.at < bar.high
    assert [(cell.text, cell.style) for cell in classes.lines[0][1:]] == [("+6", "d20"), ("−2", "unclear")]


def test_sections_without_statistics_are_left_out() -> None:
    assert pairs_section(SimpleNamespace(statistics=None)).is_empty  # type: ignore[arg-type]
    assert effects_section(material()).is_empty


def test_heatmaps_show_per_cent_and_points_and_say_what_is_missing() -> None:
    values = pd.DataFrame([[0.5, np.nan], [1.0, 0.004]], ["a", "b"], ["jazz", "rock"])
    grid = share_grid("shares", values, "caption", "row", {"b": ("leaky",)})
    assert [[cell.text for cell in line] for line in grid.lines] == [["a", "50", "–"], ["b", "100", "0"]]
    assert grid.lines[1][0].marks == ("leaky",)
    assert [cell.style for cell in grid.lines[0][1:]] == ["s10", "none"]
    changed = difference_grid("differences", values - 0.75, "caption", "row", {})
    assert [cell.text for cell in changed.lines[0]] == ["a", "−25", "–"]
    assert points(-0.0004) == "+0.0"


def test_numbers_are_sorted_by_their_value_and_carry_marks_and_intervals() -> None:
    columns = (Column("rank", "rank", "integer"), Column("model", "model"), Column("mean", "top1", "percent"))
    lines = (
        {"rank": 1, "model": "cnn", "mean": 0.5, "low": 0.4, "high": 0.6, "marks": ["leaky"]},
        {"rank": None, "model": "crnn", "mean": None, "low": None, "high": None, "marks": []},
    )
    grid = table_grid(
        "t", Table(columns, lines), head="model", marked=["mean"], bars={"mean": ("low", "mean", "high")}
    )
    assert [cell.value for cell in grid.lines[0]] == ["1", "cnn", "0.5"]
    assert [cell.value for cell in grid.lines[1]] == ["", "crnn", ""]
    assert grid.lines[0][2].marks == ("leaky",)
    bar = grid.lines[0][2].bar
    assert bar is not None
    assert (bar.low, bar.at, bar.high) == (4, 60, 116)
    assert grid.lines[1][2].bar is None


def test_a_zero_is_a_number_and_not_missing() -> None:
    grid = items_grid("t", "caption", ("state", "cells"), [("failed", 0), ("ok", None)])
    assert [line[1].text for line in grid.lines] == ["0", "–"]


def test_axes_have_round_ticks() -> None:
    assert round_places(0, 1) == [0, 0.2, 0.4, 0.6, 0.8, 1]
    assert round_places(1, 12) == [2.5, 5, 7.5, 10]
    assert round_places(3, 3) == [3]
    assert [si(value) for value in (0.25, 999, 15_764_554, 31e9)] == ["0.25", "999", "15.8M", "31G"]


def test_long_lines_are_thinned_but_keep_their_end() -> None:
    text = polyline([(x, 0.5) for x in range(1000)], Scale(0, 999, 0, 999), Scale(0, 1, 100, 0))
    places = text.split(" ")
    assert len(places) < 130
    assert places[0] == "0.0,50.0"
    assert places[-1] == "999.0,50.0"


def test_learning_curves_draw_each_seed_and_the_mean() -> None:
    history = pd.DataFrame({"epoch": [1.0, 2.0], "accuracy": [0.5, 1.0], "val_accuracy": [0.25, np.nan]})
    chart = learning_curves("cnn", {"0": history, "1": history}, ())
    assert chart is not None
    assert [style for style, _ in chart.lines] == [
        "thin training", "thin training", "mean training",
        "thin validation", "thin validation", "mean validation",
    ]  # fmt: skip
    assert "training ends at 100 %" in chart.said
    assert learning_curves("svm", {"0": history.head(1)}, ()) is None


def test_a_reliability_diagram_says_in_words_what_it_shows() -> None:
    bins = pd.DataFrame({"confidence": [0.5, 0.9], "accuracy": [0.4, 0.8], "count": [10, 40]})
    chart = reliability("cnn", bins, ())
    assert "40 answers with mean confidence 90 %: 80 % right" in chart.said
    assert [dot.style for dot in chart.dots] == ["size2", "size4"]


def test_only_rows_on_the_front_are_named_in_the_scatter() -> None:
    table = pd.DataFrame(
        {"row": [0, 1, 2], "cost": [1e6, 2e7, 3e8], "value": [0.5, 0.4, 0.9], "on_front": [True, False, True]}
    )
    chart = cost_scatter(table, LABELS, "total", Measure("test", "top1", True, True), ("leaky",))
    assert {dot.name for dot in chart.dots} == {"", "cnn · none", "cnn · all four"}
    assert chart.said.endswith("No row beats these in both: cnn · none, cnn · all four.")
    assert chart.x_label == "parameters, logarithmic"
    assert chart.marks == ("leaky",)


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
