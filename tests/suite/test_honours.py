"""A setting that a model does not honour is refused, and not ignored."""

from __future__ import annotations

import pytest

from benchmark import Augmentation, KerasModel, Model, SklearnModel
from benchmark.plugin.registry import Registry, Source

SUITE = """\
name: trial
cell:
  dataset: tones
  features: picture
  training: {epochs: 3, batch_size: 8}
matrix:
  model: [network, bare, partial, classic]
  seed: [0, 1]
"""


class Network(KerasModel):
    """Honours all."""

    name = "network"


class Bare(Model):
    """Says nothing."""

    name = "bare"


class Partial(Model):
    """Follows some."""

    name = "partial"
    honours = frozenset({"epochs", "schedule"})


class Classic(SklearnModel):
    """Is not trained by any settings."""

    name = "classic"


class Mix(Augmentation):
    """Mixes batches."""

    name = "mix"
    acts_on = "batch"


@pytest.fixture
def registry(registry: Registry) -> Registry:
    for component in (Network, Bare, Partial, Classic, Mix):
        registry.add(component, Source("fakes", "fakes", "1.0"))
    return registry


def training(settings: str) -> str:
    return SUITE.replace("{epochs: 3, batch_size: 8}", settings)


def axis(line: str) -> str:
    return SUITE.replace("  seed:", f"  {line}\n  seed:")


def test_the_plain_settings_that_all_models_of_a_suite_have_are_no_matter(load) -> None:
    assert len(load(SUITE).cells) == 8
    assert len(load(training("{epochs: 3, optimizer: sgd, learning_rate: 0.1}")).cells) == 8


def test_another_setting_is_refused_with_its_line_for_models_that_are_trained_and_do_not_follow_it(
    problems,
) -> None:
    advice = "Take it out, or the model. A model that does follow it says so, by its 'honours'."
    assert problems(training("{epochs: 3, clip_norm: 1.0}")) == [
        f"suite.yaml:5: model '{name}' takes no notice of 'training.clip_norm'. {advice}"
        for name in ("bare", "partial")
    ]
    assert [line.split("'")[1] for line in problems(training("{schedule: cosine}"))] == ["bare"]


def test_a_setting_at_its_default_is_not_asked_for(load) -> None:
    assert len(load(training("{schedule: constant, clip_norm: null}")).cells) == 8


@pytest.mark.parametrize(
    ("line", "names", "value"),
    [
        ("training.schedule: [constant, cosine]", ["bare", "classic"], "training.schedule: cosine"),
        ("training.learning_rate: [0.1, 0.2]", ["bare", "partial", "classic"], "training.learning_rate: 0.2"),
        ("training.epochs: [1, 2]", ["bare", "classic"], "training.epochs: 2"),
    ],
)
def test_rows_that_would_be_one_row_twice_are_refused_with_what_to_exclude(
    problems, load, line: str, names: list[str], value: str
) -> None:
    text = axis(line).replace("epochs: 3, ", "")
    found = problems(text)
    key = value.partition(":")[0]
    assert found == [
        f"suite.yaml:8: model '{name}' takes no notice of '{key}': rows that differ in it would be one row twice. "
        f"Leave such cells out: exclude: [{{model: {name}, {value}}}]."
        for name in names
    ]
    advised = ", ".join(line.partition("exclude: [")[2].removesuffix("].") for line in found)
    cells = load(f"{text}exclude: [{advised}]\n").cells
    assert {(cell.labels["model"], cell.labels[key]) for cell in cells} >= {("network", value.split(": ")[1])}


def test_an_axis_of_whole_trainings_is_looked_into(problems) -> None:
    text = axis("training: [{epochs: 2, label: short}, {epochs: 2, warmup: 1, label: warm}]").replace(
        "  training: {epochs: 3, batch_size: 8}\n", ""
    )
    found = problems(text)
    assert [line.split("'")[1] for line in found] == ["bare", "partial", "classic"]
    assert all("suite.yaml:7" in line and "training: warm}" in line for line in found)


def test_augmented_batches_are_refused_where_there_are_none(problems, load) -> None:
    text = axis("augmentation: [none, mix]")
    found = problems(text)
    assert [line.split("'")[1] for line in found] == ["bare", "partial", "classic"]
    assert found[2] == (
        "suite.yaml:8: model 'classic' is not trained in batches, so 'mix' cannot be applied. "
        "Leave such cells out: exclude: [{model: classic, augmentation: mix}]."
    )
    kept = "exclude: [{model: [bare, partial, classic], augmentation: mix}]\n"
    assert len(load(text + kept).cells) == 2 * 5


def test_augmentations_drawn_afresh_are_refused_where_there_are_no_epochs(problems, load) -> None:
    text = axis("augmentation: [none, {label: fresh, use: [{drift: {each_epoch: true}}]}]")
    found = problems(text)
    assert [line.split("'")[1] for line in found] == ["bare", "classic"]
    assert "has no epochs, in each of which 'drift' would be drawn afresh" in found[0]
    assert len(load(text.replace("true", "false")).cells) == 2 * 2 * 4


def test_a_suite_of_one_model_is_told_to_take_it_out(problems) -> None:
    text = SUITE.replace("  model: [network, bare, partial, classic]\n", "").replace(
        "cell:", "cell:\n  model: classic\n  augmentation: mix"
    )
    assert problems(text) == [
        "suite.yaml:4: model 'classic' is not trained in batches, so 'mix' cannot be applied. "
        "Take it out, or the model."
    ]
