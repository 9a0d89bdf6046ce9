from __future__ import annotations

import time
from pathlib import Path

import pytest

from benchmark.exceptions import SuiteError

from suite_texts import GOOD


def replaced(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


def test_a_suite_is_the_cross_product_of_its_axes(load) -> None:
    suite = load(GOOD)
    assert dict(suite.axes) == {"model": ("small", "large"), "augmentation": ("none", "both"), "seed": ("0", "1")}
    assert [cell.label for cell in suite.cells[:3]] == ["small · none · 0", "small · none · 1", "small · both · 0"]
    assert len(suite.cells) == 8
    assert suite.cells[-1].spec.model.parameters == {"width": 64, "kind": "a"}
    assert suite.cells[0].spec.training.epochs == 3
    assert [step.name for chain in suite.cells[2].spec.augmentation for step in chain] == ["stretch", "mask"]
    assert [each.label for each in suite.cells[0].spec.evaluate] == ["tones:test"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("dataset: tones", "dataset: tonez", "suite.yaml:3: There is no dataset 'tonez'. Did you mean 'tones'?"),
        ("size: 32", "sise: 32", "suite.yaml:4: features 'picture' has no parameter 'sise'. Did you mean 'size'?"),
        ("size: 32", "size: big", "suite.yaml:4: 'size': input should be a valid integer, found 'big'."),
        ("size: 32", "size: 0", "suite.yaml:4: 'size': input should be greater than 0, found 0."),
        ("epochs: 3", "epoch: 3", "suite.yaml:5: 'training' has no setting 'epoch'. Did you mean 'epochs'?"),
        ("epochs: 3", "epochs: 0", "suite.yaml:5: 'epochs': input should be greater than 0, found 0."),
        ("epochs: 3", "epochs: '3'", "suite.yaml:5: 'epochs': input should be a valid integer"),
        ("seed: [0, 1]", "seed: []", "suite.yaml:9: the axis 'seed' is a list of at least one value, found []."),
        ("seed: [0, 1]", "seed: [0, 0]", "suite.yaml:9: two values of axis 'seed' are labelled '0'"),
        ("seed: [0, 1]", "seed: [-1]", "suite.yaml:9: 'seed' is a whole number from 0, found -1."),
        ("seed: [0, 1]", "sed: [0, 1]", "suite.yaml:9: 'sed' cannot be an axis. Did you mean 'seed'?"),
        ("seed: [0, 1]", "seed: [0, 1]\n  seed: [2]", "suite.yaml:10: the axis 'seed' stands here twice, first on line 9."),
        ("[small,", "[{small: }, {small: , label: again},", "suite.yaml:7: 'again' is the same as 'small'"),
        ("cell:", "cel: 1\ncell:", "suite.yaml:2: a suite has no key 'cel'. Did you mean 'cell'?"),
        ("dataset: tones", "datasets: tones", "suite.yaml:3: a cell has no key 'datasets'. Did you mean 'dataset'?"),
        ("dataset: tones", "dataset: noises", "suite.yaml:3: dataset 'noises' is for testing only and cannot be trained on"),
        ("name: trial", "name: ../trial", "suite.yaml:1: a suite needs a 'name'"),
        ("label: both", "label: [1]", "suite.yaml:8: a label is text"),
        ("use: [stretch, mask]", "use: [stretch, []]", "suite.yaml:8: a chain of augmentations needs at least one."),
        ("{large: {width: 64}}", "{large: 64}", "suite.yaml:7: the parameters of 'large' are a mapping, found 64."),
        ("{large: {width: 64}}", "{large: {}, small: {}}", "suite.yaml:7: a model is a name, or one name with its parameters"),
        ("{large: {width: 64}}", "{large: {kind: c}}", "suite.yaml:7: 'kind': input should be 'a' or 'b', found 'c'."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_file_line_and_what_is_allowed(problems, old: str, new: str, expected: str) -> None:
    found = problems(replaced(old, new))
    assert any(problem.startswith(expected) for problem in found), found


def test_all_problems_of_a_file_are_said_at_once(problems) -> None:
    text = replaced("dataset: tones", "dataset: tonez").replace("epochs: 3", "epochs: x").replace("small", "smal")
    assert [problem.partition(": ")[0] for problem in sorted(problems(text))] == [
        "suite.yaml:3", "suite.yaml:5", "suite.yaml:7",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("evaluate", "expected"),
    [
        ("[tones]", "evaluate its part, 'tones:test'"),
        ("[noises:test]", "another dataset is evaluated whole"),
        ("[tones:tset]", "Did you mean 'test'?"),
        ("[]", "a list of at least one"),
        ("[noise]", "Did you mean 'noises'?"),
        ("[noises, {noises: {}}]", "two evaluation sets are called 'noises'"),
    ],
)
def test_wrong_evaluation_sets_are_explained(problems, evaluate: str, expected: str) -> None:
    found = problems(replaced("dataset: tones", f"dataset: tones\n  evaluate: {evaluate}"))
    assert any(expected in problem and problem.startswith("suite.yaml:") for problem in found), found


def test_evaluation_sets_are_parts_of_the_own_dataset_or_other_datasets(load) -> None:
    suite = load(replaced("dataset: tones", "dataset: tones\n  evaluate: [validation, tones:test, noises]"))
    assert [(e.label, e.part, e.dataset and e.dataset.name) for e in suite.cells[0].spec.evaluate] == [
        ("tones:validation", "validation", None), ("tones:test", "test", None), ("noises", "all", "noises"),
    ]  # fmt: skip


def test_a_key_in_cell_and_matrix_is_an_error(problems) -> None:
    found = problems(replaced("dataset: tones", "dataset: tones\n  seed: 3"))
    assert found == ["suite.yaml:10: 'seed' is an axis here and is given under 'cell' too (" + found[0].partition(" (")[2]]


def test_a_setting_may_be_an_axis_of_its_own(load, problems) -> None:
    suite = load(replaced("seed: [0, 1]", "training.learning_rate: [0.1, 1e-3]"))
    rates = {cell.labels["training.learning_rate"]: cell.spec.training for cell in suite.cells}
    assert {label: (each.learning_rate, each.epochs) for label, each in rates.items()} == {
        "0.1": (0.1, 3), "0.001": (0.001, 3),
    }  # fmt: skip
    found = problems(replaced("seed: [0, 1]", "training.learning_rate: [0.1, -1]"))
    assert found == ["suite.yaml:9: 'learning_rate': input should be greater than 0, found -1."]


def test_exclude_removes_cells_and_says_when_it_removes_none(load, problems) -> None:
    excluding = GOOD + "exclude:\n  - {model: large, augmentation: [none]}\n"
    assert {cell.label for cell in load(excluding).cells if cell.labels["model"] == "large"} == {
        "large · both · 0", "large · both · 1",
    }  # fmt: skip
    found = problems(GOOD + "exclude:\n  - {model: larg}\n  - {modell: large}\n  - {seed: 1}\n  - {seed: 1}\n")
    assert "suite.yaml:11: axis 'model' has no value labelled 'larg'. Did you mean 'large'?" in found[0]
    assert "'modell' is no axis. Did you mean 'model'?" in found[1]
    assert found[2].endswith("this excludes no cell.")


def test_excluding_everything_is_an_error(problems) -> None:
    assert any("no cell is left" in problem for problem in problems(GOOD + "exclude:\n  - {seed: [0, 1]}\n"))


def test_include_adds_cells_over_the_axes_that_it_leaves_out(load) -> None:
    suite = load(GOOD + "include:\n  - {model: {large: {width: 128}, label: huge}, augmentation: none}\n  - {seed: 0}\n")
    added = [cell for cell in suite.cells if cell.labels["model"] == "huge"]
    assert [cell.label for cell in added] == ["huge · none · 0", "huge · none · 1"]
    assert len(suite.cells) == 10


def test_folds_need_a_fold_and_a_fold_needs_folds(load, problems) -> None:
    split = "dataset: tones\n  split: {folds: 3}"
    assert "put 'fold: [0, …, 2]' into the matrix" in problems(replaced("dataset: tones", split))[0]
    text = replaced("dataset: tones", split).replace("seed: [0, 1]", "fold: [0, 1, 2]")
    assert len(load(text).cells) == 12
    assert "there is no fold 3" in problems(text.replace("[0, 1, 2]", "[0, 3]"))[0]
    assert "the split has no 'folds'" in problems(GOOD.replace("seed: [0, 1]", "fold: [0]"))[0]


def test_fractions_must_add_up_to_one(problems) -> None:
    (found,) = problems(replaced("dataset: tones", "dataset: tones\n  split: {fractions: [0.5, 0.2, 0.2]}"))
    assert found.startswith("suite.yaml:4: 'fractions': the fractions add up to 0.9 instead of 1")


def test_list_files_must_exist_beside_the_suite(load, problems, tmp_path: Path) -> None:
    text = replaced("dataset: tones", "dataset: tones\n  split: {strategy: predefined, files: {train: a.txt, test: b.txt}}")
    assert len(problems(text)) == 2
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("x\n")
    assert load(text).cells[0].spec.split.files == {"train": str(tmp_path / "a.txt"), "test": str(tmp_path / "b.txt")}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("{sort: tones:test/top3}", "there is no column 'tones:test/top3' to sort by. Did you mean 'tones:test/top"),
        ("{baseline: {augmentation: nothing}}", "axis 'augmentation' has no value labelled 'nothing'"),
        ("{baseline: {augmentatio: none}}", "'augmentatio' is no axis. Did you mean 'augmentation'?"),
        ("{sorted: x}", "'leaderboard' has no setting 'sorted'. Did you mean 'sort'?"),
    ],
)
def test_a_leaderboard_can_only_name_what_there_is(problems, settings: str, expected: str) -> None:
    (found,) = problems(GOOD + f"leaderboard: {settings}\n")
    assert found.startswith("suite.yaml:10: ")
    assert expected in found


def test_overrides_change_the_suite_and_are_checked_like_it(load, problems) -> None:
    suite = load(GOOD, "cell.training.epochs=7", "matrix.seed=[4]", "matrix.model.1={large: {width: 2}}")
    assert suite.cells[0].spec.training.epochs == 7
    assert dict(suite.axes)["seed"] == ("4",)
    assert problems(GOOD, "cell.training.epochs=many")[0].startswith("--set cell.training.epochs: 'epochs': input")
    assert "write it as key.key=value" in problems(GOOD, "epochs")[0]
    assert "is no index of the list" in problems(GOOD, "matrix.seed.9=1")[0]


def test_a_missing_file_lists_the_suites_nearby(tmp_path: Path, registry) -> None:
    from benchmark.suite.load import load_suite

    (tmp_path / "other.yaml").write_text(GOOD)
    with pytest.raises(SuiteError, match=r"no such file.*other\.yaml"):
        load_suite(tmp_path / "suite.yaml", registry)


def test_a_large_matrix_shares_what_its_cells_have_in_common(load) -> None:
    started = time.perf_counter()
    suite = load(replaced("seed: [0, 1]", f"seed: {list(range(2000))}"))
    assert len(suite.cells) == 8000
    assert len({id(cell.spec.model) for cell in suite.cells}) == 2
    assert time.perf_counter() - started < 60
