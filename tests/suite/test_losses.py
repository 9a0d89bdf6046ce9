"""Losses with parameters, and class weights, in suites: checked with their line, and counted in identities."""

from __future__ import annotations

import pytest

from benchmark import KerasModel, Model
from benchmark.plugin.registry import Registry, Source
from benchmark.suite.identity import Identifier

SUITE = """\
name: trial
cell:
  dataset: tones
  features: picture
  model: network
  training: {epochs: 3}
"""


class Network(KerasModel):
    """Honours all."""

    name = "network"


class ByName(Model):
    """Takes losses by their names."""

    name = "by-name"
    honours = frozenset({"epochs", "loss", "class_weights"})


class Bare(Model):
    """Says nothing."""

    name = "bare"


@pytest.fixture
def registry(registry: Registry) -> Registry:
    for component in (Network, ByName, Bare):
        registry.add(component, Source("fakes", "fakes", "1.0"))
    return registry


def training(settings: str, model: str = "network") -> str:
    return SUITE.replace("{epochs: 3}", settings).replace("model: network", f"model: {model}")


def loss(load, written: str):
    (cell,) = load(training(f"{{loss: {written}}}")).cells
    return cell.spec.training.loss


FOCAL = "categorical_focal_crossentropy"


def test_a_loss_has_all_of_its_parameters_once_one_is_not_at_its_default(load) -> None:
    assert loss(load, f"{{{FOCAL}: {{gamma: 5}}}}") == {
        FOCAL: {"label_smoothing": 0.0, "gamma": 5.0, "alpha": 0.25}
    }
    assert (
        loss(load, f"{{{FOCAL}: {{gamma: 2}}}}") == loss(load, f"{{{FOCAL}: }}") == loss(load, FOCAL) == FOCAL
    )


def test_what_is_not_asked_for_counts_in_no_identity(load) -> None:
    identify = Identifier(lambda _: "r").identity

    def identity(settings: str) -> str | None:
        (cell,) = load(training(settings)).cells
        return identify(cell.spec)

    plain = identity("{epochs: 3}")
    assert identity("{epochs: 3, class_weights: null, loss: {sparse_categorical_crossentropy: {}}}") == plain
    others = {
        identity("{epochs: 3, class_weights: balanced}"),
        identity("{epochs: 3, class_weights: {a: 2}}"),
        identity("{epochs: 3, class_weights: {a: 3}}"),
        identity("{epochs: 3, loss: {categorical_crossentropy: {label_smoothing: 0.1}}}"),
        identity("{epochs: 3, loss: {categorical_crossentropy: {label_smoothing: 0.2}}}"),
    }
    assert len(others | {plain}) == 6


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("crossentropy", "Did you mean 'categorical_crossentropy'?"),
        ("{categorical_crossentropy: {label_smoothing: 1}}", "label_smoothing"),
        ("{categorical_crossentropy: {gamma: 2}}", "Its parameters: label_smoothing"),
        ("{sparse_categorical_crossentropy: {label_smoothing: 0.1}}", "Its parameters: none"),
        ("{categorical_focal_crossentropy: {gamma: -1}}", "greater than or equal to 0"),
        ("{categorical_focal_crossentropy: 3}", "of categorical_focal_crossentropy"),
        ("{kl_divergence: {}, categorical_crossentropy: {}}", "one name with its parameters"),
        ("7", "input should be"),
    ],
)
def test_a_wrong_loss_is_told_with_its_line_and_what_is_allowed(problems, written: str, said: str) -> None:
    (problem,) = problems(training(f"{{loss: {written}}}"))
    assert problem.startswith("suite.yaml:6: 'loss': ")
    assert said in problem
    (problem,) = problems(f"{SUITE}matrix:\n  training.loss: [{written}]\n")
    assert problem.startswith("suite.yaml:8: 'loss': ")


@pytest.mark.parametrize("written", ["balance", "0.5", "[1, 2]", "{a: 0}", "{a: -1}", "{a: true}", "{}"])
def test_wrong_class_weights_are_told_with_their_line(problems, written: str) -> None:
    (problem,) = problems(training(f"{{class_weights: {written}}}"))
    assert problem.startswith("suite.yaml:6: 'class_weights': ")


def test_both_are_axes_and_studies_know_losses_by_name(load) -> None:
    suite = load(
        f"{SUITE}matrix:\n"
        "  training.loss: [categorical_crossentropy, {categorical_crossentropy: {label_smoothing: 0.1}}]\n"
        "  training.class_weights: [null, balanced, {value: {a: 2}, label: a twice}]\n"
    )
    assert [cell.label for cell in suite.cells][:3] == [
        "categorical_crossentropy · none",
        "categorical_crossentropy · balanced",
        "categorical_crossentropy · a twice",
    ]
    assert len(suite.cells) == 6


def test_models_that_do_not_follow_them_refuse_them(problems) -> None:
    smoothed = "{loss: {categorical_crossentropy: {label_smoothing: 0.1}}}"
    (problem,) = problems(training(smoothed, "by-name"))
    assert problem.startswith("suite.yaml:6: model 'by-name' takes a loss by its name alone")
    (problem,) = problems(training("{class_weights: balanced}", "bare"))
    assert "takes no notice of 'training.class_weights'" in problem
    axis = (
        SUITE.replace("  model: network\n", "")
        + "matrix:\n  model: [network, by-name]\n  training.loss: [kl_divergence, "
        + "{value: {categorical_crossentropy: {label_smoothing: 0.1}}, label: smooth}]\n"
    )
    (problem,) = problems(axis)
    assert problem.startswith("suite.yaml:8: model 'by-name' takes a loss by its name alone")
    assert "exclude: [{model: by-name, training.loss: smooth}]" in problem
