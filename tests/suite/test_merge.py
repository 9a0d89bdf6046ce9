from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.exceptions import SuiteError

from suite_texts import GOOD


def test_a_suite_builds_on_another_and_changes_what_it_says(load, tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(GOOD)
    suite = load("extends: base.yaml\nname: child\ncell: {training: {batch_size: 8}}\nmatrix: {model: [small]}\n")
    assert suite.name == "child"
    assert len(suite.cells) == 4
    assert (suite.cells[0].spec.training.epochs, suite.cells[0].spec.training.batch_size) == (3, 8)


def test_a_component_is_replaced_and_not_mixed_with_the_one_below(load, tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(GOOD.replace("dataset: tones", "dataset: {tones: {count: 9}}"))
    suite = load("extends: base.yaml\nname: child\ncell: {dataset: {tones: {}}}\n")
    assert suite.cells[0].spec.dataset.parameters["count"] == 4


def test_null_takes_a_key_away_and_an_axis_may_become_a_fixed_value(load, tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(GOOD)
    suite = load("extends: base.yaml\nname: child\ncell: {model: large, training: null}\nmatrix: {seed: null}\n")
    assert list(suite.axes) == ["augmentation"]
    assert suite.cells[0].spec.model.name == "large"
    assert suite.cells[0].spec.training.epochs == 12


def test_a_problem_names_the_file_in_which_it_stands(problems, tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(GOOD.replace("tones", "tonez"))
    found = problems("extends: base.yaml\nname: child\n\ncell: {features: pictur}\n")
    assert [problem.partition(": ")[0] for problem in sorted(found)] == ["base.yaml:3", "suite.yaml:4"]


def test_bases_may_build_on_bases_but_not_in_a_circle(load, tmp_path: Path) -> None:
    (tmp_path / "root.yaml").write_text(GOOD)
    (tmp_path / "base.yaml").write_text("extends: root.yaml\nname: base\nmatrix: {seed: [5]}\n")
    assert dict(load("extends: base.yaml\nname: child\n").axes)["seed"] == ("5",)
    (tmp_path / "root.yaml").write_text("extends: suite.yaml\n" + GOOD)
    with pytest.raises(SuiteError, match=r"in a circle: suite\.yaml -> base\.yaml -> root\.yaml -> suite\.yaml"):
        load("extends: base.yaml\nname: child\n")


def test_a_base_that_is_not_there_is_named(problems) -> None:
    assert "there is no such file" in problems("name: x\nextends: nowhere.yaml\n")[0]
