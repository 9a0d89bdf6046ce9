from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmark.analysis.reference import beside_reference
from benchmark.suite.reference import Reference, ReferenceValue

LINES = pd.DataFrame(
    {"row": [1, 0, 2], "model": ["cnn", "cnn", "svm"], "augmentation": ["masks", "none", "none"]}
)
INTERVALS = pd.DataFrame(
    {
        "row": [0, 1],
        "measure": "test/top1",
        "mean": [0.5, 0.6],
        "low": [0.4, 0.55],
        "high": [0.6, 0.65],
    }
)
REFERENCE = Reference(
    "somebody",
    (
        ReferenceValue({"model": "cnn"}, "test/top1", 0.52),
        ReferenceValue({"model": "svm"}, "test/top1", 0.3),
    ),
)


@pytest.fixture
def table() -> pd.DataFrame:
    return beside_reference(LINES, INTERVALS, ["model", "augmentation"], REFERENCE)


def test_each_row_that_a_value_was_reported_for_has_a_line_in_the_order_of_the_leaderboard(table) -> None:
    assert table["row"].tolist() == [1, 0, 2]


def test_the_difference_is_what_was_measured_less_what_was_reported(table) -> None:
    np.testing.assert_allclose(table["difference"], [0.08, -0.02, np.nan])


def test_it_says_whether_the_reported_value_lies_in_the_interval(table) -> None:
    assert table["inside"].tolist()[:2] == [False, True]


def test_a_row_without_a_result_has_the_reported_value_alone(table) -> None:
    last = table.iloc[-1]
    assert last["reported"] == 0.3
    assert last[["mean", "low", "high"]].isna().all()
    assert pd.isna(last["inside"])


def test_a_suite_without_results_has_lines_all_the_same() -> None:
    nothing = INTERVALS.iloc[:0]
    assert len(beside_reference(LINES, nothing, ["model"], REFERENCE)) == 3
