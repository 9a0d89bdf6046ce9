"""Components that are made of others: each is checked with its line, and counts in the identity of the whole."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Annotated, Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import Field

from benchmark import Features, File, Parts
from benchmark.exceptions import PluginError
from benchmark.plugin.registry import Registry, Source
from benchmark.suite.json_schema import suite_schema
from benchmark.suite.rehearse import _small_component

SUITE = """\
name: trial
cell:
  dataset: tones
  model: small
  features:
    pile:
      of: PARTS
"""
OWN = Source("fakes", "fakes", "1.0")


class Square(Features):
    """A square."""

    name, shape = "square", (16, 16, 1)

    def __init__(
        self, *, size: Annotated[int, Field(gt=0)] = 16, table: Annotated[str | None, File()] = None
    ) -> None:
        self.size = size

    @classmethod
    def rehearsal(cls, parameters):
        return {**parameters, "size": 2}


class Pile(Features):
    """A pile of features."""

    name, shape = "pile", (16, 16, 2)

    def __init__(
        self, *, of: Annotated[list[Any], Field(min_length=2), Parts("features")], gap: int = 0
    ) -> None:
        if of[0].size > 100:
            raise ValueError("the first is too large")
        self.of = of


@pytest.fixture
def registry(registry: Registry) -> Registry:
    for component in (Square, Pile):
        registry.add(component, OWN)
    return registry


def pile(load, parts: str):
    (cell,) = load(SUITE.replace("PARTS", parts)).cells
    return cell.spec.features


def test_a_component_is_given_instances_of_its_parts(load, registry: Registry) -> None:
    spec = pile(load, "[square, {square: {size: 3}}, [square, square]]")
    made = spec.create(registry)
    assert [type(made.of[0]), made.of[1].size, len(made.of[2])] == [Square, 3, 2]
    assert made.of[0] is not spec.create(registry).of[0]
    assert pickle.loads(pickle.dumps(spec)) == spec


def test_what_parts_are_counts_and_what_they_are_called_does_not(load) -> None:
    first = pile(load, "[square, {square: {size: 3}}]")
    labelled = pile(load, "[{square: {size: 16}, label: big}, {square: {size: 3}}]")
    other = pile(load, "[{square: {size: 3}}, square]")
    assert first.identity() == labelled.identity() != other.identity()
    assert first.key == labelled.key != other.key
    plain = json.loads(json.dumps(first.identity()))
    assert [part["parameters"]["size"] for part in plain["parameters"]["of"]] == [16, 3]
    assert {part["version"] for part in plain["parameters"]["of"]} == {"1.0"}


def test_files_of_parts_lie_beside_the_suite_and_count_by_content(load, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    (tmp_path / "b").write_text("1")
    one, same = (pile(load, f"[square, {{square: {{table: {name}}}}}]") for name in "ab")
    assert one.identity() == same.identity()
    (tmp_path / "b").write_text("2")
    assert one.identity() != pile(load, "[square, {square: {table: b}}]").identity()


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        ("[square, squarre]", "suite.yaml:7: There is no features 'squarre'. Did you mean 'square'?"),
        ("[square, {square: {sise: 2}}]", "features 'square' has no parameter 'sise'. Did you mean 'size'?"),
        ("[square, {square: {size: 0}}]", "'size': input should be greater than 0, found 0."),
        ("[square]", "'of': list should have at least 2 items"),
        ("square", "'of': input should be a valid list"),
        ("[{square: {size: 200}}, square]", "features 'pile' refuses its parameters: the first is too large"),
        ("[square, 3]", "a component (here: features) is a name"),
    ],
)
def test_a_wrong_part_is_told_with_its_line(problems, parts: str, problem: str) -> None:
    (found,) = problems(SUITE.replace("PARTS", parts))
    assert found.startswith("suite.yaml:")
    assert problem in found


def test_a_part_that_is_wrong_on_an_axis_is_told_once_for_each_place(problems) -> None:
    text = (
        "name: trial\ncell: {dataset: tones, model: small}\nmatrix:\n  features:\n"
        "    - pile: {of: [square, squarre]}\n    - pile: {of: [squarre, square]}\n"
    )
    assert [found.split(":")[1] for found in problems(text)] == ["5", "6"]


def test_from_python_and_from_a_record_comes_the_same_specification(registry: Registry, load) -> None:
    spec = pile(load, "[square, {square: {size: 3}}]")
    assert registry.spec("features", "pile", {"of": ["square", {"square": {"size": 3}}]}).key == spec.key
    recorded = json.loads(json.dumps(spec.identity()))
    assert registry.spec("features", "pile", recorded["parameters"]).key == spec.key
    with pytest.raises(PluginError, match="A part is a name"):
        registry.spec("features", "pile", {"of": ["square", 3]})


def test_parts_are_rehearsed_in_small(load, registry: Registry) -> None:
    small = _small_component(pile(load, "[square, {square: {size: 3}}]"), registry)
    assert [part.size for part in small.create(registry).of] == [2, 2]


def test_editors_complete_parts(registry: Registry) -> None:
    validator = Draft202012Validator(suite_schema(registry))

    def errors(parts: list[Any]) -> list[Any]:
        cell = {"dataset": "tones", "model": "small", "features": {"pile": {"of": parts}}}
        return list(validator.iter_errors({"name": "x", "cell": cell}))

    assert errors(["square", {"square": {"size": 3}}]) == []
    assert errors(["square", "squarre"])
