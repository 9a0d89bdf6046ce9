from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from suite_components import GOOD, replaced, with_cell

from benchmark import Model
from benchmark.plugin.manager import Plugins
from benchmark.plugin.registry import Source
from benchmark.suite.json_schema import suite_schema

SUITES = sorted((Path(__file__).parents[2] / "suites").glob("*.yaml"))


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    schema = suite_schema(Plugins().registry)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.mark.parametrize("file", SUITES, ids=lambda file: file.name)
def test_the_suites_that_ship_are_valid(validator: Draft202012Validator, file: Path) -> None:
    errors = [error.message for error in validator.iter_errors(yaml.safe_load(file.read_text()))]
    assert errors == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"cell": {"model": "cn"}},
        {"cell": {"model": {"cnn": {"unit": 3}}}},
        {"cell": {"model": {"cnn": {"units": "many"}}}},
        {"cell": {"model": {"cnn": {"units": 0}}}},
        {"cell": {"training": {"epoch": 3}}},
        {"cell": {"audio": {"original": {"x": 1}}}},
        {"cell": {"modle": "cnn"}},
        {"matrix": {"seed": []}},
        {"matrix": {"training.epoch": [1]}},
        {"cell": {"augmentation": {"use": ["time-mass"]}}},
        {"names": "x"},
    ],
)
def test_what_the_loader_refuses_the_schema_refuses(validator: Draft202012Validator, wrong: dict) -> None:
    assert not validator.is_valid({"name": "x", **wrong})


def test_axes_chains_labels_and_dotted_axes_are_allowed(validator: Draft202012Validator) -> None:
    suite = {
        "name": "x",
        "cell": {
            "dataset": {"gtzan": None, "label": "mine"},
            "clips": None,
            "augmentation": [["time-stretch", "time-mask"]],
        },
        "matrix": {
            "model": ["cnn", {"cnn": {"units": 8}, "label": "small"}],
            "training.learning_rate": [0.1, 0.01],
            "split": [{"augment": "before", "label": "leaky"}],
        },
    }
    assert [error.message for error in validator.iter_errors(suite)] == []


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        replaced("seed: [0, 1]", "training.learning_rate: [0.1, 0.01]\n  split.augment: [after, before]"),
        replaced("seed: [0, 1]", "split.fractions: [{label: a, value: [0.5, 0.2, 0.3]}, [0.6, 0.2, 0.2]]"),
        replaced(
            "seed: [0, 1]",
            "audio: [{original: , label: WAV}, telephone, {telephone: {highest: 300}, label: a}]",
        ),
        replaced("seed: [0, 1]", "clips: [null, {seconds: 3, label: short}]"),
        replaced("seed: [0, 1]", "clips.seconds: [2, 4]\n  clips.hop: [null, 1.0]"),
        replaced(
            "augmentation: [none,", "augmentation: [none, [mask, [stretch, mask]], {mask: null, label: m},"
        ),
        with_cell("evaluate: [validation, tones:test, noises, {tones: {count: 9}, label: more}]"),
        with_cell("metrics: [top1, {top-k: {k: 3}, label: top3}]"),
        with_cell("split: {folds: 2}\n  fold: 1\n  clips: null"),
        GOOD + "exclude:\n  - {model: large, augmentation: [none], seed: 0}\n",
        GOOD + "include:\n  - {model: {large: {width: 128}, label: huge}, augmentation: both, seed: 7}\n",
        GOOD + "leaderboard: {sort: tones:test/top1, baseline: {seed: 1, model: small}}\n",
        GOOD + "leaderboard: {shown: [{seed: 1}, {model: small}]}\n",
        GOOD + "leaderboard: {leak_limit: 5 %}\n",
        GOOD + "leaderboard: {ensembles: {size: 5, choose: greedy, seeds: true}}\n",
        GOOD + "leaderboard: {ensembles: {}}\n",
        GOOD + "leaderboard: {ensembles: null}\n",
        GOOD + "leaderboard: {leak_limit: 0.2}\n",
        with_cell("split: {groups: shared}"),
        GOOD + "reference: {source: me, values: [{model: small, tones:test/top1: 5}]}\ndescription: words\n",
        GOOD + "include: null\nexclude:\n",
    ],
)
def test_every_suite_that_loads_is_valid(load, registry, text: str) -> None:
    load(text)
    validator = Draft202012Validator(suite_schema(registry))
    assert [error.message for error in validator.iter_errors(yaml.safe_load(text))] == []


def test_a_suite_that_extends_another_may_take_keys_away_and_leave_the_name_out(registry) -> None:
    text = "extends: base.yaml\ncell: {training: null, clips: {hop: 1.0}, split: {folds: null}}\nmatrix: {seed: null}\n"
    assert Draft202012Validator(suite_schema(registry)).is_valid(yaml.safe_load(text))


@pytest.mark.parametrize(
    "text",
    [
        replaced("name: trial\n", ""),
        replaced("name: trial", "name: ../trial"),
        replaced("dataset: tones", "dataset: noises"),
        replaced("size: 32", "sise: 32"),
        replaced("{width: 64}", "{kind: round}"),
        replaced("{large: {width: 64}}", "{large: {}, small: {}}"),
        replaced("{large: {width: 64}}", "{large: 64}"),
        replaced("label: both", "labels: both"),
        with_cell("metrics: [top-k]"),
        with_cell("evaluate: [tset]"),
        with_cell("evaluate: [tones:tset]"),
        with_cell("clips: {second: 3}"),
        GOOD + "exclude: [{modell: large}]\n",
        GOOD + "include: [{model: {large: {widht: 1}}}]\n",
        GOOD + "leaderboard: {sorted: x}\n",
        GOOD + "leaderboard: {ensembles: {sizes: 5}}\n",
        GOOD + "leaderboard: {ensembles: {size: 0}}\n",
    ],
)
def test_what_is_wrong_in_shape_is_invalid_and_does_not_load(problems, registry, text: str) -> None:
    assert problems(text)
    assert not Draft202012Validator(suite_schema(registry)).is_valid(yaml.safe_load(text))


def test_components_are_described_by_their_docstrings(registry) -> None:
    choices = suite_schema(registry)["$defs"]["model"]["oneOf"]
    (named,) = [choice for choice in choices if choice.get("const") == "large"]
    assert named["description"] == "A model with a width.\n\nAnd more to say about it."
    (given,) = [choice for choice in choices if "large" in choice.get("properties", {})]
    width = given["properties"]["large"]["properties"]["width"]
    assert (width["type"], width["exclusiveMinimum"], width["default"]) == ("integer", 0, 8)


def test_a_component_that_cannot_be_described_leaves_the_rest_as_it_is(registry) -> None:
    class Careless(Model):
        name = "careless"

        def __init__(self, *, width=3) -> None: ...

    registry.add(Careless, Source("acme", "acme", "1"))
    registry.add(registry.offer("model", "small").component, Source("others", "others", "3.0"))
    validator = Draft202012Validator(suite_schema(registry))
    assert validator.is_valid({"name": "x", "cell": {"model": "careless"}})
    assert validator.is_valid({"name": "x", "cell": {"model": "large"}})
    assert not validator.is_valid({"name": "x", "cell": {"model": "small"}})
