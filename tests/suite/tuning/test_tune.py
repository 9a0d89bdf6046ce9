from __future__ import annotations

from inspect import signature

import pytest
from suite_components import replaced, with_cell

from benchmark.exceptions import SuiteError
from benchmark.plugin.manager import Plugins
from benchmark.suite.load import load_suite
from benchmark.suite.tuning.searching import PRUNERS, SAMPLERS
from benchmark.suite.tuning.space import Dimension, with_values
from benchmark.suite.tuning.tune import DEFAULT, TUNED, studies

SPACE = """\
tune:
  trials: 7
  space:
    training.learning_rate: {low: 1.0e-4, high: 1.0e-2, log: true}
    training.batch_size: [16, 32, 64]
    model.width: {low: 8, high: 128, step: 8}
    augmentation.stretch.rates: [[1], [0.9, 1.1]]
"""
MATRIX = """\
name: trial
cell:
  dataset: tones
  features: {picture: {size: 32}}
matrix:
  model: [small, {large: {width: 64}}]
  augmentation: [none, {label: both, use: [stretch, mask]}]
  seed: [0, 1]
"""


def with_space(entry: str) -> str:
    return f"{MATRIX}tune:\n  space:\n    {entry}\n"


def test_each_row_is_there_as_it_is_and_tuned(load) -> None:
    suite = load(MATRIX + SPACE)
    assert list(suite.axes) == ["model", "augmentation", "tuning", "seed"]
    assert suite.axes["tuning"] == (DEFAULT, TUNED)
    assert len(suite.cells) == 16
    assert {cell.labels["tuning"] for cell in suite.cells if cell.pending} == {TUNED}
    assert suite.leaderboard.baseline == {"tuning": DEFAULT}


def test_a_study_varies_what_its_row_has(load) -> None:
    suite = load(MATRIX + SPACE)
    names = {
        study.label: [dimension.name.rpartition(".")[2] for dimension in study.space]
        for study in studies(suite.tune, suite.cells)
    }
    assert names == {
        "small · none": ["learning_rate", "batch_size"],
        "small · both": ["learning_rate", "batch_size", "rates"],
        "large · none": ["learning_rate", "batch_size", "width"],
        "large · both": ["learning_rate", "batch_size", "width", "rates"],
    }


def test_rows_with_nothing_to_tune_are_there_once(load) -> None:
    suite = load(with_space("model.width: [8, 64]"))
    assert {cell.labels["model"] for cell in suite.cells if cell.labels["tuning"] == TUNED} == {"large"}
    assert len(suite.cells) == 12


def test_a_study_is_evaluated_on_validation_and_nothing_else(load) -> None:
    text = MATRIX.replace("matrix:", "  evaluate: [test, validation, noises]\nmatrix:")
    suite = load(text + SPACE)
    for study in studies(suite.tune, suite.cells):
        (evaluation,) = study.base.evaluate
        assert (evaluation.dataset, evaluation.part) == (None, "validation")
        assert study.base.seed == 0


def test_the_first_trial_has_the_rows_own_values(load) -> None:
    suite = load(MATRIX + SPACE)
    study = studies(suite.tune, suite.cells)[-1]
    assert study.defaults == {
        "training.learning_rate": 0.001,
        "training.batch_size": 32,
        "model.width": 64,
        "augmentation.stretch.rates": [1],
    }


