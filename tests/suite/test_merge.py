from __future__ import annotations

import os
from pathlib import Path

import pytest
from suite_components import GOOD, replaced

from benchmark.exceptions import SuiteError
from benchmark.suite.merge import merge, read_merged
from benchmark.suite.source import parse


@pytest.fixture
def base(tmp_path: Path) -> Path:
    (tmp_path / "base.yaml").write_text(GOOD)
    return tmp_path / "base.yaml"


@pytest.fixture
def extended(load, base):
    """Return a function that loads a suite on top of the good one."""
    return lambda text, *overrides: load(f"extends: base.yaml\nname: child\n{text}", *overrides)


def test_a_suite_builds_on_another_and_changes_what_it_says(extended) -> None:
    suite = extended("cell: {training: {batch_size: 8}}\nmatrix: {model: [small]}\n")
    assert suite.name == "child"
    assert dict(suite.axes) == {"model": ("small",), "augmentation": ("none", "both"), "seed": ("0", "1")}
    assert (suite.cells[0].spec.training.epochs, suite.cells[0].spec.training.batch_size) == (3, 8)


def test_a_component_is_replaced_and_not_mixed_with_the_one_below(extended, base: Path) -> None:
    base.write_text(replaced("dataset: tones", "dataset: {tones: {count: 9}}"))
    assert extended("cell: {dataset: {tones: {}}}\n").cells[0].spec.dataset.parameters["count"] == 4


def test_settings_are_mixed_with_the_ones_below(extended, base: Path) -> None:
    base.write_text(replaced("dataset: tones", "clips: {seconds: 3, hop: 1}\n  dataset: tones"))
    clips = extended("cell: {clips: {seconds: 4}}\n").cells[0].spec.clips
    assert (clips.seconds, clips.hop) == (4, 1)
    assert extended("cell: {clips: null}\n").cells[0].spec.clips is None


def test_null_takes_a_key_away(extended) -> None:
    suite = extended("cell: {training: null}\nmatrix: {seed: null}\n")
    assert list(suite.axes) == ["model", "augmentation"]
    assert suite.cells[0].spec.training.epochs == 12


@pytest.mark.parametrize(
    ("text", "axes"),
    [
        ("cell: {model: large}", ["augmentation", "seed"]),
        ("matrix: {training: [{epochs: 1}, {epochs: 2}]}", ["model", "augmentation", "seed", "training"]),
        ("matrix: {training.epochs: [1, 2]}", ["model", "augmentation", "seed", "training.epochs"]),
        ("matrix: {dataset: [tones]}", ["model", "augmentation", "seed", "dataset"]),
    ],
)
def test_a_child_may_fix_an_axis_and_make_an_axis_of_what_was_fixed(
    extended, text: str, axes: list[str]
) -> None:
    assert list(extended(text).axes) == axes


def test_a_child_may_fix_the_axis_of_one_setting(extended, base: Path) -> None:
    base.write_text(replaced("seed: [0, 1]", "training.batch_size: [8, 16]"))
    suite = extended("cell: {training: {batch_size: 4}}\n")
    assert "training.batch_size" not in suite.axes
    assert (suite.cells[0].spec.training.batch_size, suite.cells[0].spec.training.epochs) == (4, 3)
    assert "training.batch_size" in extended("cell: {training: {epochs: 4}}\n").axes


def test_the_reference_of_a_base_may_be_given_another_source(extended, base: Path) -> None:
    base.write_text(GOOD + "reference: {source: one, values: [{model: small, tones:test/top1: 5}]}\n")
    reference = extended("reference: {source: other}\n").reference
    assert reference.source == "other"
    assert len(reference.values) == 1


def test_a_problem_names_the_file_in_which_it_stands(problems, base: Path) -> None:
    base.write_text(GOOD.replace("tones", "tonez"))
    found = problems("extends: base.yaml\nname: child\n\ncell: {features: pictur}\n")
    assert [problem.partition(": ")[0] for problem in found] == ["base.yaml:3", "suite.yaml:4"]


