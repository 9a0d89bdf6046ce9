"""One parameter of a component as an axis, and the share of the training part as one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import pytest
from suite_components import GOOD, Picture, fake_registry, replaced, with_cell

from benchmark import Parts
from benchmark.plugin.registry import Registry, Source
from benchmark.suite.identity import Identifier
from benchmark.suite.json_schema import suite_schema
from benchmark.suite.load import Suite

DOSES = replaced("  seed: [0, 1]", "  augmentation.drift.high: [1, 3, 9]\n  seed: [0, 1]").replace(
    "[none, {label: both, use: [stretch, mask]}]", "[drift, {label: both, use: [stretch, [mask, drift]]}]"
)


def ids(suite: Suite) -> list[str | None]:
    identifier = Identifier(lambda spec: "revision")
    return [identifier.identity(cell.spec) for cell in suite.cells]


def test_a_parameter_of_an_augmentation_is_an_axis_of_every_recipe(load: Callable[..., Suite]) -> None:
    suite = load(DOSES)
    assert suite.axes["augmentation.drift.high"] == ("1", "3", "9")
    cell = next(cell for cell in suite.cells if cell.label == "large · both · 9 · 1")
    assert [[step.name for step in chain] for chain in cell.spec.augmentation] == [
        ["stretch"],
        ["mask", "drift"],
    ]
    assert cell.spec.augmentation[1][1].parameters["high"] == 9
    assert suite.numbers == {"augmentation.drift.high": {"1": 1.0, "3": 3.0, "9": 9.0}}


def test_a_cell_of_such_an_axis_is_the_cell_that_has_the_value_written_out(
    load: Callable[..., Suite],
) -> None:
    written = replaced("[none, {label: both, use: [stretch, mask]}]", "[{drift: {high: 3}}]")
    axis = replaced("[none, {label: both, use: [stretch, mask]}]", "[drift]\n  augmentation.drift.high: [3]")
    assert ids(load(written)) == ids(load(axis))


def test_a_parameter_of_the_model_is_an_axis(load: Callable[..., Suite]) -> None:
    suite = load(
        replaced("[small, {large: {width: 64}}]", "[large]\n  model.width: [8, {value: 16, label: wide}]")
    )
    assert [cell.spec.model.parameters["width"] for cell in suite.cells[:4:2]] == [8, 8]
    assert suite.axes["model.width"] == ("8", "wide")
    assert suite.numbers["model.width"] == {"8": 8.0, "wide": 16.0}


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        (DOSES.replace("drift.high", "dirft.high"), "suite.yaml:9", ["has no 'dirft'", "Did you mean 'drift'?"]),
        (DOSES.replace("drift.high", "drift.hihg"), "suite.yaml:9", ["no parameter 'hihg'", "'high'"]),
        (DOSES.replace("[1, 3, 9]", "[1, 3, nine]"), "suite.yaml:9", ["nine"]),
        (DOSES.replace("[1, 3, 9]", "[1, 3, -1]"), "suite.yaml:9", ["'low' is 0 and 'high' only -1"]),
        (DOSES.replace("[1, 3, 9]", "[1, 3, 3]"), "suite.yaml:9", ["same as '3'"]),
        (DOSES.replace("[drift, ", "[none, "), "suite.yaml:9", ["the augmentation is none", "'drift'"]),
        (DOSES.replace("drift.high", "high"), "suite.yaml:9", ["cannot be an axis", "augmentation.frequency-mask.width"]),
        (
            replaced("  seed: [0, 1]", "  model.width: [8]\n  seed: [0, 1]"),
            "suite.yaml:9",
            ["model 'small' has no parameter 'width'"],
        ),
        (with_cell("training_size: 0"), "suite.yaml:4", ["a share above 0 and up to 1", "found 0"]),
        (with_cell("training_size: 1.5"), "suite.yaml:4", ["found 1.5"]),
        (with_cell("training_size: true"), "suite.yaml:4", ["found True"]),
        (with_cell("training_size: [0.5]"), "suite.yaml:4", ["one value under 'cell'"]),
        (replaced("  seed: [0, 1]", "  training_size: [1, 100 %]\n  seed: [0, 1]"), "suite.yaml:9", ["same as '1'"]),
        (
            with_cell("split: {augment: before}").replace("  seed: [0, 1]", "  training_size: [0.5, 1]\n  seed: [0, 1]"),
            "suite.yaml:10",
            ["augment after the split"],
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_such_an_axis_is_said_with_its_place(
    problems: Callable[..., list[str]], text: str, place: str, words: list[str]
) -> None:
    found = problems(text)
    assert any(line.startswith(place) and all(word in line for word in words) for line in found), found


def test_a_value_that_is_fixed_and_an_axis_is_refused(problems: Callable[..., list[str]]) -> None:
    text = with_cell("augmentation: [stretch, {drift: {high: 2}}]").replace(
        "  augmentation: [none, {label: both, use: [stretch, mask]}]\n", "  augmentation.drift.high: [1, 2]\n"
    )
    (found,) = problems(text)
    assert "has a fixed value too, at suite.yaml:4" in found.replace(
        found.split(": ")[0].rpartition("/")[0] + "/", ""
    )


def test_the_whole_training_part_is_what_suites_without_that_key_have(load: Callable[..., Suite]) -> None:
    sizes = load(replaced("  seed: [0, 1]", "  training_size: [25 %, 0.5, 1.0]\n  seed: [0, 1]"))
    assert sizes.numbers == {"training_size": {"25 %": 0.25, "0.5": 0.5, "1.0": 1.0}}
    plain = ids(load(GOOD))
    assert [
        id_
        for cell, id_ in zip(sizes.cells, ids(sizes), strict=True)
        if cell.labels["training_size"] == "1.0"
    ] == plain
    assert len(set(ids(sizes))) == 3 * len(plain)


def test_ids_of_suites_without_these_keys_are_what_they_were(load: Callable[..., Suite]) -> None:
    assert ids(load(GOOD))[:2] == EARLIER


# Of the version before there were such axes.
EARLIER = ["4f91852eb86b", "c7d7904aaa2f"]


class Pile(Picture):
    """Features of others."""

    name = "pile"

    def __init__(self, *, of: Annotated[list[Any], Parts("features")], gap: int = 0) -> None:
        super().__init__(size=of[0].size if hasattr(of[0], "size") else 16)


def test_a_parameter_beside_parts_is_an_axis_and_leaves_the_parts(
    load: Callable[..., Suite], registry: Registry
) -> None:
    registry.add(Pile, Source("fakes", "fakes", "1.0"))
    parts = "{of: [{picture: {size: 4}, label: small}, [picture, picture]]GAP}"
    text = "name: x\ncell:\n  dataset: tones\n  model: small\n  features: {pile: %s}\n"
    first, second = load(text % parts.replace("GAP", "") + "matrix: {features.gap: [1, 2]}\n").cells
    assert [cell.spec.features.parameters["gap"] for cell in (first, second)] == [1, 2]
    (written,) = load(text % parts.replace("GAP", ", gap: 2")).cells
    assert second.spec.features.identity() == written.spec.features.identity()


def test_the_schema_takes_such_axes(tmp_path: Path) -> None:
    import yaml
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(suite_schema(fake_registry()))
    sizes = replaced("  seed: [0, 1]", "  training_size: [25 %, 0.5, 1]\n  seed: [0, 1]")
    for text in (DOSES, sizes, DOSES + "exclude: [{augmentation.drift.high: 9, seed: 0}]\n"):
        assert list(validator.iter_errors(yaml.safe_load(text))) == []
    for wrong in (
        sizes.replace("0.5", "1.5"),
        DOSES.replace("augmentation.drift.high", "augmentation.drift"),
    ):
        assert list(validator.iter_errors(yaml.safe_load(wrong)))