def test_chosen_values_make_the_cell_that_a_suite_would_make_of_them(load, registry) -> None:
    chosen = load(MATRIX + SPACE).cells[-1].spec
    values = {
        "training.learning_rate": 0.01,
        "model.width": 16,
        "augmentation.stretch.rates": [0.9, 1.1],
    }
    written = load(
        MATRIX.replace("width: 64", "width: 16")
        .replace("[stretch, mask]", "[{stretch: {rates: [0.9, 1.1]}}, mask]")
        .replace("matrix:", "  training: {learning_rate: 0.01}\nmatrix:")
    )
    assert with_values(chosen, values, registry) == written.cells[-1].spec


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            "training.learning_rat: [1]",
            "suite.yaml:11: no row has a parameter 'training.learning_rat'. "
            "Did you mean 'training.learning_rate'?",
        ),
        (
            "model.widht: [8]",
            "suite.yaml:11: no row has a parameter 'model.widht'. Did you mean 'model.width'?",
        ),
        ("model.width: [8, none]", "suite.yaml:11: 'width': input should be a valid integer, found 'none'."),
        ("model.width: [64, 0]", "suite.yaml:11: 'width': input should be greater than 0, found 0."),
        ("model.width: {low: 9, high: 8}", "the range of 'model.width' is empty: 'low' (9) is to be below"),
        ("model.width: {low: 8.5, high: 90}", "input should be a valid integer"),
        ("model.width: {low: 1, high: 90, step: 0.5}", "'model.width' takes whole numbers only"),
        ("model.width: {low: 1, high: 90, step: 10}", "is no whole number of steps: 1 to 90 by 10"),
        ("model.width: {low: 1, high: 90, stp: 1}", "a range has no key 'stp'. Did you mean 'step'?"),
        ("model.width: {low: 1, high: true}", "'high' is a number, found True."),
        ("model.width: {low: 1}", "a parameter's space is a list of values, or {low: …, high: …}"),
        ("model.width: []", "a parameter's space is a list of values, or {low: …, high: …}"),
        ("model.width: [64, 8, 8]", "'model.width' has 8 twice."),
        ("model.width: [8, 16]", "'model.width' is 64 in the row 'large · none · 0'"),
        ("model.kind: [deep, flt]", "Did you mean 'flat'?"),
        (
            "training.learning_rate: {low: 0, high: 0.1, log: true}",
            "suite.yaml:11: 'training.learning_rate' has a logarithmic scale, which begins above 0; 'low' is 0.",
        ),
        ("training.learning_rate: {low: 0.001, high: 0.1, log: true, step: 0.1}", "and not both"),
        (
            "split.fractions: [[0.5, 0.2, 0.3]]",
            "'split.fractions' cannot be tuned: only what begins with one of",
        ),
        ("seed: [1, 2]", "'seed' cannot be tuned"),
        ("augmentation.mask.width: [3]", "no row has a parameter 'augmentation.mask.width'."),
        ("clips.seconds: [3]", "'clips.seconds' cannot be tuned: no row has 'clips'."),
    ],
)
def test_a_wrong_space_is_refused_with_its_line(problems, entry: str, message: str) -> None:
    found = problems(with_space(entry))
    assert any(message in problem for problem in found), found
    assert all(problem.startswith("suite.yaml:11: ") for problem in found)


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("tune: 3", "suite.yaml:9: 'tune' is a mapping with at least a 'space', found 3."),
        (
            "tune: {trials: 3}",
            "suite.yaml:9: 'space' is a mapping from parameters to their spaces, or 'default'",
        ),
        (
            "tune: {trails: 3, space: {model.width: [64]}}",
            "'tune' has no key 'trails'. Did you mean 'trials'?",
        ),
        (
            "tune: {trials: 0, space: {model.width: [64]}}",
            "'trials': input should be greater than 0, found 0.",
        ),
        ("tune: {metric: top3, space: {model.width: [64]}}", "There is no metric 'top3'."),
        (
            "tune: {sampler: tpee, space: {model.width: [64]}}",
            "there is no sampler 'tpee'. Did you mean 'tpe'?",
        ),
        (
            "tune: {sampler: {tpe: {n_startup: 3}}, space: {model.width: [64]}}",
            "sampler 'tpe' has no setting 'n_startup'.",
        ),
        (
            "tune: {pruner: {median: {n_warmup_steps: -1}}, space: {model.width: [64]}}",
            "'n_warmup_steps': input",
        ),
        ("tune: {pruner: percentile, space: {model.width: [64]}}", "pruner 'percentile' needs 'percentile'."),
        ("tune: {storage: studies.db, space: {model.width: [64]}}", "'storage' is a URL that Optuna takes"),
        (
            "tune: {sampler: grid, space: {training.learning_rate: {low: 0.001, high: 1}}}",
            "a grid needs values that can be counted",
        ),
        ("tune: {space: default}", "none of the models brings a space of its own (small, large)"),
    ],
)
def test_a_wrong_block_is_refused_with_its_line(problems, block: str, message: str) -> None:
    found = problems(MATRIX + block + "\n")
    assert any(message in problem for problem in found), found
    assert all(problem.startswith("suite.yaml:9: ") for problem in found)


def test_all_problems_of_a_block_are_told_at_once(problems) -> None:
    found = problems(
        MATRIX + "tune: {trails: 1, sampler: x, pruner: y, space: {model.width: [0], model.z: [1]}}\n"
    )
    assert len(found) == 5


def test_what_is_an_axis_cannot_be_tuned(problems) -> None:
    text = with_space("training.batch_size: [16, 32]").replace(
        "  seed:", "  training.batch_size: [16, 32]\n  seed:"
    )
    (found,) = problems(text)
    assert "'training.batch_size' is set by the axis 'training.batch_size' at" in found
    text = text.replace(
        "training.batch_size: [16, 32]\n  seed", "training: [{batch_size: 16}, {epochs: 3}]\n  seed"
    )
    (found,) = problems(text)
    assert "is set by the axis 'training' at" in found


