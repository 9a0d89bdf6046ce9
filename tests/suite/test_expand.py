from __future__ import annotations

import pytest
from suite_components import GOOD, replaced, with_cell


def test_a_suite_is_the_cross_product_of_its_axes_the_last_varying_fastest(load) -> None:
    suite = load(GOOD)
    assert dict(suite.axes) == {
        "model": ("small", "large"), "augmentation": ("none", "both"), "seed": ("0", "1"),
    }  # fmt: skip
    assert [cell.label for cell in suite.cells] == [
        "small · none · 0", "small · none · 1", "small · both · 0", "small · both · 1",
        "large · none · 0", "large · none · 1", "large · both · 0", "large · both · 1",
    ]  # fmt: skip
    assert suite.cells[1].labels == {"model": "small", "augmentation": "none", "seed": "1"}
    assert (suite.cells[1].spec.model.name, suite.cells[1].spec.seed) == ("small", 1)


def test_a_suite_without_matrix_is_one_cell(load) -> None:
    (cell,) = load("name: one\ncell: {dataset: tones, features: picture, model: small}\n").cells
    assert dict(cell.labels) == {}


@pytest.mark.parametrize(
    "key", ["dataset", "features", "clips", "split", "training", "evaluate", "metrics", "fold"]
)
def test_any_key_of_a_cell_may_be_an_axis(load, key: str) -> None:
    values = {
        "dataset": "[tones, {tones: {count: 9}, label: more}]",
        "features": "[picture, {picture: {size: 8}, label: tiny}]",
        "clips": "[null, {seconds: 3, label: short}]",
        "split": "[{strategy: stratified}, {strategy: grouped, label: by artist}]",
        "training": "[{epochs: 2}, {epochs: 4, label: long}]",
        "evaluate": "[[test], [test, validation]]",
        "metrics": "[[top1], [top1, top2]]",
        "fold": "[0, 1]",
    }
    kept = {
        "dataset": "tones",
        "features": "picture",
        "split": "{folds: 2}" if key == "fold" else "{}",
        "model": "small",
    }
    kept.pop(key, None)
    cell = ", ".join(f"{name}: {value}" for name, value in kept.items())
    suite = load(f"name: x\ncell: {{{cell}}}\nmatrix: {{{key}: {values[key]}}}\n")
    expected = {
        "dataset": ("tones", "more"), "features": ("picture", "tiny"), "clips": ("whole tracks", "short"),
        "split": ("strategy=stratified", "by artist"), "training": ("epochs=2", "long"),
        "evaluate": ("test", "test, validation"), "metrics": ("top1", "top1, top2"), "fold": ("0", "1"),
    }  # fmt: skip
    assert suite.axes[key] == expected[key]
    first, second = (getattr(cell.spec, key) for cell in suite.cells)
    assert first != second


@pytest.mark.parametrize(
    ("seeds", "expected"),
    [
        ("seed: []", "9: the axis 'seed' is a list of at least one value, found []."),
        ("seed: 1", "9: the axis 'seed' is a list of at least one value, found 1."),
        ("seed:\n  - 0\n  - 1\n  - 0", "12: on axis 'seed', '0' is the same as '0' at suite.yaml:10."),
        ("seed: [-1]", "9: 'seed' is a whole number from 0, found -1."),
        ("seed: [true]", "9: 'seed' is a whole number from 0, found True."),
        ("sed: [0, 1]", "9: 'sed' cannot be an axis. Did you mean 'seed'?"),
        ("model.width: [1]", "9: model 'small' has no parameter 'width'."),
        ("seed: [0, 1]\n  seed: [2]", "10: the axis 'seed' is given twice, first on line 9."),
        ("training.epoch: [1]", "9: 'training' has no setting 'epoch'. Did you mean 'epochs'?"),
        ("training.epochs: [1]", "9: 'training.epochs' is an axis here and has a fixed value too, at suite.yaml:5"),
        ("training.loss: [mse]", "9: 'loss': input should be 'sparse_categorical_crossentropy'"),
        ("dataset: [tones]", "9: 'dataset' is an axis here and has a fixed value too, at suite.yaml:3; remove one."),
        ("split: [{}]\n  split.augment: [after]", "10: 'split.augment' is an axis here and a part of the axis 'split' too"),
    ],
)  # fmt: skip
def test_wrong_axes_are_problems_at_their_lines(problems, seeds: str, expected: str) -> None:
    found = problems(replaced("seed: [0, 1]", seeds.replace("\n  -", "\n    -")))
    assert any(problem.startswith(f"suite.yaml:{expected}") for problem in found), found