def test_bases_may_build_on_bases_but_not_in_a_circle(load, problems, base: Path) -> None:
    (base.parent / "root.yaml").write_text(GOOD)
    base.write_text("extends: root.yaml\nname: base\nmatrix: {seed: [5]}\n")
    child = "name: child\nextends: base.yaml\n"
    assert load(child).axes["seed"] == ("5",)
    (base.parent / "root.yaml").write_text("extends: suite.yaml\n" + GOOD)
    assert problems(child) == [
        "root.yaml:1: 'extends' goes in a circle: suite.yaml -> base.yaml -> root.yaml -> suite.yaml."
    ]
    assert problems("extends: suite.yaml\n") == [
        "suite.yaml:1: 'extends' goes in a circle: suite.yaml -> suite.yaml."
    ]


@pytest.mark.parametrize("base", ["null", "[base.yaml]", "3", '"base\\0.yaml"'])
def test_a_base_is_named_by_the_name_of_a_file(problems, base: str) -> None:
    (problem,) = problems(f"name: child\nextends: {base}\n")
    assert problem.startswith("suite.yaml:2: 'extends' is the name of a file, found ")


def test_a_base_that_is_not_there_is_a_problem_of_the_file_that_names_it(problems, tmp_path: Path) -> None:
    assert problems("name: x\nextends: nowhere.yaml\n") == [
        f"suite.yaml:2: 'extends' names nowhere.yaml: there is no such file. Suites in {tmp_path}: suite.yaml."
    ]
    assert problems("name: x\nextends: [a]\n") == [
        "suite.yaml:2: 'extends' is the name of a file, found ['a']."
    ]


def test_overrides_change_what_the_suite_says(load) -> None:
    suite = load(
        GOOD, "cell.training.epochs=7", "matrix.seed=[4]", "matrix.model.1={large: {width: 2}}", "name=other",
        "cell.split.augment=before", "matrix.training.batch_size=[8, 16]", "cell.training.learning_rate=1e-3",
    )  # fmt: skip
    spec = suite.cells[-1].spec
    assert (suite.name, spec.training.epochs, spec.training.learning_rate) == ("other", 7, 0.001)
    assert (spec.split.augment, spec.training.batch_size, spec.model.parameters["width"]) == ("before", 16, 2)
    assert suite.axes["seed"] == ("4",)
    assert suite.axes["training.batch_size"] == ("8", "16")


def test_an_override_may_reach_into_an_axis_of_one_setting(load) -> None:
    text = replaced("seed: [0, 1]", "training.batch_size: [8, 16]")
    assert load(text, "matrix.training.batch_size.1=32").axes["training.batch_size"] == ("8", "32")
    assert load(text, "matrix.training.batch_size=[4]").axes["training.batch_size"] == ("4",)
    assert "training.batch_size" not in load(text, "cell.training.batch_size=4").axes


def test_an_override_may_fix_an_axis_make_one_or_take_a_key_away(load) -> None:
    assert list(load(GOOD, "cell.model=small").axes) == ["augmentation", "seed"]
    assert load(GOOD, "matrix.training.epochs=[1, 2]").axes["training.epochs"] == ("1", "2")
    assert list(load(GOOD, "matrix.seed=null").axes) == ["model", "augmentation"]
    assert list(load(GOOD, "matrix.seed=").axes) == ["model", "augmentation"]


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("epochs", "--set epochs: write it as KEY=VALUE, for example cell.training.epochs=2."),
        ("=3", "--set =3: write it as KEY=VALUE, for example cell.training.epochs=2."),
        ("cell.training.epochs=many", "--set cell.training.epochs: 'epochs': input should be a valid integer, found 'many'."),
        ("cell.training.epoch=2", "--set cell.training.epoch: 'training' has no setting 'epoch'. Did you mean 'epochs'?"),
        ("cel.training=2", "--set cel.training: a suite has no key 'cel'. Did you mean 'cell'?"),
        ("cell.modle=large", "--set cell.modle: a cell has no key 'modle'. Did you mean 'model'?"),
        ("cell.dataset.tones=2", "--set cell.dataset.tones: 'cell.dataset' is the single value 'tones' and has no 'tones' in it."),
        ("matrix.seed.9=1", "--set matrix.seed.9: 'matrix.seed' is a list without item '9'; its items are 0 to 1."),
        ("matrix.seed.-1=1", "--set matrix.seed.-1: 'matrix.seed' is a list without item '-1'; its items are 0 to 1."),
        ("matrix.seed.last=1", "--set matrix.seed.last: 'matrix.seed' is a list without item 'last'; its items are 0 to 1."),
        ("matrix.training.epoch=[1]", "--set matrix.training.epoch: 'training' has no setting 'epoch'. Did you mean 'epochs'?"),
        ("matrix.seed.1=", "--set matrix.seed.1: an item of a list cannot be taken away: give the whole list."),
        ("name=[", "--set name: this is not valid YAML: "),
        ("name=!!python/name:os.system", "--set name: the tag '!!python/name:os.system' is not allowed"),
        ("extends=other.yaml", "--set extends: another suite is built on in a file: write a suite that 'extends' it"),
        ("name=", "suite.yaml:1: a suite needs a 'name'"),
    ],
)  # fmt: skip
def test_a_wrong_override_is_named(problems, override: str, expected: str) -> None:
    (found,) = problems(GOOD, override)
    assert found.startswith(expected)