def test_rows_that_differ_only_in_what_is_tuned_are_refused(problems) -> None:
    text = with_space("model.width: [8, 64]").replace("[small,", "[{large: {width: 8}, label: narrow},")
    found = problems(text)
    assert (
        "the rows 'narrow · none · 0' and 'large · none · 0' differ only in what is tuned (model.width)"
        in found[0]
    )


def test_a_study_needs_a_validation_part_without_leak(problems) -> None:
    (found,) = problems(
        with_cell("split: {fractions: [0.7, 0.0, 0.3]}") + "tune: {space: {model.width: [64]}}\n"
    )
    assert "values are chosen on the validation part" in found
    found = problems(with_cell("split: {augment: before}") + "tune: {space: {model.width: [64]}}\n")
    assert "a study of it would see validation and test data" in found[0]


def test_values_that_do_not_go_together_are_refused(problems) -> None:
    text = replaced("[stretch, mask]", "[drift]") + "tune: {space: {augmentation.drift.low: [0, 5]}}\n"
    (found,) = problems(text)
    assert "5 is refused: 'low' is 5 and 'high' only 1" in found


@pytest.mark.parametrize(
    ("dimension", "inside", "outside"),
    [
        (Dimension("x", choices=(1, "a", None, [1, 2])), [1, "a", None, [1, 2]], [2, True, "b", [1]]),
        (Dimension("x", low=0.1, high=0.5, step=0.1), [0.1, 0.3, 0.5], [0.25, 0.6, True, "0.1"]),
        (Dimension("x", low=1, high=9, whole=True), [1, 9, 4], [1.5, 0, 10]),
    ],
)
def test_a_dimension_holds_its_values_and_no_others(
    dimension: Dimension, inside: list, outside: list
) -> None:
    assert all(map(dimension.holds, inside))
    assert not any(map(dimension.holds, outside))


def test_values_of_a_range_can_be_counted_when_it_has_steps() -> None:
    assert Dimension("x", low=1, high=3, whole=True).values() == (1, 2, 3)
    assert Dimension("x", low=5, high=15, step=5).values() == (5, 10, 15)
    assert Dimension("x", low=0, high=1).values() is None


def test_models_bring_spaces_of_their_own(tmp_path) -> None:
    registry = Plugins().registry
    file = tmp_path / "suite.yaml"
    file.write_text(
        "name: x\ncell: {dataset: synthetic, features: mel}\n"
        "matrix: {model: [cnn, mobilenet, majority]}\ntune: {space: default}\n"
    )
    suite = load_suite(file, registry)
    varied = {study.label: [each.name for each in study.space] for study in studies(suite.tune, suite.cells)}
    assert varied.keys() == {"cnn", "mobilenet"}
    assert "model.dropout" in varied["cnn"]
    assert "model.fine_tune_learning_rate" in varied["mobilenet"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "training.learning_rate",
            "cannot be tuned: settings of training mean nothing to these models (majority, mfcc-svm).",
        ),
        ("training.rate", "no row has a parameter 'training.rate'."),
    ],
)
def test_settings_of_training_are_no_space_of_models_that_are_not_trained_by_them(
    tmp_path, name: str, said: str
) -> None:
    file = tmp_path / "suite.yaml"
    file.write_text(
        "name: x\ncell: {dataset: synthetic, features: mel}\nmatrix: {model: [majority, mfcc-svm]}\n"
        f"tune: {{space: {{{name}: [0.001, 0.01]}}}}\n"
    )
    with pytest.raises(SuiteError) as refused:
        load_suite(file, Plugins().registry)
    assert said in str(refused.value)
    assert "Did you mean 'training" not in str(refused.value)


def test_samplers_and_pruners_take_the_settings_of_optunas_constructors() -> None:
    import optuna

    made = {
        "tpe": optuna.samplers.TPESampler,
        "median": optuna.pruners.MedianPruner,
        "percentile": optuna.pruners.PercentilePruner,
        "successive-halving": optuna.pruners.SuccessiveHalvingPruner,
        "hyperband": optuna.pruners.HyperbandPruner,
    }
    plain = {name for name, kind in {**SAMPLERS, **PRUNERS}.items() if not kind.model_fields}
    assert plain | made.keys() == SAMPLERS.keys() | PRUNERS.keys()
    # Joint sampling is the default since Optuna 5, where it is written as None; "auto" would depend on the trials.
    different = {"multivariate", "min_resource"}
    for name, constructor in made.items():
        known = signature(constructor).parameters
        for setting, field in {**SAMPLERS, **PRUNERS}[name].model_fields.items():
            assert setting in known
            if not field.is_required() and setting not in different:
                assert field.default == known[setting].default, (name, setting)
