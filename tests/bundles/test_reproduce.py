"""A recorded cell is run again: the same comes of it, or what differs is named."""

from __future__ import annotations

import json
from pathlib import Path

import bundled
import fabricate
import pytest
from click.testing import CliRunner, Result

from benchmark.bundles.suite_text import suite_of, to_yaml
from benchmark.cli.main import cli
from benchmark.exceptions import BundleError
from benchmark.plugin.manager import Plugins
from benchmark.results.parquet import read_predictions
from benchmark.results.store import ResultsStore
from benchmark.suite.identity import Identifier
from benchmark.suite.load import load_suite
from benchmark.suite.source import parse

SUITE = """
name: small
cell:
  dataset: {synthetic: {tracks_per_class: 4, seconds: 1, difficulty: 0}}
  features: {mel: {size: [12, 16], n_mels: 12}}
  split: {fractions: [0.5, 0.25, 0.25]}
  metrics: [top1, macro-f1]
matrix:
  model: [majority, mfcc-svm]
  augmentation: [none, {label: masks, use: [frequency-mask, [time-mask, {frequency-mask: {width: 2}}]]}]
  evaluate: [[test, validation, {synthetic-shifted: {tracks_per_class: 1, seconds: 1}}]]
  seed: [0, 3]
"""

# Further axes, of a model that takes notice of them.
TRAINED = """
  training:
    - {epochs: 3, loss: {categorical_focal_crossentropy: {gamma: 1.5}}, class_weights: balanced, label: focal}
    - {label: plain}
  training_size: [1, 0.5]
"""


def bench(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(each) for each in arguments])


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the results of one cell that was really trained."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "suite.yaml").write_text(
        SUITE.replace("[majority, mfcc-svm]", "[majority]")
        .replace("[0, 3]", "[3]")
        .replace("[none, {label", "[{label")
    )
    ran = bench(
        "run",
        folder / "suite.yaml",
        "--executor",
        "inline",
        "--results",
        folder / "results",
        "--cache",
        folder / "cache",
    )
    assert ran.exit_code == 0, ran.output
    return folder / "results"


@pytest.mark.parametrize("text", [SUITE, SUITE.replace("majority, mfcc-svm", "cnn").rstrip() + TRAINED])
def test_a_specification_becomes_a_suite_of_the_same_identity(tmp_path: Path, text: str) -> None:
    registry = Plugins().registry
    (tmp_path / "suite.yaml").write_text(text)
    identifier = Identifier(lambda spec: "0123456789ab")
    for cell in load_suite(tmp_path / "suite.yaml", registry).cells:
        canonical = identifier.canonical(cell.spec)
        assert canonical is not None
        content, lacking = suite_of("again", json.loads(json.dumps(canonical)), ["top1"])
        assert lacking == []
        (tmp_path / "again.yaml").write_text(to_yaml(content))
        (again,) = load_suite(tmp_path / "again.yaml", registry).cells
        assert identifier.identity(again.spec) == identifier.identity(cell.spec)


def test_files_of_which_only_digests_are_known_are_named() -> None:
    spec = {
        "split": {"strategy": "predefined", "files": {"train": "0123456789abcdef"}},
        "model": {"name": "vgg16", "parameters": {"weights": "sha256:0123456789abcdef"}},
        "augmentation": [],
        "evaluate": [],
        "seed": 0,
    }
    _, lacking = suite_of("again", spec, ["top1"])
    assert {each.partition(":")[0] for each in lacking} == {
        "cell.split.files.train",
        "cell.model.vgg16.weights",
    }


def test_a_cell_whose_code_is_not_here_says_how_it_is_found(tmp_path: Path) -> None:
    bundle = bundled.make_bundle(tmp_path)
    id_ = fabricate.make_plan(tmp_path).ids[0]
    error = bench("reproduce", id_, "--from", bundle).exception
    assert isinstance(error, BundleError)
    assert f"({id_}) cannot be made here: There is no " in str(error)
    assert "Code that lies beside its suite is found by --suite" in str(error)
    assert "suite.yaml" not in str(error)


@pytest.mark.parametrize(
    "value",
    [
        "1e3",
        "on",
        "no",
        "012",
        "~",
        "null",
        "true",
        ".5",
        "2020-01-01",
        "<<",
        "=",
        "a: b",
        "- a",
        "#",
        "é",
        "",
    ],
)
def test_what_is_text_stays_text(value: str) -> None:
    content = {"name": "a", value or "key": [value, {"deep": value}], "numbers": [1e-5, 1, True, None, 1.0]}
    assert parse(to_yaml(content), "suite").value == content


@pytest.mark.slow
def test_the_same_comes_of_a_cell_again(results: Path) -> None:
    (id_,) = ResultsStore(results, "small").scan()
    ran = bench("reproduce", id_, "--results", results, "--inline")
    assert ran.exit_code == 0, ran.output
    assert "all predictions are exactly the same" in ran.stdout


@pytest.mark.slow
def test_other_numbers_are_said_to_be_other_ones(results: Path, tmp_path: Path) -> None:
    store = ResultsStore(results, "small")
    ((id_, folder),) = store.scan().items()
    record = store.read(id_, folder)
    table = read_predictions(folder)
    columns = [name for name in table if name.startswith("p:")]
    # Always right, which a model that says the commonest class is not.
    table[columns] = [[float(column == f"p:{label}") for column in columns] for label in table["label"]]
    made_up = ResultsStore(tmp_path, "small")
    made_up.write(
        record,
        predictions=table.astype(dict.fromkeys(columns, "float32")),
        history=[],
        metrics={"test": {"top1": 1.0}},
    )
    # What was computed for the same cell is taken as it is here, as the answers are what matters.
    cached = ("--reuse-cache", "--cache", results.parent / "cache")
    again = ("reproduce", id_, "--results", tmp_path, "--inline", *cached)
    ran = bench(*again)
    assert ran.exit_code == 1, ran.output
    assert "NOT reproduced" in ran.stdout
    assert "test/top1: 1.0000 then" in ran.stdout
    assert "one other answer is" in ran.stdout, "so few tracks that the tolerance asks for the same answers"
    assert bench(*again, "--tolerance", "1").exit_code == 0


@pytest.mark.slow
def test_a_cell_of_a_bundle_is_found_and_its_suite_may_be_given(results: Path, tmp_path: Path) -> None:
    suite = results.parent / "suite.yaml"
    places = ("--results", results, "--cache", results.parent / "cache")
    assert bench("export", suite, *places, "-o", tmp_path / "a.zip").exit_code == 0
    assert bench("verify", tmp_path / "a.zip").exit_code == 0
    ran = bench("reproduce", "majority", "--from", tmp_path / "a.zip", "--suite", suite, "--inline")
    assert ran.exit_code == 0, (ran.output, ran.exception)
    assert "exactly the same" in ran.stdout
