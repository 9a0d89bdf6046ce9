from __future__ import annotations

from typing import Any

import pytest

SUITE = """
name: drawn
cell:
  dataset: {synthetic: {tracks_per_class: 5, seconds: 1}}
  features: {mel: {size: [12, 16], n_mels: 12}}
matrix:
  model: [majority, mfcc-svm]
  augmentation: [none, {label: masks, use: [time-mask]}]
  seed: [0]
"""
EXPECTED = {
    "tracks.md", "tracks.tex", "copies.md", "copies.tex",
    *(f"{name}.{suffix}" for name in ("method", "mel-scale", "data-flow", "spectrogram-stft", "spectrogram-mel", "spectrogram-mel-db",
                                      "model-input", "augmentations") for suffix in ("png", "pdf")),
}  # fmt: skip


@pytest.mark.slow
def test_all_that_needs_no_training_is_drawn(project: Any) -> None:
    project.write(SUITE)
    ran = project.bench("figures", "suite.yaml")
    assert ran.code == 0, ran.err
    folder = project.folder / "results" / "drawn" / "figures"
    assert {file.name for file in folder.iterdir()} == EXPECTED
    assert all(file.stat().st_size > 100 for file in folder.iterdir())
    assert "data-flow.png" in ran.out
    assert "[synthetic]" in (folder / "copies.tex").read_text().replace("{[}", "[")


@pytest.mark.slow
def test_a_track_that_is_not_there_is_named_and_nothing_is_drawn(project: Any) -> None:
    project.write(SUITE)
    wrong = project.bench("figures", "suite.yaml", "--track", "jaz.0001", "--out", "other")
    assert wrong.code == 2
    assert "Did you mean 'jazz.00001'" in wrong.err
    assert not (project.folder / "other").exists()


@pytest.mark.slow
def test_without_the_dataset_what_can_be_drawn_is_and_rehearsed_all_of_it_with_a_track_of_choice(
    project: Any,
) -> None:
    project.write(SUITE.replace("{synthetic: {tracks_per_class: 5, seconds: 1}}", "gtzan"))
    project.environment["BENCH_DATA"] = ""
    ran = project.bench("figures", "suite.yaml", "--out", "pictures")
    assert ran.code == 0
    assert "Dataset 'gtzan' was not found" in ran.err
    assert "Spectrograms and augmentations need the dataset" in ran.err
    assert "--rehearse draws all of it" in ran.err
    chosen = ("--track", "jazz.00001", "--out", "rehearsal")
    rehearsed = project.bench("figures", "suite.yaml", "--rehearse", *chosen)
    assert rehearsed.code == 0, rehearsed.err
    assert {file.name for file in (project.folder / "rehearsal").iterdir()} == EXPECTED
    assert "rehearsal, synthetic" in (project.folder / "rehearsal" / "copies.md").read_text()
