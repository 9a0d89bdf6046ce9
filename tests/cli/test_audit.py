from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

RATE = 22050
SUITE = """
name: trial
cell:
  dataset: folder
  features: {mel: {size: [12, 16], n_mels: 12}}
  split: {strategy: predefined}
  evaluate: [test]
matrix:
  model: [majority, nearest]
"""


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, 2 * RATE).astype(np.float32)


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve tracks of two classes, split by the manifest; a test track is a training track as MP3, louder."""
    folder = tmp_path_factory.mktemp("music")
    lines = ["path,label,group,split"]
    for number in range(12):
        side = ("train", "train", "validation", "test")[number // 3]
        soundfile.write(folder / f"{number:02d}.wav", noise(number), RATE)
        lines.append(f"{number:02d}.wav,{('jazz', 'rock')[number % 2]},artist {number},{side}")
    soundfile.write(folder / "copy.mp3", np.clip(2 * noise(1)[4000:], -1, 1), RATE)
    (folder / "clean.csv").write_text("\n".join(lines) + "\n")
    (folder / "manifest.csv").write_text("\n".join([*lines, "copy.mp3,rock,artist 1,test"]) + "\n")
    return folder


def test_a_clean_suite_is_said_to_be_clean(project, music: Path) -> None:
    project.write(SUITE.replace("dataset: folder", "dataset: {folder: {manifest: clean.csv}}"))
    ran = project.bench("audit", "suite.yaml", "--strict", "--data", f"folder={music}")
    assert ran.code == 0, ran.err
    assert "none of 2 cells leaks" in ran.out


def test_a_planted_copy_is_named_with_its_twin_and_strict_exits_with_1(project, music: Path) -> None:
    project.write(SUITE)
    ran = project.bench("audit", "suite.yaml", "--strict", "--json", "--data", f"folder={music}")
    assert ran.code == 1, ran.err
    report = json.loads(ran.out)
    assert report["leaky_cells"] == 2
    found = {finding["kind"]: finding for finding in report["findings"]}
    assert found["near-duplicates"]["severity"] == "leak"
    assert {"01.wav", "copy.mp3"} == {name.split(": ")[1] for name in found["near-duplicates"]["examples"][0]}
    assert found["shared groups"]["severity"] == "warning"


def test_a_strict_run_trains_nothing_and_an_ordinary_one_marks_the_leak(project, music: Path) -> None:
    project.write(SUITE)
    arguments = ("run", "suite.yaml", "--data", f"folder={music}", "--executor", "inline")
    refused = project.bench(*arguments, "--strict")
    assert refused.code == 1
    assert "near-duplicates" in refused.err
    assert not list(project.results.glob("*/cell.json"))

    ran = project.bench(*arguments)
    assert ran.code == 0, ran.err
    records = [json.loads(file.read_text()) for file in project.results.glob("*/cell.json")]
    assert len(records) == 2
    assert all("leaky" in record["marks"] for record in records)
    assert all(record["audit"]["verdict"].startswith("leaky") for record in records)
    table = (project.results / "report" / "leaderboard.csv").read_text()
    assert "leaky" in table

    again = project.bench(*arguments, "--strict")
    assert again.code == 1, "a finished suite that leaks is refused too"


FITTED = """
from benchmark import Features, hookimpl

class Fitted(Features):
    '''Levels, less the mean of a whole corpus.'''
    name = "fitted"
    fitted_on = "everything"
    shape, dtype = (2, 2, 1), "float32"

    def compute(self, samples, sample_rate, *, reference_length):
        import numpy as np
        return np.full((2, 2, 1), samples.std() - 0.1, np.float32)

@hookimpl
def bench_features():
    return [Fitted]
"""


def test_features_that_were_fitted_on_all_of_a_corpus_leak(project, music: Path) -> None:
    with (project.folder / "benchfile.py").open("a") as file:
        file.write(FITTED)
    project.write(
        SUITE.replace("dataset: folder", "dataset: {folder: {manifest: clean.csv}}").replace(
            "{mel: {size: [12, 16], n_mels: 12}}", "fitted"
        )
    )
    ran = project.bench("audit", "suite.yaml", "--strict", "--data", f"folder={music}")
    assert ran.code == 1, ran.err
    assert "fitted on held-out tracks" in ran.out
