"""``bench compare``, as a user runs it: on a suite that needs no TensorFlow."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fabricate import without_digests

from benchmark.results.parquet import read_predictions

SUITE = """
name: trial
cell:
  dataset: {synthetic: {tracks_per_class: 12, seconds: 1, difficulty: 0}}
  features: {mel: {size: [12, 16], n_mels: 12}}
  split: {fractions: [0.5, 0.17, 0.33]}
  evaluate: [test]
  metrics: [top1]
matrix:
  model: [majority, nearest, {nearest: {trouble: raise, seed: 1}, label: troubled}]
  seed: [0, 1]
"""
OTHER = SUITE.replace("name: trial", "name: other").replace("majority, ", "").replace("seed: 1}", "seed: 7}")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(module_project: Any) -> Any:
    """Return a project with the results of two suites."""
    module_project.write(SUITE)
    module_project.write(OTHER, "other.yaml")
    for name in ("suite.yaml", "other.yaml"):
        module_project.bench("run", name, "--executor", "inline")
    return module_project


def compared(project: Any, *arguments: str) -> dict[str, Any]:
    ran = project.bench("compare", *arguments, "--json")
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


def test_two_rows_of_a_suite_are_compared_on_the_same_tracks(project: Any) -> None:
    (line,) = compared(project, "suite.yaml", "--rows", "majority", "nearest")["comparisons"]
    shares = []
    for model in ("majority", "nearest"):
        found = [read_predictions(folder) for folder in sorted(project.results.glob(f"{model}-*"))]
        shares.append(np.mean([np.mean(answers(frame) == frame["label"]) for frame in found]))
    assert line["b_mean"] == pytest.approx(shares[1])
    assert line["difference"] == pytest.approx(line["b_mean"] - line["a_mean"])
    assert line["low"] < line["difference"] < line["high"]
    assert line["verdict"] == "B is better"
    assert line["marks"] == ["synthetic"]


def answers(frame: pd.DataFrame) -> np.ndarray:
    columns = [name for name in frame.columns if name.startswith("p:")]
    return np.array([name[2:] for name in columns])[frame[columns].to_numpy().argmax(axis=1)]


def test_the_table_for_people_says_what_is_compared_and_that_it_is_synthetic(project: Any) -> None:
    out = project.bench("compare", "suite.yaml", "--rows", "majority", "nearest").out
    assert "synthetic:test/top1, paired by track over" in out
    assert "nobody recorded this music" in out
    assert "B is better" in out


def test_two_suites_are_compared_row_by_row_and_the_rest_is_named(project: Any) -> None:
    found = compared(project, "suite.yaml", "other.yaml")
    assert {line["a"] for line in found["comparisons"]} == {"nearest", "troubled"}
    by_row = {line["a"]: line for line in found["comparisons"]}
    assert by_row["nearest"]["difference"] == 0
    assert by_row["nearest"]["verdict"] == "the same answers"
    assert found["a"]["only_here"] == ["majority"]
    assert found["b"]["only_here"] == []


def test_an_incomplete_row_gets_no_verdict(project: Any) -> None:
    (line,) = compared(project, "suite.yaml", "--rows", "majority", "troubled")["comparisons"]
    assert line["verdict"] == "no verdict: B is incomplete (1/2 cells)"
    assert line["difference"] is not None


def test_rows_tested_on_other_tracks_cannot_be_paired(project: Any) -> None:
    project.write(
        OTHER.replace("name: other", "name: split").replace("0.5, 0.17, 0.33", "0.34, 0.33, 0.33"),
        "split.yaml",
    )
    project.bench("run", "split.yaml", "--executor", "inline")
    found = compared(project, "suite.yaml", "split.yaml", "--rows", "nearest", "nearest")
    (line,) = found["comparisons"]
    assert line["verdict"] == "cannot be paired: they were evaluated on different tracks"
    assert line["difference"] is None
    assert line["b_mean"] > 0


def test_results_of_tracks_that_the_data_does_not_have_are_not_compared(project: Any, tmp_path: Path) -> None:
    results = tmp_path / "elsewhere"
    shutil.copytree(project.folder / "results", results)
    for folder in (results / "trial").glob("nearest-*"):
        without_digests(folder)
        file = folder / "predictions.parquet"
        frame = pd.read_parquet(file)
        frame.assign(track=frame["track"] + " again").to_parquet(file)
    ran = project.bench(
        "compare", "suite.yaml", "--against", str(results), "--rows", "nearest", "nearest", "--json"
    )
    assert ran.code == 0
    assert json.loads(ran.out)["b"]["name"].endswith("elsewhere")
    assert not any(line["verdict"] == "B is better" for line in json.loads(ran.out)["comparisons"])
    assert "again" in ran.out


def test_errors_list_the_rows_and_the_measures(project: Any) -> None:
    ran = project.bench("compare", "suite.yaml", "--rows", "majority", "vgg")
    assert ran.code == 2
    assert "'vgg' names no row of trial" in ran.err
    assert all(f"\n  {model}" in ran.err for model in ("majority", "nearest", "troubled"))
    ran = project.bench("compare", "suite.yaml", "other.yaml", "--measure", "synthetic:test/topp1")
    assert ran.code == 2
    assert "Did you mean 'synthetic:test/top1'?" in ran.err
    ran = project.bench("compare", "suite.yaml")
    assert ran.code == 2
    assert "--rows A B" in ran.err
