from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmark.plugin.manager import Plugins
from benchmark.suite.load import load_suite
from benchmark.suite.rehearse import rehearse

SUITE = """
name: real
cell:
  dataset: gtzan
  features: {mel: {size: [128, 200]}}
  training: {epochs: 50}
  evaluate: [gtzan:test, spotify]
matrix:
  model: [majority, mfcc-svm, {vgg16: {stages: [transfer]}}]
  augmentation: [none, {label: masks, use: [time-mask]}]
  split: [{augment: after, label: clean}, {augment: before, label: leaky}]
  seed: [3, 4]
leaderboard: {sort: spotify/top1, baseline: {augmentation: none}}
"""


def test_a_rehearsal_keeps_every_axis_but_seeds_and_is_small(tmp_path: Path) -> None:
    (tmp_path / "suite.yaml").write_text(SUITE)
    registry = Plugins().registry
    suite = load_suite(tmp_path / "suite.yaml", registry)
    small = rehearse(suite, registry)
    assert small.name == "real-rehearsal"
    assert {**small.axes, "seed": None} == {**suite.axes, "seed": None}
    assert small.axes["seed"] == ("3",)
    assert len(small.cells) == len(suite.cells) // 2
    for cell in small.cells:
        assert cell.spec.training.epochs == 1
        assert cell.spec.features.parameters["size"] == [32, 32]
        for dataset in (cell.spec.dataset, cell.spec.evaluate[1].dataset):
            assert dataset is not None
            assert registry.offer("dataset", dataset.name).component.synthetic
    assert {c.spec.model.parameters["weights"] for c in small.cells if c.spec.model.name == "vgg16"} == {None}
    assert [each.label for each in small.cells[0].spec.evaluate] == ["gtzan:test", "spotify"]


@pytest.mark.slow
def test_what_is_not_there_can_be_rehearsed_and_every_output_says_so(project) -> None:
    project.write(SUITE.replace(", {vgg16: {stages: [transfer]}}", ""))
    project.sections = ()
    assert project.bench("run", "suite.yaml").code == 2
    ran = project.bench("run", "suite.yaml", "--rehearse", "--executor", "inline")
    assert ran.code == 0, ran.err
    results = project.folder / "results"
    assert [folder.name for folder in results.iterdir()] == ["real-rehearsal"]
    assert "REHEARSAL" in ran.out
    report = results / "real-rehearsal" / "report"
    for file in ("leaderboard.md", "leaderboard.csv", "leaderboard.tex", "report.md"):
        text = (report / file).read_text()
        assert "rehearsal" in text.lower(), file
        assert "leaky" in text, file
    for verb in ("plan", "status", "report"):
        said = project.bench(verb, "suite.yaml", "--rehearse")
        assert said.code == 0, said.err
        assert "rehearsal" in said.out.lower() or verb == "status", verb
        assert "missing" not in said.out, verb
    for file in (results / "real-rehearsal").glob("[!.]*/cell.json"):
        marks = json.loads(file.read_text())["marks"]
        assert {"rehearsal", "synthetic"} <= set(marks)


@pytest.mark.slow
def test_a_pretrained_network_is_rehearsed_without_its_weights(network_project) -> None:
    project = network_project
    project.write(
        SUITE.replace(
            "majority, mfcc-svm, {vgg16: {stages: [transfer]}}", "{mobilenet: {stages: [transfer]}}"
        )
    )
    one = ("--set", "matrix.augmentation=[none]", "--set", "matrix.split=[{}]")
    ran = project.bench("run", "suite.yaml", "--rehearse", "--executor", "inline", *one, timeout=400)
    assert ran.code == 0, ran.err
    assert "[1/1]" in ran.err


@pytest.mark.slow
def test_a_split_by_groups_can_be_rehearsed(project) -> None:
    suite = Path(__file__).parents[2] / "suites" / "quickstart.yaml"
    project.write(suite.read_text(encoding="utf-8"))
    ran = project.bench("prepare", "suite.yaml", "--rehearse", timeout=200)
    assert ran.code == 0, ran.err


@pytest.mark.slow
def test_a_suite_is_rehearsed_without_the_weights_that_it_names(project) -> None:
    project.write(
        "name: trial\ncell: {dataset: gtzan, features: musicnn-mel, evaluate: [test]}\n"
        "matrix: {model: [{musicnn: {weights: absent.h5}}]}\n"
    )
    refused = project.bench("plan", "suite.yaml")
    assert refused.code == 2
    assert "there is no file 'absent.h5'" in refused.err
    planned = project.bench("plan", "suite.yaml", "--rehearse")
    assert planned.code == 0, planned.err
    assert "1 missing" in planned.out
