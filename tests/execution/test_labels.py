"""Labels are decoration: a whole run, whose evaluation sets are called otherwise afterwards."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

pytestmark = pytest.mark.slow
SUITE = """
name: trial
cell:
  dataset: {{folder: {{root: own}}, label: {own}}}
  features: {{mel: {{size: [12, 16], n_mels: 12}}}}
  split: {{fractions: [0.5, 0, 0.5]}}
  evaluate:
  - test
  - {{folder-test: {{root: right}}, label: {first}}}
  - {{folder-test: {{root: wrong}}, label: {second}}}
matrix:
  model: [nearest]
"""
PITCH = {"C": 220, "C#": 1200, "D": 4000}


def tones(folder: Path, names: dict[str, str], shift: float) -> None:
    """Write three tones for each class, called by ``names``."""
    for label, pitch in PITCH.items():
        (folder / names[label]).mkdir(parents=True)
        for number in range(4):
            time = np.arange(22_050) / 22_050
            tone = 0.3 * np.sin(2 * np.pi * (pitch + shift + 5 * number) * time)
            soundfile.write(folder / names[label] / f"{number}.wav", tone, 22_050)


@pytest.fixture
def pitched(project):
    """Return a project with recordings of tones, a test set labelled rightly, and one labelled wrongly."""
    same = {name: name for name in PITCH}
    tones(project.folder / "own", same, 0)
    tones(project.folder / "right", same, 1)
    tones(project.folder / "wrong", dict(zip(PITCH, ("C#", "D", "C"), strict=True)), 2)
    return project


def shown(project) -> dict[str, str]:
    """Return the leaderboard's columns of mean accuracies."""
    (line,) = csv.DictReader((project.results / "report" / "leaderboard.csv").read_text().splitlines())
    return {name: line[name] for name in line if "top1" in name}


def run(project, **labels: str):
    project.write(SUITE.format(**labels))
    ran = project.bench("run", "suite.yaml", "--executor", "inline")
    assert ran.code == 0, ran.err
    return ran


def test_exchanged_labels_take_their_values_along_and_nothing_is_run(pitched) -> None:
    run(pitched, own="own", first="clean", second="noisy")
    values = shown(pitched)
    (folder,) = pitched.results.glob("nearest-*")
    before = (folder / "cell.json").stat().st_mtime_ns
    record = json.loads((folder / "cell.json").read_text())
    assert sorted(record["sets"].values()) == ["clean", "noisy", "own:test"]
    assert "test" in record["sets"]
    assert all(key == "test" or key.startswith("folder-test-") for key in record["sets"])
    assert {float(values[name]) for name in values if "clean" in name and "mean" in name} == {1.0}
    assert {float(values[name]) for name in values if "noisy" in name and "mean" in name} == {0.0}

    run(pitched, own="mine", first="noisy", second="clean")
    assert (folder / "cell.json").stat().st_mtime_ns == before
    exchanged = {"clean": "noisy", "noisy": "clean", "own:test": "mine:test"}
    expected = {}
    for name, value in values.items():
        part, slash, rest = name.partition("/")
        expected[exchanged[part] + slash + rest] = value
    assert shown(pitched) == expected
