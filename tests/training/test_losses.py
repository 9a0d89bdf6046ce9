"""Losses say what their formulas say, and classes weigh what the suite says."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import xlogy
from sklearn.utils.class_weight import compute_class_weight
from toy import ToyExamples

from benchmark.exceptions import DatasetError
from benchmark.plugin.training_run import TrainingRun
from benchmark.settings import LOSSES, TrainingSettings
from benchmark.training.batches import Batches
from benchmark.training.losses import chosen_loss, class_weights, make_loss
from benchmark.training.traced import TracedNetworks

LABELS = np.array([0, 2, 1, 2])
ANSWERS = np.random.default_rng(0).dirichlet(np.ones(3), 4).astype(np.float32)
ONE_HOT = np.eye(3, dtype=np.float32)[LABELS]
# Tracing a step takes longer than all else here.
NETWORKS = TracedNetworks()


def loss_of(written: object, answers: np.ndarray = ANSWERS) -> float:
    import keras

    loss, one_hot = chosen_loss(TrainingSettings(loss=written).loss, mixed=False)
    made = make_loss(loss)
    function = made if callable(made) else keras.losses.get(made)
    values = keras.ops.convert_to_numpy(function(ONE_HOT if one_hot else LABELS, answers))
    return float(np.mean(values))


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.1, 0.3])
def test_a_smoothed_label_gives_each_class_its_share(share: float) -> None:
    smooth = ONE_HOT * (1 - share) + share / 3
    expected = -xlogy(smooth, ANSWERS).sum(axis=1).mean()
    assert loss_of({"categorical_crossentropy": {"label_smoothing": share}}) == pytest.approx(
        expected, rel=1e-5
    )


@pytest.mark.slow
@pytest.mark.parametrize(("gamma", "alpha", "share"), [(0.0, 1.0, 0.0), (1.0, 0.25, 0.0), (5.0, 0.5, 0.2)])
def test_a_focal_loss_weighs_by_how_far_the_answer_is_from_sure(
    gamma: float, alpha: float, share: float
) -> None:
    truth = ONE_HOT * (1 - share) + share / 3
    expected = -(alpha * (1 - ANSWERS) ** gamma * xlogy(truth, ANSWERS)).sum(axis=1).mean()
    written = {"categorical_focal_crossentropy": {"gamma": gamma, "alpha": alpha, "label_smoothing": share}}
    assert loss_of(written) == pytest.approx(expected, rel=1e-5)


@pytest.mark.slow
def test_losses_at_their_defaults_are_those_that_keras_calls_so() -> None:
    import keras

    for name in LOSSES:
        sparse = name.startswith("sparse")
        reference = keras.losses.get(name)(LABELS if sparse else ONE_HOT, ANSWERS)
        assert loss_of(name) == pytest.approx(float(np.mean(keras.ops.convert_to_numpy(reference))))
    written = {"categorical_focal_crossentropy": {"gamma": 2.0}}
    # Said with all parameters, it is the same loss.
    named = keras.losses.CategoricalFocalCrossentropy(gamma=2.0, alpha=0.25)(ONE_HOT, ANSWERS)
    assert loss_of(written) == pytest.approx(float(named))


def test_balanced_weights_are_those_of_scikit_learn() -> None:
    labels = np.array([0] * 7 + [1] * 2 + [3] * 5)
    found = class_weights("balanced", labels, 4, ())
    expected = compute_class_weight("balanced", classes=np.array([0, 1, 3]), y=labels)
    np.testing.assert_allclose(found[[0, 1, 3]], expected, rtol=1e-6)
    assert found[2] == 0
    assert found[labels].mean() == pytest.approx(1)


def test_weights_by_name_find_their_classes_and_others_weigh_one() -> None:
    found = class_weights({"jazz": 0.5, "blues": 2.0}, LABELS, 3, ("blues", "jazz", "rock"))
    assert found.tolist() == [2.0, 0.5, 1.0]
    with pytest.raises(
        DatasetError, match=r"'jaz', which is no class of the dataset\. Did you mean 'jazz'\?"
    ):
        class_weights({"jaz": 2.0}, LABELS, 3, ("blues", "jazz", "rock"))


@pytest.mark.parametrize("one_hot", [False, True])
def test_items_of_a_batch_come_with_the_weights_of_their_classes(one_hot: bool) -> None:
    weights = np.array([1.0, 2.0, 4.0], np.float32)
    examples = ToyExamples()
    batches = Batches(examples, 5, seed=0, shuffled=True, one_hot=one_hot, class_weights=weights)
    _, targets, found = batches[0]
    batches.close()
    labels = targets.argmax(axis=1) if one_hot else targets
    np.testing.assert_array_equal(found, weights[labels])


def fitted(validation: bool = False, **settings: object):
    from bench_models import Cnn

    chosen = TrainingSettings(**{"epochs": 2, "batch_size": 8, **settings})
    run = TrainingRun(chosen, seed=0, classes=("a", "b", "c"), networks=NETWORKS)
    model = Cnn(filters=[4], units=8)
    history = model.fit(ToyExamples(), ToyExamples(4, seed=1) if validation else None, run)
    answers = model.predict(ToyExamples(4, seed=2))
    model.close()
    return answers, history


@pytest.mark.slow
def test_equal_weights_train_the_same_network_and_others_another() -> None:
    plain, history = fitted()
    balanced, balanced_history = fitted(class_weights="balanced")
    np.testing.assert_allclose(balanced, plain, atol=1e-5)
    assert [row["loss"] for row in balanced_history] == pytest.approx([row["loss"] for row in history])
    weighted, _ = fitted(class_weights={"b": 50.0})
    # What is weighed more is answered more often.
    assert weighted[:, 1].mean() > plain[:, 1].mean() + 0.05


@pytest.mark.slow
def test_losses_with_parameters_train_networks_of_their_own() -> None:
    # The optimizer that has least to be traced.
    sgd: dict[str, object] = {"optimizer": "sgd", "learning_rate": 0.05}
    plain, _ = fitted(loss="categorical_crossentropy", **sgd)
    zero, _ = fitted(loss={"categorical_crossentropy": {"label_smoothing": 0.0}}, **sgd)
    smooth, history = fitted(
        validation=True, loss={"categorical_crossentropy": {"label_smoothing": 0.3}}, **sgd
    )
    np.testing.assert_array_equal(zero, plain)
    assert not np.allclose(smooth, plain)
    assert {"accuracy", "val_accuracy", "loss", "val_loss"} <= history[0].keys()
