"""``bench inspect``, as a user runs it: on a suite that needs no TensorFlow."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

pytestmark = pytest.mark.slow

SUITE = """
name: trial
cell:
  dataset: {synthetic: {tracks_per_class: 6, seconds: 1, difficulty: 0.9}}
  features: {mel: {size: [12, 16], n_mels: 12}}
  split: {fractions: [0.5, 0.17, 0.33]}
  evaluate: [test, {synthetic-shifted: {tracks_per_class: 2, seconds: 1}}]
matrix:
  model: [majority, nearest]
  augmentation: [none, {label: masks, use: [frequency-mask]}]
  seed: [0, 1]
leaderboard: {ensembles: {size: 3, seeds: true}}
"""


@pytest.fixture(scope="module")
def ran(module_project: Any) -> Any:
    module_project.write(SUITE)
    done = module_project.bench("run", "suite.yaml", "--executor", "inline", timeout=900)
    assert done.code == 0, done.err
    return module_project


def test_failures_are_shown_in_the_terminal_and_written(ran: Any) -> None:
    done = ran.bench("inspect", "suite.yaml", "--limit", "5")
    assert done.code == 0, done.err
    folder = ran.results / "inspect"
    files = {file.name for file in folder.iterdir()}
    assert {
        "inspect.html",
        "inspect.md",
        "hard-tracks.csv",
        "likely-wrong-labels.csv",
        "spectrograms",
    } <= files
    assert "Tracks of synthetic:test that most of 4 rows get wrong" in done.out
    assert "Synthetic data: nobody recorded this music." in done.out
    assert str(folder / "inspect.html") in done.out
    hard = pd.read_csv(folder / "hard-tracks.csv")
    assert (hard["right_by"] * 2 < hard["tested_by"]).all()
    assert set(hard["marks"]) == {"synthetic"}
    page = (folder / "inspect.html").read_text()
    assert page.count('<article class="track"') <= 15
    assert page.count("<img src=") == len(list((folder / "spectrograms").glob("*.png")))
    assert "<strong>synthetic</strong>" in page


def test_another_set_and_only_one_format_may_be_asked_for(ran: Any) -> None:
    done = ran.bench(
        "inspect",
        "suite.yaml",
        "--on",
        "synthetic-shifted",
        "--axis",
        "model",
        "--format",
        "csv",
        "--out",
        "shifted",
    )
    assert done.code == 0, done.err
    assert {file.suffix for file in (ran.folder / "shifted").iterdir()} == {".csv"}
    assert "synthetic-shifted" in done.out
    flips = pd.read_csv(ran.folder / "shifted" / "flips.csv")
    assert set(flips["value"]) == {"nearest"}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            ("--on", "synthetic:tst"),
            "There is no evaluation set 'synthetic:tst'. Did you mean 'synthetic:test'?",
        ),
        (
            ("--axis", "augmentatio"),
            "There is no axis 'augmentatio' with several values. Did you mean 'augmentation'?",
        ),
        (("--format", "htm"), "There is no format 'htm'. Did you mean 'html'?"),
    ],
)
def test_what_is_not_there_is_named(ran: Any, options: tuple[str, ...], expected: str) -> None:
    done = ran.bench("inspect", "suite.yaml", *options)
    assert done.code == 2
    assert expected in done.err


def test_without_results_it_says_so(project: Any) -> None:
    done = project.bench("inspect", "suite.yaml")
    assert done.code == 1
    assert "No finished cell has answers on synthetic:test" in done.err


def test_ensembles_of_what_was_run_stand_in_the_report(ran: Any) -> None:
    report = ran.results / "report"
    (line,) = pd.read_csv(report / "ensembles-1.csv").to_dict("records")
    assert line["marks"] == "ensemble;synthetic"
    assert line["rows"] == 4
    assert 0 <= line["synthetic:test/top1 low"] <= line["synthetic:test/top1"] <= 1
    assert line["synthetic-shifted/top1"] >= 0
    # Each seed has a test part of its own, which the other was trained on: only the other data set is left for seeds.
    seeds = pd.read_csv(report / "ensembles-3.csv")
    assert seeds["synthetic:test/top1"].isna().all()
    assert seeds["synthetic-shifted/top1"].notna().all()


def test_a_rehearsal_is_inspected_and_marked(ran: Any) -> None:
    few = ("--rehearse", "--set", "matrix.seed=[0]", "--set", "matrix.augmentation=[none]")
    done = ran.bench("run", "suite.yaml", *few, "--executor", "inline", timeout=900)
    assert done.code == 0, done.err
    done = ran.bench("inspect", "suite.yaml", *few, "--format", "md")
    assert done.code == 0, done.err
    assert "A REHEARSAL on small stand-ins" in done.out
