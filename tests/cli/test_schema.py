from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from benchmark.cli.schema import command
from benchmark.plugin.manager import Plugins
from benchmark.suite.json_schema import suite_schema

BENCHFILE = """
from benchmark import Model, hookimpl

class Odd(Model):
    name = "odd-one"

@hookimpl
def bench_models():
    return [Odd]
"""


def schema(*arguments: object) -> dict:
    done = CliRunner().invoke(command, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_the_schema_is_one_and_knows_the_installed_components() -> None:
    printed = schema()
    # Which tests/suite/test_json_schema.py finds to be a schema.
    assert printed == json.loads(json.dumps(suite_schema(Plugins().registry)))
    validator = Draft202012Validator(printed)
    assert validator.is_valid({"name": "x", "cell": {"model": {"cnn": {"units": 8}}}})
    assert not validator.is_valid({"name": "x", "cell": {"model": {"cnn": {"unit": 8}}}})


def test_beside_a_suite_the_components_of_its_benchfile_are_known_too(tmp_path: Path) -> None:
    (tmp_path / "benchfile.py").write_text(BENCHFILE)
    (tmp_path / "suite.yaml").write_text("name: x\n")
    wanted = {"name": "x", "cell": {"model": "odd-one"}}
    assert Draft202012Validator(schema(tmp_path / "suite.yaml")).is_valid(wanted)
    assert not Draft202012Validator(schema()).is_valid(wanted)


@pytest.mark.parametrize("content", ["raise RuntimeError('no')", "def broken(:"])
def test_a_broken_benchfile_is_named_and_the_schema_is_whole(tmp_path: Path, content: str) -> None:
    (tmp_path / "benchfile.py").write_text(content)
    (tmp_path / "suite.yaml").write_text("name: x\n")
    done = CliRunner().invoke(command, [str(tmp_path / "suite.yaml")])
    assert done.exit_code == 0
    assert "Warning: plugin benchfile.py" in done.stderr
    assert json.loads(done.stdout) == schema()


def test_a_suite_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    done = CliRunner().invoke(command, [str(tmp_path / "none.yaml")])
    assert done.exit_code == 2
    assert "none.yaml" in done.stderr