def test_values_of_an_axis_differ_in_label_and_in_more_than_the_label(problems) -> None:
    models = "[small, {large: {width: 64}}]"
    twice = "\n    - {large: {width: 64}}\n    - {large: {width: 32}}"
    assert problems(replaced(models, twice)) == [
        "suite.yaml:9: two values of axis 'model' are labelled 'large', the other at suite.yaml:8; give each a "
        "'label' of its own."
    ]
    same = "\n    - {large: {width: 8}}\n    - {large: {}, label: again}"
    assert problems(replaced(models, same)) == [
        "suite.yaml:9: on axis 'model', 'again' is the same as 'large' at suite.yaml:8 in all but its label."
    ]


def test_a_recipe_is_a_list_of_uses_each_a_component_or_a_chain(load) -> None:
    recipes = "[none, stretch, [stretch, [stretch, mask]], {mask: null, label: m}]"
    suite = load(
        replaced("augmentation: [none, {label: both, use: [stretch, mask]}]", f"augmentation: {recipes}")
    )
    assert suite.axes["augmentation"] == ("none", "stretch", "stretch+stretch+mask", "m")
    shapes = {
        cell.labels["augmentation"]: [[step.name for step in chain] for chain in cell.spec.augmentation]
        for cell in suite.cells
    }
    assert shapes == {
        "none": [], "stretch": [["stretch"]], "stretch+stretch+mask": [["stretch"], ["stretch", "mask"]], "m": [["mask"]],
    }  # fmt: skip


def test_a_setting_may_be_an_axis_of_its_own(load) -> None:
    suite = load(
        replaced("seed: [0, 1]", "training.learning_rate: [0.1, 1e-3]\n  split.augment: [after, before]")
    )
    assert suite.axes["training.learning_rate"] == ("0.1", "0.001")
    last = suite.cells[-1]
    assert last.labels["split.augment"] == "before"
    assert (last.spec.training.learning_rate, last.spec.training.epochs) == (0.001, 3)
    assert (last.spec.split.augment, last.spec.split.strategy) == ("before", "stratified")


def test_a_value_of_such_an_axis_may_have_a_label(load) -> None:
    thirds = "split.fractions: [{label: thirds, value: [0.34, 0.33, 0.33]}, [0.6, 0.2, 0.2]]"
    assert load(replaced("seed: [0, 1]", thirds)).axes["split.fractions"] == ("thirds", "[0.6, 0.2, 0.2]")


def test_two_settings_of_one_kind_may_be_axes_together(load, problems) -> None:
    axes = "clips.seconds: [2.0, 4.0]\n  clips.hop: [null, 1.0]"
    clips = [cell.spec.clips for cell in load(replaced("seed: [0, 1]", axes)).cells[:4]]
    assert [(clip.seconds, clip.hop) for clip in clips] == [(2, None), (2, 1), (4, None), (4, 1)]
    assert problems(replaced("seed: [0, 1]", "clips.hop: [1.0]")) == [
        "suite.yaml:9: 'clips' needs 'seconds'."
    ]


def test_evaluation_sets_are_parts_of_the_own_dataset_or_other_datasets(load) -> None:
    suite = load(with_cell("evaluate: [validation, tones:test, noises, {tones: {count: 9}, label: more}]"))
    assert [(e.label, e.part, e.dataset and e.dataset.name) for e in suite.cells[0].spec.evaluate] == [
        ("tones:validation", "validation", None), ("tones:test", "test", None), ("noises", "all", "noises"),
        ("more", "all", "tones"),
    ]  # fmt: skip


def test_an_own_part_is_called_by_the_cells_own_dataset(load) -> None:
    axis = "seed: [0, 1]\n  dataset: [tones, {tones: {count: 9}, label: more}]"
    suite = load(replaced("seed: [0, 1]", axis).replace("  dataset: tones\n", ""))
    assert [cell.spec.evaluate[0].label for cell in suite.cells[:2]] == ["tones:test", "more:test"]


