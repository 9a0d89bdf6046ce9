from __future__ import annotations

import pandas as pd
import pytest

from benchmark.analysis.reference import beside_reference
from benchmark.report.reference import reference_tables
from benchmark.report.render import to_csv, to_latex, to_markdown
from benchmark.report.table import Table
from benchmark.results.frames import Measure
from benchmark.suite.reference import Reference, ReferenceValue

MEASURES = (
    Measure("test", "top1", greater_is_better=True, percent=True),
    Measure("test", "log-loss", greater_is_better=False, percent=False),
)
LINES = pd.DataFrame({"row": [0, 1], "model": ["cnn", "svm"]})
INTERVALS = pd.DataFrame(
    {
        "row": [0, 0],
        "measure": ["test/top1", "test/log-loss"],
        "mean": [0.55, 1.5],
        "low": [0.5, 1.2],
        "high": [0.6, 1.9],
    }
)
REFERENCE = Reference(
    "A & B",
    (
        ReferenceValue({}, "test/top1", 0.529),
        ReferenceValue({"model": "cnn"}, "test/log-loss", 1.0),
    ),
)


@pytest.fixture
def tables() -> list[Table]:
    beside = beside_reference(LINES, INTERVALS, ["model"], REFERENCE)
    return reference_tables(beside, LINES, ["model"], MEASURES, REFERENCE.source, ["rehearsal"])


def test_reported_measured_interval_and_difference_stand_side_by_side(tables) -> None:
    assert tables[0].texts() == [
        ["cnn", "test/top1", "52.9", "55.0", "[50.0, 60.0]", "+2.1 [−2.9, +7.1]", "inside"],
        ["svm", "test/top1", "52.9", "–", "–", "–", "–"],
    ]


def test_what_is_no_percentage_has_a_table_of_its_own(tables) -> None:
    assert tables[1].texts() == [
        ["cnn", "test/log-loss", "1.000", "1.500", "[1.200, 1.900]", "+0.500 [+0.200, +0.900]", "outside"]
    ]


def test_the_caption_says_who_reported_it_and_what_is_wrong_with_ours(tables) -> None:
    for drawn in (to_markdown(tables[0]), to_latex(tables[0], "reference")):
        assert "Reported by A" in drawn
        assert "rehearsal" in drawn


def test_programs_get_plain_numbers(tables) -> None:
    header, first, *_ = to_csv(tables[0]).splitlines()
    values = dict(zip(header.split(","), first.replace('"[50.0, 60.0]"', "x").split(","), strict=True))
    assert float(values["reported"]) == 0.529
    assert (float(values["low"]), float(values["high"])) == (0.5, 0.6)
