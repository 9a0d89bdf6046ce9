"""What charts of statistics hold, before anything draws them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmark.analysis.critical_difference import CriticalDifference
from benchmark.report.charts.evidence import (
    class_effects_pictures,
    effects_forest,
    pairs_picture,
    ranks_picture,
    reliability,
)
from benchmark.report.charts.kinds import Heatmap, Ranks, Tile
from benchmark.results.frames import Measure

LABELS = {0: "cnn · none", 1: "crnn · none", 2: "cnn · all four"}


def compared(**changes: Any) -> pd.DataFrame:
    line = {
        "measure": "test/top1", "row": 0, "other": 1, "difference": 0.1, "low": 0.02, "high": 0.18, "p": 0.01,
        "p_holm": 0.02, "verdict": "better", "reason": "", "units": 200,
    }  # fmt: skip
    return pd.DataFrame([line | changes])


def matrix(table: pd.DataFrame, metric: str = "top1") -> Heatmap:
    is_share = metric == "top1"
    measure = Measure("test", metric, greater_is_better=is_share, percent=is_share)
    (chart,) = pairs_picture(measure, table, LABELS, {1: ("leaky",)}, ()).charts
    assert isinstance(chart, Heatmap)
    return chart


def tile(chart: Heatmap, line: int, column: int) -> Tile:
    found = chart.tiles[line][column]
    assert found is not None
    return found


def test_a_difference_is_shown_from_both_sides_and_coloured_where_it_is_real() -> None:
    chart = matrix(compared())
    assert chart.lines == ("1 cnn · none", "2 crnn · none")
    assert chart.line_marks == ((), ("leaky",))
    assert [[chart.text(each) for each in line] for line in chart.tiles] == [["", "+10.0"], ["−10.0", ""]]
    assert (tile(chart, 0, 1).note, tile(chart, 0, 1).state, tile(chart, 0, 0).state) == (
        "p 0.020",
        "",
        "same",
    )


def test_a_difference_that_may_be_chance_has_no_colour() -> None:
    assert tile(matrix(compared(p_holm=0.2, verdict="undecided")), 0, 1).state == "unclear"


def test_rows_that_are_equal_are_framed_and_a_test_that_could_not_be_made_says_why() -> None:
    equal = tile(matrix(compared(verdict="equal")), 0, 1)
    assert (equal.state, equal.hint) == ("equal", "95 % +2.0 … +18.0, equal")
    refused = tile(matrix(compared(verdict="undecided", p_holm=np.nan, reason="one seed")), 0, 1)
    assert (refused.state, refused.note) == ("unclear", "one seed")


def test_less_is_better_for_some_measures_and_has_the_colour_of_better_then() -> None:
    chart = matrix(compared(measure="test/loss", verdict="worse"), "loss")
    assert (chart.text(tile(chart, 0, 1)), chart.unit, chart.less_is_better) == ("+0.100", "signed", True)


def test_only_clear_effects_on_classes_have_a_colour() -> None:
    recall = {"axis": "augmentation", "value": "all four", "baseline": "none", "measure": "test/recall"}
    table = pd.DataFrame(
        [
            recall | {"class": "jazz", "difference": 0.06, "low": 0.01, "high": 0.11},
            recall | {"class": "rock", "difference": -0.02, "low": -0.06, "high": 0.02},
        ]
    )
    (picture,) = class_effects_pictures(table, ("synthetic",))
    (chart,) = picture.charts
    assert isinstance(chart, Heatmap)
    assert [(chart.text(each), each and each.state) for each in chart.tiles[0]] == [
        ("+6", ""),
        ("−2", "unclear"),
    ]
    assert picture.said.endswith(" [synthetic]")


def test_a_forest_has_each_label_once_and_a_group_for_each_set() -> None:
    table = pd.DataFrame(
        {
            "axis": "augmentation", "value": ["masks", "noise"], "difference": [0.05, -0.02], "low": [0.01, -0.05],
            "high": [0.09, 0.01],
        }
    )  # fmt: skip
    chart = effects_forest("Effects", {"gtzan:test": table, "spotify": table[:1]}, percent=True)
    assert chart.labels == ("augmentation: masks", "augmentation: noise")
    assert [(name, len(own)) for name, own in chart.groups] == [("gtzan:test", 2), ("spotify", 1)]
    assert chart.x.title == "difference to the baseline, 95 % interval, points"
    loss = effects_forest("Effects", {"test": table}, percent=False)
    assert (loss.x.factor, "points" in loss.x.title) == (1, False)


def test_reliability_says_each_rows_error_and_leaves_empty_bins_out() -> None:
    bins = pd.DataFrame(
        {
            "confidence": [0.55, 0.85, 0.9],
            "accuracy": [0.5, 0.9, 0.0],
            "count": [10, 30, 0],
            "ece": 0.05,
            "floor": 0.02,
        }
    )
    chart = reliability("CNN", bins)
    assert chart.title == "CNN — ECE 5.0 %, 2.0 by chance"
    assert chart.bins == ((0.55, 0.5, 10), (0.85, 0.9, 30))


def test_methods_that_do_not_differ_are_under_one_bar() -> None:
    ranks = pd.Series({"VGG16": 1.2, "CNN": 1.8, "CRNN": 3.4, "majority": 3.6})
    (chart,) = ranks_picture(CriticalDifference(ranks, 1.5, 0.01, tuple("abcde")), "top1", ()).charts
    assert isinstance(chart, Ranks)
    assert chart.bars == (pytest.approx((1.2, 1.8)), pytest.approx((3.4, 3.6)))
    assert chart.ranks[0] == ("VGG16", 1.2)
