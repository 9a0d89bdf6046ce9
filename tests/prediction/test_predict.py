from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile

from benchmark.files import TEMPORARY
from benchmark.results.parquet import read_predictions

SUITE = """
name: trial
cell:
  dataset: {synthetic: {tracks_per_class: 6, seconds: 1, difficulty: 0}}
  features: {mel: {size: [12, 16], n_mels: 12}}
  split: {fractions: [0.5, 0.17, 0.33]}
  evaluate: [test]
matrix:
  model: [majority, nearest]
  seed: [0, 1]
"""
KERAS_SUITE = """
name: trial
cell:
  dataset: {synthetic: {tracks_per_class: 6, seconds: 1, difficulty: 0}}
  features: {mel: {size: [12, 16], n_mels: 12}}
  split: {fractions: [0.5, 0.17, 0.33]}
  evaluate: [test]
  training: {epochs: 1, batch_size: 16, optimizer: sgd}
matrix:
  model: [mfcc-svm, {cnn: {filters: [4], units: 8}}]
"""
CLIPS = SUITE.replace("  evaluate:", "  clips: {seconds: 0.4, hop: 0.25}\n  evaluate:")


def recordings(project: Any) -> list[Path]:
    """Return the files of the synthetic dataset."""
    # Others may be making songs in the same cache.
    return sorted(song for song in (project.cache / "synthetic").rglob("*.wav") if TEMPORARY not in str(song))


def stored(project: Any, label: str) -> pd.DataFrame:
    (folder,) = project.results.glob(f"{label}-????????????")
    return read_predictions(folder)


def answers(project: Any, *arguments: str) -> dict[str, Any]:
    ran = project.bench("predict", *arguments, "--json")
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


def file_of(project: Any, track: str) -> Path:
    (file,) = (file for file in recordings(project) if file.stem == track)
    return file


def largest_difference(project: Any, label: str, asked: str, *options: str, few: int = 6) -> float:
    """Return how far predictions of files are from those that the run stored of the same tracks."""
    expected = stored(project, label).head(few)
    files = [str(file_of(project, track)) for track in expected["track"]]
    answer = answers(project, asked, *files, *options)
    classes = answer["classes"]
    found = [[entry["probabilities"][name] for name in classes] for entry in answer["files"]]
    return float(np.abs(np.array(found) - expected[[f"p:{name}" for name in classes]].to_numpy()).max())


