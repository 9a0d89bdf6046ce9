"""A kept Keras model is evaluated on a corruption that the suite asks for later, by a process that never trained it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

SUITE = """
name: kept
cell:
  dataset: {synthetic: {tracks_per_class: 4, seconds: 1, difficulty: 0}}
  features: {mel: {size: [16, 24], n_mels: 16}}
  split: {fractions: [0.5, 0.25, 0.25], groups: shared}
  training: {epochs: 1, batch_size: 8}
  evaluate: [test]
  metrics: [top1]
matrix:
  model: [{cnn: {filters: [4], units: 8}}]
  seed: [0]
"""
WORN = SUITE.replace("evaluate: [test]", "evaluate: [test, {corrupt: {by: [BY], severity: [1, 5]}}]")


def records(results: Path) -> list[dict[str, Any]]:
    return [json.loads(file.read_text()) for file in sorted(results.glob("corrupted/*/corrupted.json"))]


@pytest.mark.slow
def test_a_kept_cnn_is_evaluated_on_new_corruptions_after_a_restart(network_project: Any) -> None:
    project = network_project
    project.write(SUITE)
    project.sections = ("leaderboard", "robustness")
    assert project.bench("run", "suite.yaml", "--jobs", "1", "--keep-models", timeout=900).code == 0
    results = project.folder / "results" / "kept"
    trained = {file: file.read_bytes() for file in sorted(results.glob("*/cell.json"))}
    assert len(trained) == 1
    for names in ("noise", "noise, gain"):
        project.write(WORN.replace("BY", names))
        planned = project.bench("plan", "suite.yaml")
        assert "1 finished cell lacks 2 corrupted sets: 1 from their kept models" in planned.out, planned.out
        ran = project.bench("run", "suite.yaml", "--jobs", "1", timeout=900)
        assert ran.code == 0, ran.out + ran.err
        made = records(results)
        assert {record["model"] for record in made} == {"kept"}
        assert all(record["difference"] <= 1e-4 for record in made)
        assert len({key for record in made for key in record["sets"]}) == 2 * len(names.split(","))
    assert {file: file.read_bytes() for file in trained} == trained
    assert "lack" not in project.bench("status", "suite.yaml").out
    assert "noise" in (results / "report" / "robustness-2.csv").read_text()
