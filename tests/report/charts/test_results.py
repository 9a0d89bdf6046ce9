"""What charts of results hold, before anything draws them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmark.report.charts.kinds import Axis, Estimate, Lines, Scatter
from benchmark.report.charts.results import confusions_picture, cost_picture, curves_picture, shares_picture
from benchmark.report.charts.words import si
from benchmark.results.frames import Measure

LABELS = {0: "cnn · none", 1: "crnn · none", 2: "cnn · all four"}


def test_learning_curves_have_each_seed_and_the_mean() -> None:
    history = pd.DataFrame({"epoch": [1.0, 2.0], "accuracy": [0.5, 1.0], "val_accuracy": [0.25, np.nan]})
    histories = {0: {"0": history, "1": history}, 1: {"0": history.head(1)}}
    picture = curves_picture(histories, 3, LABELS, {}, ())
    assert picture is not None
    assert picture.title == "Learning curves (best 2 of 3 rows)"
    # A row that was trained in one epoch has no curve.
    (chart,) = picture.charts
    assert isinstance(chart, Lines)
    assert [(line.role, line.thin) for line in chart.lines] == [
        ("training", True), ("training", True), ("training", False),
        ("validation", True), ("validation", True), ("validation", False),
    ]  # fmt: skip
    assert curves_picture({1: histories[1]}, 1, LABELS, {}, ()) is None


def test_only_rows_on_the_front_are_named_and_those_at_one_place_once() -> None:
    table = pd.DataFrame(
        {"row": [0, 1, 2, 3], "cost": [1e6, 2e7, 3e8, 3e8], "value": [0.5, 0.4, 0.9, 0.9],
         "on_front": [True, False, True, True]}
    )  # fmt: skip
    measure = Measure("test", "top1", greater_is_better=True, percent=True)
    picture = cost_picture({"total": table}, {**LABELS, 3: "twin"}, measure, ("leaky",))
    assert picture is not None
    (chart,) = picture.charts
    assert isinstance(chart, Scatter)
    assert {point.text for point in chart.points} == {"", "cnn · none", "cnn · all four and 1 more"}
    assert chart.x.title == "parameters, logarithmic"
    assert (chart.x.low or 0) < 1e6 < 3e8 < (chart.x.high or 0)
    assert picture.said == "test/top1 against cost [leaky]"


def test_a_heatmap_says_how_many_rows_it_leaves_out() -> None:
    shares = pd.DataFrame(np.full((70, 2), 0.5), columns=["jazz", "rock"])
    picture = shares_picture("test", shares, {row: f"row {row}" for row in range(70)}, {}, ())
    assert picture.title == "Recognised per class on test (best 60 of 70 rows)"
    matrices = {row: pd.DataFrame(np.eye(70)) for row in range(9)}
    confusions = confusions_picture("test", matrices, 9, {row: str(row) for row in range(9)}, {}, ())
    assert len(confusions.charts) == 2  # No more tiles than anybody looks at.
    assert confusions.title.endswith("(best 2 of 9 rows)")


def test_axes_reach_beyond_their_values_and_keep_ends_of_their_own() -> None:
    axis = Axis("x").over([1.0, 3.0, float("nan")], 0.1)
    assert (axis.low, axis.high) == pytest.approx((0.8, 3.2))
    assert Axis("x", low=0.0).over([1.0, 3.0]).low == 0.0
    assert Axis("x").over([2.0]).low == pytest.approx(1.99)
    log = Axis("x", log=True).over([10.0, 1000.0], 0.5)
    assert (log.low, log.high) == pytest.approx((1.0, 10_000.0))


def test_ends_of_an_interval_that_are_not_known_are_the_value_itself() -> None:
    assert Estimate(0.5).ends == (0.5, 0.5)
    assert Estimate(0.5, 0.6, 0.4).ends == (0.5, 0.5)
    assert Estimate(0.5, 0.1, 0.9).ends == (0.1, 0.9)


def test_large_numbers_have_letters() -> None:
    assert [si(value) for value in (0.25, 999, 15_764_554, 31e9)] == ["0.25", "999", "15.8M", "31G"]
