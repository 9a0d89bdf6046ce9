from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from benchmark.plugin.manager import Plugins
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
