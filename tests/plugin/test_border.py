"""What a component hands back is checked, and what it is handed stays as it is."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from benchmark import Augmentation, Features, Metric, Model
from benchmark.exceptions import PluginError
from benchmark.plugin.border import checked_batch, checked_items, checked_probabilities
from benchmark.plugin.registry import Registry, Source


class Guesser(Model):
    """Predicts whatever it is told."""

    name = "guesser"

    def __init__(self, answers: object = None) -> None:
        self.answers = answers

    def predict(self, examples):
        return self.answers


class Mixer(Augmentation):
    """Mixes nothing."""

    name = "mixer"
    acts_on = "batch"

    def apply_batch(self, inputs, targets, rng):
        return inputs, targets


class Spectrum(Features):
    """Computes nothing."""

    name = "spectrum"

    def compute(self, samples, sample_rate, *, reference_length):
        return samples


class Sorter(Metric):
    """Sorts what it is handed, in place or not."""

    name = "sorter"

    def compute(self, labels, probabilities):
        probabilities.sort(axis=1)
        return float(probabilities[:, -1].mean())

    def scores(self, labels, probabilities):
        return np.sort(probabilities, axis=1)[:, -1]


HALVES = np.full((3, 2), 0.5)


@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        ([[0.5, 0.5]] * 3, "list instead of an array"),
        (np.array([["a", "b"]] * 3), "ndarray instead of an array of numbers"),
        (np.full((3, 3), 1 / 3), r"shape \(3, 3\) instead of \(3, 2\)"),
        (np.array([[0.5, np.nan]] * 3), "not finite"),
        (np.array([[3.0, -2.0]] * 3), "-2 is below zero"),
        (np.array([[0.5, 0.5], [1.0, 2.0], [0.5, 0.5]]), "a row adds up to 3"),
        (np.zeros((3, 2)), "a row adds up to 0"),
    ],
)
def test_predictions_that_are_no_probabilities_name_the_model_and_its_code(
    answers: object, problem: str
) -> None:
    with pytest.raises(PluginError, match=problem) as raised:
        checked_probabilities(Guesser(), answers, (3, 2))
    line = Path(__file__).read_text().splitlines().index("    def predict(self, examples):") + 1
    assert f"model 'guesser' (plugin {__name__.partition('.')[0]}, {__file__}:{line})" in str(raised.value)


def test_probabilities_of_half_precision_pass_and_are_not_changed() -> None:
    answers = np.array([[0.5, 0.503], [0.25, 0.745], [1.0, 0.0]], np.float16)
    passed = checked_probabilities(Guesser(), answers, (3, 2))
    assert passed.dtype == np.float16
    np.testing.assert_array_equal(passed, answers)
    assert checked_probabilities(Guesser(), np.zeros((0, 2)), (0, 2)).shape == (0, 2)


INPUTS, LABELS = np.zeros((3, 4, 4, 1), np.float32), HALVES.astype(np.float32)


@pytest.mark.parametrize(
    ("made", "problem"),
    [
        (INPUTS, "ndarray instead of two arrays"),
        ((INPUTS[:2], LABELS), r"inputs of shape \(2, 4, 4, 1\) instead of shape \(3, 4, 4, 1\)"),
        ((INPUTS, LABELS[:2]), r"targets of shape \(2, 2\)"),
        ((INPUTS.tolist(), LABELS), "inputs of list"),
        ((INPUTS + np.nan, LABELS), "inputs with values that are not finite"),
        ((INPUTS, LABELS * np.inf), "targets with values that are not finite"),
        ((INPUTS, LABELS * 7), "a row adds up to 7 instead of 1"),
        ((INPUTS, LABELS + np.array([1, -1])), "go from -0.5 to 1.5"),
    ],
)
def test_a_batch_that_is_none_names_the_augmentation(made: object, problem: str) -> None:
    with pytest.raises(PluginError, match=rf"augmentation 'mixer' .*{problem}"):
        checked_batch(Mixer(), made, INPUTS.shape, LABELS.shape)


def test_what_passes_is_a_copy_of_what_its_maker_may_keep() -> None:
    batch = np.ones((2, 3), np.float32), np.eye(2, dtype=np.float32)
    answers = np.full((2, 2), 0.5)
    item = np.ones(4, np.float32)
    passed = [
        *checked_batch(Mixer(), batch, (2, 3), (2, 2)),
        checked_probabilities(Guesser(), answers, (2, 2)),
        checked_items(Spectrum(), "compute", item, (4,), "float32"),
    ]
    for copy, kept in zip(passed, (*batch, answers, item), strict=True):
        np.testing.assert_array_equal(copy, kept)
        assert not np.shares_memory(copy, kept)


def test_a_batch_of_other_precision_passes() -> None:
    inputs, labels = checked_batch(Mixer(), (INPUTS.astype(float), HALVES), INPUTS.shape, LABELS.shape)
    assert (inputs.dtype, labels.dtype) == (np.float32, np.float32)


@pytest.mark.parametrize(
    ("made", "dtype", "problem"),
    [
        ([1.0, 2.0], "float32", "list instead of an array, float32"),
        (np.zeros(2), "float32", r"float64 \(2,\) instead of float32 \(2,\)"),
        (np.zeros(2, np.float32), "uint8", r"float32 \(2,\) instead of uint8"),
        (np.zeros(3, np.float32), "float32", r"float32 \(3,\) instead of float32 \(2,\)"),
        (np.array([0, np.nan], np.float32), "float32", "not finite"),
    ],
)
def test_features_that_do_not_fit_name_their_maker(made: object, dtype: str, problem: str) -> None:
    with pytest.raises(PluginError, match=rf"features 'spectrum' .*{problem}"):
        checked_items(Spectrum(), "compute", made, (2,), dtype)


def test_a_length_may_be_any_but_zero() -> None:
    assert len(checked_items(Spectrum(), "compute", np.ones(7, np.float32), (None,), "float32")) == 7
    with pytest.raises(PluginError, match=r"float32 \(0,\) instead of float32 \(n,\)"):
        checked_items(Spectrum(), "compute", np.ones(0, np.float32), (None,), "float32")


def test_a_metric_cannot_change_what_the_next_one_sees() -> None:
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8]])
    for given in ((np.array([0, 1]), probabilities), (np.array([0, 1]), probabilities[:1])):
        with pytest.raises(ValueError, match="read-only"):
            Sorter().compute(*given)
        with pytest.raises(ValueError, match="read-only"):
            Sorter().compute(labels=given[0], probabilities=given[1])
    assert Sorter().scores(np.array([0, 1]), probabilities).tolist() == [0.9, 0.8]
    assert probabilities.tolist() == [[0.9, 0.1], [0.2, 0.8]]
    probabilities[0] = 0  # Whoever made it may.


def test_metrics_are_computed_of_what_was_predicted_whatever_another_metric_does() -> None:
    from benchmark.training.evaluate import evaluate

    class First(Metric):
        """The share of tracks whose first class is likeliest."""

        name = "first"

        def compute(self, labels, probabilities):
            return float((probabilities.argmax(axis=1) == 0).mean())

    class Stealthy(First):
        """Sorts a copy of its own."""

        def compute(self, labels, probabilities):
            return super().compute(labels, np.sort(probabilities, axis=1))

    tracks = [SimpleNamespace(id=str(number), group=str(number)) for number in range(3)]
    data = SimpleNamespace(
        classes=("a", "b"),
        evaluations=[SimpleNamespace(name="test", key="test", tracks=tracks, labels="aab", examples=Three())],
    )
    answers = np.array([[0.9, 0.1]] * 3, np.float32)
    _, values = evaluate(Guesser(answers), data, {"stealthy": Stealthy(), "first": First()})
    assert values == {"test": {"stealthy": 0.0, "first": 1.0}}
    with pytest.raises(PluginError, match="read-only"):
        evaluate(Guesser(answers), data, {"sorter": Sorter(), "first": First()})
    with pytest.raises(PluginError, match="below zero"):
        evaluate(Guesser(np.log(answers)), data, {"first": First()})


class Three:
    """Three examples."""

    tracks = np.arange(3)

    def __len__(self) -> int:
        return 3


def test_a_component_may_change_its_parameters_and_the_next_one_has_its_own() -> None:
    class Growing(Model):
        """Adds to a list that it was given."""

        name = "growing"

        def __init__(self, *, sizes: list[int] = [1]) -> None:  # noqa: B006
            sizes.append(2)
            self.sizes = sizes

    registry = Registry()
    registry.add(Growing, Source("test", "test", "1"))
    spec = registry.spec("model", "growing", {"sizes": [4]})
    identity = spec.identity()
    assert [spec.create(registry).sizes for _ in range(2)] == [[4, 2], [4, 2]]
    assert spec.identity() == identity
