"""Further questions in every format of a report."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from fabricate import make_plan, make_registry, make_results

from benchmark.report.chapters.questions import TITLES
from benchmark.report.write import write_report

SIZES = """
name: sizes
cell: {dataset: tones, features: picture, evaluate: [test], metrics: [top1]}
matrix:
  model: [first, second]
  augmentation: [none, {label: stretched, use: [stretch]}]
  training_size: [0.1, 50 %, 1.0]
  seed: [0, 1]
leaderboard: {sort: "tones:test/top1", baseline: {augmentation: none}}
"""
DOSES = """
name: doses
cell: {dataset: tones, features: picture, augmentation: dosed, evaluate: [test], metrics: [top1]}
matrix:
  model: [first, second]
  augmentation.dosed.strength: [0, 1, 5]
  augmentation.dosed.rate: [0.5, 1.0]
  seed: [0, 1]
"""


@pytest.mark.slow
def test_sizes_are_curves_in_all_formats(tmp_path: Path) -> None:
    plan = make_plan(tmp_path, SIZES)
    # Without counts nobody knows how many tracks there were, and sizes are shares.
    store = make_results(plan, tmp_path / "results", counts={})
    files, _ = write_report(plan, store, make_registry(), sections=["learning", "interactions"])
    names = {file.name for file in files}
    assert {"how-much-data-1.csv", "how-much-data-2.tex", "interactions-1.csv"} <= names
    assert {"training-size-tones-test.png", "interaction-augmentation-model-tones-test.pdf"} <= names
    folder = store.folder / "report"
    table = pd.read_csv(folder / "how-much-data-1.csv")
    assert table["tracks"].tolist() == [0.1, 0.5, 1.0] * 4
    assert (table["low"] <= table["value"]).all()
    worth = pd.read_csv(folder / "how-much-data-2.csv")
    assert set(worth["choice"]) == {"augmentation: stretched"}
    assert worth["size"].tolist() == [0.1, 0.5, 1.0] * 2
    # Nothing stands for an interval that is open above.
    assert (worth["low"] <= worth["high"].fillna(9)).all()
    page, text = (folder / "report.html").read_text(), (folder / "report.md").read_text()
    assert "## How much data" in text
    assert "## Interactions" in text
    assert "tones:test/top1 against the number of training tracks" in page
    for curve in ("first · none", "second · stretched"):
        assert f"</span>{curve}</span>" in page


@pytest.mark.slow
def test_doses_and_their_surface_are_in_all_formats(tmp_path: Path) -> None:
    plan = make_plan(tmp_path, DOSES)
    store = make_results(plan, tmp_path / "results")
    files, _ = write_report(plan, store, make_registry(), sections=["leaderboard", "doses"])
    names = {file.name for file in files}
    assert {"dose-and-response-1.csv", "dose-and-response-2.tex", "surface-1-tones-test.png"} <= names
    assert "dose-augmentation-dosed-strength-tones-test.pdf" in names
    folder = store.folder / "report"
    shapes = pd.read_csv(folder / "dose-and-response-1.csv")
    assert len(shapes) == 4  # Two models, two rates; two rates themselves make no curve.
    assert set(shapes["doses"]) == {"0, 1, 5"}
    points = pd.read_csv(folder / "dose-and-response-2.csv")
    assert len(points) == 12
    board = pd.read_csv(folder / "leaderboard.csv")
    means = {tuple(map(str, line[:3])): line[3] for line in board[
        ["model", "augmentation.dosed.strength", "augmentation.dosed.rate", "tones:test/top1 mean"]
    ].itertuples(index=False)}  # fmt: skip
    for line in points.to_dict("records"):
        model, rate = line["row"].split(" · ")
        assert line["value"] == pytest.approx(means[model, str(line["dose"]), rate])
        assert line["low"] <= line["value"] <= line["high"]
    page = (folder / "report.html").read_text()
    assert "tones:test/top1 against augmentation.dosed.strength" in page
    assert len(re.findall(r"</span>(first|second) · ", page)) >= 4


def test_a_suite_that_asks_nothing_further_has_no_such_section(tmp_path: Path) -> None:
    plan = make_plan(
        tmp_path,
        DOSES.replace(
            "  augmentation.dosed.strength: [0, 1, 5]\n  augmentation.dosed.rate: [0.5, 1.0]\n", ""
        ),
    )
    store = make_results(plan, tmp_path / "results")
    write_report(plan, store, make_registry(), ["md"])
    text = (store.folder / "report" / "report.md").read_text()
    assert not [title for title in TITLES if f"## {title}" in text]