def test_null_is_a_value_for_a_parameter_and_nothing_takes_it_away(load) -> None:
    text = replaced("dataset: tones", "dataset: {tones: {root: /here}}")
    root = lambda *overrides: load(text, *overrides).cells[0].spec.dataset.parameters["root"]  # noqa: E731
    assert (root(), root("cell.dataset.tones.root=null")) == ("/here", None)
    wide = lambda *overrides: load(GOOD, *overrides).cells[-1].spec.model.parameters["width"]  # noqa: E731
    assert (wide(), wide("matrix.model.1.large.width=")) == (64, 8)


def test_an_override_may_reach_into_what_is_empty(load, problems) -> None:
    assert load(GOOD + "leaderboard:\n", "leaderboard.baseline.seed=1").leaderboard.baseline == {"seed": "1"}
    assert load(replaced("[small,", "[null,"), "matrix.model.0.small={}").axes["model"] == ("small", "large")
    assert problems(replaced("matrix:", "reference:") + "matrix: [1]\n", "matrix.0=2")[0].startswith(
        "suite.yaml:10: 'matrix' is a mapping"
    )


def test_all_wrong_overrides_are_named_at_once(problems) -> None:
    assert len(problems(GOOD, "a", "b")) == 2


def test_an_override_applies_to_what_the_base_says(extended) -> None:
    assert extended("", "cell.training.epochs=9").cells[0].spec.training.epochs == 9
    with pytest.raises(SuiteError, match="--set cell.training.epochs: "):
        extended("", "cell.training.epochs=0")


@pytest.mark.parametrize("kind", ["device", "pipe", "folder"])
def test_extends_of_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path, kind: str) -> None:
    base = tmp_path / "base"
    if kind == "device":
        base = Path("/dev/zero")
    elif kind == "pipe":
        os.mkfifo(base)
    else:
        base.mkdir()
    (tmp_path / "suite.yaml").write_text(f"name: x\nextends: {base}\n")
    with pytest.raises(SuiteError, match=r"suite\.yaml:2: 'extends' names .*, which is no file"):
        read_merged(tmp_path / "suite.yaml")


def test_bases_do_not_go_on_for_ever(tmp_path: Path) -> None:
    for number in range(60):
        (tmp_path / f"{number}.yaml").write_text(f"extends: {number + 1}.yaml\n")
    with pytest.raises(SuiteError, match="more than 50 files deep"):
        read_merged(tmp_path / "0.yaml")


def test_a_key_with_a_dot_that_an_axis_takes_the_place_of_is_no_error_of_ours() -> None:
    below, above = parse("cell: {training.epochs: 3}", "a"), parse("matrix: {training: [{epochs: 1}]}", "b")
    assert merge(below, above).value == {"cell": {}, "matrix": {"training": [{"epochs": 1}]}}
