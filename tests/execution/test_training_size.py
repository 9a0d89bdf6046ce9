"""Suites whose axis is the size of the training part, from the file to the report."""

from __future__ import annotations

import json
from typing import Any

import pytest

SUITE = """
name: sizes
cell:
  dataset: {synthetic: {tracks_per_class: 6, seconds: 1}}
  features: {mel: {size: [16, 16], n_mels: 16}}
  split: {fractions: [0.6, 0.2, 0.2]}
  evaluate: [test]
  metrics: [top1]
matrix:
  model: [majority]
  training_size: [0.3, 0.6, 1.0]
  seed: [0, 1]
"""


@pytest.mark.slow
def test_smaller_parts_are_trained_on_and_the_test_stays(project: Any) -> None:
    project.write(SUITE)
    project.sections = ("leaderboard", "learning")
    ran = project.bench("run", "suite.yaml", "--executor", "inline")
    assert ran.code == 0, ran.err
    records = [json.loads(file.read_text()) for file in (project.folder / "results").glob("*/*/cell.json")]
    assert len(records) == 6
    sizes: dict[str, set[int]] = {}
    for record in records:
        sizes.setdefault(record["labels"]["training_size"], set()).add(record["counts"]["train_tracks"])
    whole = max(sizes["1.0"])
    assert sizes == {"0.3": {round(0.3 * whole)}, "0.6": {round(0.6 * whole)}, "1.0": {whole}}
    assert len({record["counts"]["test_tracks"] for record in records}) == 1
    assert len({record["counts"]["validation_tracks"] for record in records}) == 1
    report = (project.folder / "results" / "sizes" / "report" / "report.md").read_text()
    assert "## How much data" in report
    # What a suite without the axis asks for is there already.
    project.write(SUITE.replace("  training_size: [0.3, 0.6, 1.0]\n", ""))
    planned = project.bench("plan", "suite.yaml")
    assert "2 ok" in planned.out, planned.out