@pytest.fixture(scope="module")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a cache in which there are the files of one dataset only."""
    return tmp_path_factory.mktemp("cache")


@pytest.mark.slow
def test_a_file_gets_the_probabilities_that_the_run_gave_the_track(
    network_project: Any, own_cache: Path
) -> None:
    project = network_project
    project.cache = own_cache
    project.write(KERAS_SUITE)
    assert project.bench("run", "suite.yaml", "--keep-models", "--executor", "inline").code == 0
    for label in ("mfcc-svm", "cnn"):
        assert largest_difference(project, label, f"trial/{label}") < 1e-5, label


@pytest.mark.slow
def test_files_are_put_through_the_cells_audio_format_if_asked(project: Any, own_cache: Path) -> None:
    project.cache = own_cache
    changed = KERAS_SUITE.replace("  evaluate", "  audio: {mp3: {bitrate: 24}}\n  evaluate")
    project.write(changed.replace("[mfcc-svm, {cnn: {filters: [4], units: 8}}]", "[mfcc-svm]"))
    assert project.bench("run", "suite.yaml", "--keep-models", "--executor", "inline").code == 0
    assert largest_difference(project, "mfcc-svm", "mfcc-svm", "--in-format") < 1e-5
    assert largest_difference(project, "mfcc-svm", "mfcc-svm") > 1e-3


@pytest.fixture(scope="module")
def trained() -> list[Any]:
    """Return a place for the project that was trained first: its results serve all tests."""
    return []


@pytest.fixture
def kept(project: Any, trained: list[Any], own_cache: Path) -> Any:
    """Return a project with kept models of clips of 0.4 s, one every 0.25 s."""
    project.write(CLIPS)
    project.cache = own_cache
    if trained:
        shutil.copytree(trained[0].folder / "results", project.folder / "results")
    else:
        assert project.bench("run", "suite.yaml", "--keep-models", "--executor", "inline").code == 0
        trained.append(project)
    return project


def test_clips_are_cut_as_in_the_run_and_averaged(kept: Any) -> None:
    label = "nearest-1"
    track = stored(kept, label)["track"][0]
    file = str(file_of(kept, track))
    answer = answers(kept, label, file, "--windows", "--suite", "suite.yaml")
    (entry,) = answer["files"]
    assert [window["start"] for window in entry["by_window"]] == [0, 0.25, 0.5]
    for name in answer["classes"]:
        each = [window["probabilities"][name] for window in entry["by_window"]]
        assert entry["probabilities"][name] == pytest.approx(np.mean(each), abs=1e-6)
        expected = stored(kept, label).set_index("track").loc[track, f"p:{name}"]
        assert entry["probabilities"][name] == pytest.approx(expected, abs=1e-5)


def test_the_rest_is_predicted_when_a_file_is_broken(kept: Any, tmp_path: Path) -> None:
    good = recordings(kept)[0]
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no audio")
    ran = kept.bench("predict", "majority 0", str(good), str(broken), "gone.mp3", "--json")
    assert ran.code == 1
    first, second, third = json.loads(ran.out)["files"]
    assert first["probabilities"]
    assert "not audio" in second["error"]
    assert "No such file" in third["error"]
    table = kept.bench("predict", "majority 0", str(broken), str(good), "--top", "2")
    assert table.code == 1
    assert str(good) in table.out
    assert f"Error: {broken}: not audio" in table.err


@pytest.mark.parametrize("container", ["mp3", "ogg", "flac", "wav"])
def test_any_container_and_rate_is_decoded(kept: Any, tmp_path: Path, container: str) -> None:
    samples = np.sin(np.arange(44_100 * 2) / 20)
    file = tmp_path / f"stereo.{container}"
    soundfile.write(file, np.stack([samples, samples], axis=1) * 0.5, 44_100)
    (entry,) = answers(kept, "majority 0", str(file), "--top", "3")["files"]
    assert entry["seconds"] == pytest.approx(2, abs=0.1)
    assert len(entry["probabilities"]) == 3


def test_a_model_of_the_benchfile_needs_its_suite_named(kept: Any) -> None:
    file = str(recordings(kept)[0])
    without = kept.bench("predict", "nearest 0", file)
    assert without.code == 2
    assert "There is no model 'nearest'" in without.err
    assert "--suite SUITE" in without.err
    assert kept.bench("predict", "nearest 0", file, "--suite", "suite.yaml").code == 0


def test_a_changed_benchfile_is_warned_of(kept: Any) -> None:
    benchfile = kept.folder / "benchfile.py"
    changed = benchfile.read_text().replace(
        "return NearestCentroid()", "return NearestCentroid(metric='euclidean')"
    )
    assert changed != benchfile.read_text()
    benchfile.write_text(changed)
    file = str(recordings(kept)[0])
    ran = kept.bench("predict", "nearest 0", file, "--suite", "suite.yaml")
    assert ran.code == 0
    assert "Warning: model 'nearest' is of version" in ran.err


def test_a_cell_must_be_named_without_doubt(kept: Any) -> None:
    file = str(recordings(kept)[0])
    several = kept.bench("predict", "nearest", file)
    assert several.code == 2
    assert several.err.count("trial/nearest-") == 2
    unknown = kept.bench("predict", "trial/never", file)
    assert unknown.code == 2
    assert "There is no cell 'trial/never'" in unknown.err
    (folder,) = kept.results.glob("majority-0-*")
    assert answers(kept, folder.name[-12:-6], file)["cell"] == folder.name[-12:]
    elsewhere = kept.folder / "elsewhere" / folder.name
    shutil.copytree(folder, elsewhere)
    assert answers(kept, str(elsewhere), file)["cell"] == folder.name[-12:]


@pytest.mark.slow
def test_a_model_that_was_not_kept_is_said_to_be_had_by_training_again(finished: Any) -> None:
    ran = finished.bench("predict", "majority 0", "any.wav")
    assert ran.code == 1
    assert "--keep-models --force" in ran.err


def test_a_damaged_model_is_named(kept: Any) -> None:
    (folder,) = kept.results.glob("majority-0-*")
    (folder / "model" / "estimator.skops").write_bytes(b"PK but no archive")
    ran = kept.bench("predict", "majority 0", "any.wav")
    assert ran.code == 1
    assert "model/estimator.skops is not what was filed" in ran.err
    assert "Train it again" in ran.err
