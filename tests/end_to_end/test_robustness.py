"""Accuracy on synthetic music that is worn on purpose, from the suite to the report: shown, and not assumed."""

from __future__ import annotations

import csv
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

SUITE = """
name: worn
cell:
  dataset: {synthetic: {tracks_per_class: 8, seconds: 1, difficulty: 0}}
  features: {mel: {size: [24, 32], n_mels: 24}}
  split: {fractions: [0.5, 0, 0.5], groups: shared}
  evaluate: [test, {corrupt: {by: [noise, low-pass, gain]}}]
  metrics: [top1]
matrix:
  model: [knn, mfcc-svm]
  augmentation: [none, {label: noise, use: [{noise: {snr: [20, 10]}}]}]
  seed: [0, 1]
leaderboard: {baseline: {augmentation: none}}
"""


def read(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.slow
def test_accuracy_falls_with_noise_and_low_pass_and_noisy_training_buys_some_of_it_back(project: Any) -> None:
    project.write(SUITE)
    project.sections = ("leaderboard", "robustness")
    planned = project.bench("plan", "suite.yaml")
    assert "8 cells: 8 missing" in planned.out, planned.out
    ran = project.bench("run", "suite.yaml", "--executor", "inline", timeout=1500)
    assert ran.code == 0, ran.err
    report = project.folder / "results" / "worn" / "report"
    lines = read(report / "robustness-2.csv")
    for line in lines:
        values = [float(line[key]) for key in ("clean", "1", "2", "3", "4", "5")]
        if line["corruption"] == "gain":
            # Mel spectrograms in dB refer to a track's own loudest point.
            assert min(values) > values[0] - 0.1, line
            continue
        # Tracks are few: a step may go the other way, by a little.
        assert all(after < before + 0.1 for before, after in pairwise(values)), line
        assert values[5] < values[1] - 0.1, line
        assert values[5] < values[0] - 0.2, line
    bought = {line["corruption"]: float(line["difference"]) for line in read(report / "robustness-3.csv")}
    assert bought["noise"] > 0.05
    assert bought["noise"] > bought["gain"]
    status = project.bench("status", "suite.yaml")
    assert "lack" not in status.out