@pytest.mark.parametrize(
    ("evaluate", "expected"),
    [
        ("[tones]", "'tones' is what the cell is trained on, so it cannot be evaluated whole. Write 'tones:test'"),
        ("[noises:test]", "'noises:test' is a part of another dataset than the cell's own, which is 'tones'. Write 'test'"),
        ("[tones:tset]", "'tones:tset': a dataset has no part 'tset'. Did you mean 'test'?"),
        ("[tset]", "there is no evaluation set 'tset'. Did you mean 'test'?"),
        ("[noise]", "There is no dataset 'noise'. Did you mean 'noises'?"),
        ("[]", "'evaluate' is a list of at least one evaluation set, found []."),
        ("test", "'evaluate' is a list of at least one evaluation set, found 'test'."),
        ("[3]", "a component (here: dataset) is a name, or one name with its parameters (and a 'label'); found 3."),
        ("[noises, {noises: {}}]", "two evaluation sets are called 'noises'; give one a 'label', or remove it."),
        ("[test, tones:test]", "two evaluation sets are called 'tones:test'; give one a 'label', or remove it."),
        ("[{tones: {count: 9}}]", "two datasets are called 'tones'; give one a 'label'."),
    ],
)  # fmt: skip
def test_wrong_evaluation_sets_are_explained_at_their_line(problems, evaluate: str, expected: str) -> None:
    found = problems(with_cell(f"evaluate: {evaluate}"))
    assert any(problem.startswith(f"suite.yaml:4: {expected}") for problem in found), found


def test_folds_need_a_fold_and_a_fold_needs_folds(load, problems) -> None:
    assert problems(with_cell("split: {folds: 3}")) == [
        "suite.yaml:4: with 'folds' each cell needs a fold: put 'fold: [0, 1, 2]' into the matrix."
    ]
    text = with_cell("split: {folds: 3}").replace("seed: [0, 1]", "fold:\n    - 0\n    - 1\n    - 2")
    assert len(load(text).cells) == 12
    assert problems(text.replace("- 2", "- 3")) == [
        "suite.yaml:13: there is no fold 3: the 3 folds are 0 to 2."
    ]
    assert problems(GOOD.replace("seed: [0, 1]", "fold: [0]")) == [
        "suite.yaml:9: 'fold' is given, and the split has no 'folds': give 'folds: 5', say."
    ]
    assert problems(replaced("seed: [0, 1]", "split.folds: [3, 5]"))[0].startswith(
        "suite.yaml:9: with 'folds' each cell needs a fold"
    )


def test_a_large_matrix_shares_what_its_cells_have_in_common(load) -> None:
    suite = load(replaced("seed: [0, 1]", f"training.batch_size: [8, 16]\n  seed: {list(range(2500))}"))
    assert len(suite.cells) == 20_000
    assert {len({id(getattr(cell.spec, key)) for cell in suite.cells}) for key in ("model", "training")} == {
        2
    }


def test_a_matrix_that_would_fill_the_memory_is_refused(problems) -> None:
    seeds = list(range(1001))
    text = replaced("seed: [0, 1]", f"seed: {seeds}\n  training.batch_size: {seeds[1:]}")
    assert problems(text) == [
        "suite.yaml:6: the axes have 4,004,000 combinations, and a suite at most 1,000,000."
    ]


def test_metrics_of_different_cells_that_tables_could_not_tell_apart_are_an_error(problems, load) -> None:
    two = "  metrics: [[{top-k: {k: 1}, label: right}], [{top-k: {k: 2}, label: right}, top1]]\n"
    (problem,) = problems(GOOD.replace("matrix:\n", f"matrix:\n{two}"))
    assert "two metrics are called 'right'" in problem
    same = two.replace("k: 2", "k: 1")
    assert len(load(GOOD.replace("matrix:\n", f"matrix:\n{same}")).cells) == 16


def test_evaluation_sets_of_different_cells_that_tables_could_not_tell_apart_are_an_error(
    problems, load
) -> None:
    two = "  evaluate: [[test], [{noises: , label: 'tones:test'}]]\n"
    (problem,) = problems(GOOD.replace("matrix:\n", f"matrix:\n{two}"))
    assert "two evaluation sets are called 'tones:test'" in problem
    assert len(load(GOOD.replace("matrix:\n", f"matrix:\n{two.replace('tones:test', 'street')}")).cells) == 16
