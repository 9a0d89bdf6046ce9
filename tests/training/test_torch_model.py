"""``TorchModel``: it trains as ``KerasModel`` does, step for step."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from toy import ToyExamples

from benchmark import Augmentation, KerasModel, PluginError, Stage, TorchModel, TrainingRun, TrainingSettings

pytestmark = pytest.mark.skipif(
    not (find_spec("torch") and find_spec("safetensors")),
    reason="PyTorch is not installed: pip install genrebench[torch], or tox run -e torch",
)


class Small(TorchModel):
    """A convolution, a normalisation, a dropout and a layer for the classes."""

    name = "small-torch"

    def build(self, input_shape, num_classes, *, width: int = 4):
        from torch import nn

        return nn.Sequential(
            nn.Conv2d(input_shape[0], width, 3),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(4),
            nn.Flatten(),
            nn.Dropout(0.2),
            nn.Linear(16 * width, num_classes),
        )


class LinearTorch(TorchModel):
    """A linear layer that begins with zeros."""

    name = "linear-torch"

    def build(self, input_shape, num_classes):
        from torch import nn

        layer = nn.Linear(int(np.prod(input_shape)), num_classes)
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)
        return nn.Sequential(nn.Flatten(), layer)


class LinearKeras(KerasModel):
    """The same in Keras."""

    name = "linear-keras"

    def build(self, input_shape, num_classes):
        import keras
        from keras import layers

        return keras.Sequential([
            keras.Input(input_shape),
            layers.Flatten(),
            layers.Dense(num_classes, activation="softmax", kernel_initializer="zeros"),
        ])  # fmt: skip


class Mixing(Augmentation):
    """Adds to each item half of another one."""

    name, acts_on = "mixing", "batch"

    def apply_batch(self, inputs, targets, rng):
        order = rng.permutation(len(inputs))
        return (inputs + inputs[order]) / 2, (targets + targets[order]) / 2


TRAIN, HELD_OUT = ToyExamples(5, size=9), ToyExamples(3, size=9, seed=1)


def run(seed: int = 3, augmentations=(), **settings) -> TrainingRun:
    given = {"epochs": 2, "batch_size": 4, "learning_rate": 0.05, **settings}
    return TrainingRun(
        TrainingSettings(**given), seed, batch_augmentations=augmentations, classes=("a", "b", "c")
    )


def weights_of(model: TorchModel) -> list[np.ndarray]:
    return [each.detach().cpu().numpy() for each in model.network.parameters()]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "tolerance"),
    [
        ({"optimizer": "sgd"}, 1e-6),
        ({"optimizer": "sgd", "schedule": "cosine", "warmup": 1, "weight_decay": 0.1}, 1e-6),
        ({"optimizer": "sgd", "gradient_accumulation": 3, "clip_norm": 0.1, "schedule": "linear"}, 1e-6),
        ({"optimizer": "sgd", "loss": "categorical_focal_crossentropy"}, 1e-6),
        ({"optimizer": "sgd", "loss": "kl_divergence"}, 1e-5),
        ({"optimizer": "sgd", "loss": {"categorical_crossentropy": {"label_smoothing": 0.2}}}, 1e-6),
        (
            {
                "optimizer": "sgd",
                "loss": {"categorical_focal_crossentropy": {"gamma": 1, "alpha": 1, "label_smoothing": 0.1}},
                "class_weights": {"a": 3, "c": 0.5},
            },
            1e-6,
        ),
        ({"optimizer": "sgd", "class_weights": "balanced"}, 1e-6),
        (
            {"optimizer": "sgd", "class_weights": {"a": 3, "c": 0.5}, "augmentations": (Mixing(),)},
            1e-6,
        ),
        (
            {"optimizer": "sgd", "early_stopping": {"patience": 1, "metric": "loss"}, "learning_rate": 20.0},
            1e-4,
        ),
        ({"optimizer": "adam", "learning_rate": 0.001}, 1e-5),
        ({"optimizer": "adamw", "learning_rate": 0.001}, 1e-5),
        ({"optimizer": "rmsprop", "learning_rate": 0.001}, 1e-5),
        ({"optimizer": "sgd", "augmentations": (Mixing(),)}, 1e-6),
    ],
)
def test_its_steps_are_those_of_keras(settings, tolerance: float) -> None:
    if "early_stopping" in settings:
        settings = {**settings, "epochs": 5}
    one, other = LinearTorch(), LinearKeras()
    theirs = run(**settings)
    history = one.fit(TRAIN, HELD_OUT, run(**settings))
    expected = other.fit(TRAIN, HELD_OUT, theirs)
    kernel, bias = other.network.get_weights()
    np.testing.assert_allclose(weights_of(one)[0], kernel.T, atol=tolerance)
    np.testing.assert_allclose(weights_of(one)[1], bias, atol=tolerance)
    assert np.abs(kernel).max() > 1e-4
    np.testing.assert_allclose(one.predict(HELD_OUT), other.predict(HELD_OUT), atol=tolerance)
    assert len(history) == len(expected)
    for found, epoch in zip(history, expected, strict=True):
        assert found.keys() == epoch.keys()
        assert {**found, "stage": 0} == pytest.approx(
            {**epoch, "stage": 0}, abs=max(tolerance, 1e-4), rel=1e-4
        )


def test_the_same_seed_gives_the_same_model_and_another_seed_another() -> None:
    answers = []
    for seed in (3, 3, 4):
        model = Small()
        model.fit(TRAIN, None, run(seed))
        answers.append(model.predict(HELD_OUT))
    np.testing.assert_array_equal(answers[0], answers[1])
    assert not np.allclose(answers[0], answers[2], atol=1e-4)


def test_it_learns_and_is_stored_without_pickle(tmp_path: Path) -> None:
    model = Small(width=8)
    history = model.fit(TRAIN, HELD_OUT, run(epochs=12, learning_rate=0.02))
    assert history[-1]["accuracy"] > 0.8
    assert [epoch["epoch"] for epoch in history] == list(range(1, 13))
    model.save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["network.json", "network.safetensors"]
    loaded = Small.load(tmp_path, width=8)
    np.testing.assert_allclose(loaded.predict(HELD_OUT), model.predict(HELD_OUT), atol=1e-6)
    np.testing.assert_allclose(model.predict(HELD_OUT).sum(axis=1), 1, atol=1e-5)


def test_weights_and_multiply_adds_are_counted_as_of_keras_networks() -> None:
    model = Small()
    model.fit(TRAIN, None, run(epochs=1))
    convolution, normalisation, dense = 4 * 9 + 4, 4 * 4, 64 * 3 + 3
    count = model.parameter_count()
    assert (count.total, count.trainable) == (convolution + normalisation + dense, count.total - 8)
    assert model.operation_count().multiply_adds == 7 * 7 * 9 * 4 + 64 * 3


def test_recurrent_layers_are_said_not_to_be_counted() -> None:
    class Recurrent(TorchModel):
        """An LSTM over rows."""

        name = "recurrent"

        def build(self, input_shape, num_classes):
            from torch import nn

            class Network(nn.Module):
                def __init__(self) -> None:
                    super().__init__()
                    self.steps = nn.LSTM(input_shape[2], 4, batch_first=True)
                    self.last = nn.Linear(4, num_classes)

                def forward(self, inputs):
                    return self.last(self.steps(inputs[:, 0])[0][:, -1])

            return Network()

    model = Recurrent()
    model.fit(TRAIN, None, run(epochs=1))
    assert model.operation_count().unknown == ("LSTM",)


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_it_computes_in_the_precision_of_the_suite(precision: str, tmp_path: Path) -> None:
    plain, mixed = Small(), Small()
    plain.fit(TRAIN, None, run())
    mixed.fit(TRAIN, None, run(precision=precision))
    assert not np.array_equal(plain.predict(HELD_OUT), mixed.predict(HELD_OUT))
    assert all(weight.dtype == np.float32 for weight in weights_of(mixed))
    mixed.save(tmp_path)
    np.testing.assert_array_equal(Small.load(tmp_path).predict(HELD_OUT), mixed.predict(HELD_OUT))


class Staged(Small):
    """Trains its last layer, then all of it."""

    name = "staged-torch"
    upto: ClassVar[str | None] = "5"

    def training_stages(self, settings):
        def freeze(network) -> None:
            network[:5].requires_grad_(False)

        def melt(network) -> None:
            network.requires_grad_(True)

        head = Stage("head", settings.epochs, settings.learning_rate, freeze, self.upto)
        return [head, Stage("all", 1, settings.learning_rate / 10, melt)]


def test_stages_follow_each_other_and_what_is_frozen_stays_as_it_was() -> None:
    import torch

    seen = []

    class Watched(Staged):
        """Remembers the frozen part at the end of the first stage."""

        name = "watched-torch"

        def training_stages(self, settings):
            first, second = super().training_stages(settings)
            copy = lambda network: [each.clone() for each in network[:2].state_dict().values()]  # noqa: E731

            def begin(network) -> None:
                first.prepare(network)
                seen.append(copy(network))

            def go_on(network) -> None:
                seen.append(copy(network))
                second.prepare(network)

            return [
                Stage("head", first.epochs, first.learning_rate, begin, first.frozen),
                Stage("all", 1, second.learning_rate, go_on),
            ]

    model = Watched()
    history = model.fit(TRAIN, HELD_OUT, run())
    assert [(epoch["stage"], epoch["epoch"]) for epoch in history] == [("head", 1), ("head", 2), ("all", 3)]
    before, after = seen
    assert all(torch.equal(one, other) for one, other in zip(before, after, strict=True))
    assert not torch.equal(before[0], model.network[0].weight)


def test_a_stage_that_is_not_frozen_as_it_says_is_refused() -> None:
    class Unfrozen(Staged):
        """Says that its last layer is frozen, too."""

        name, upto = "unfrozen", "6"

    with pytest.raises(PluginError, match=r"frozen up to submodule '6', where '6\.weight' can be trained"):
        Unfrozen().fit(TRAIN, None, run())
    Unfrozen.upto = "nine"
    with pytest.raises(PluginError, match="no submodule"):
        Unfrozen().fit(TRAIN, None, run())


def test_early_stopping_keeps_the_best_weights_and_says_so() -> None:
    model, given = Small(), run(epochs=30, learning_rate=0.5, early_stopping={"patience": 2})
    history = model.fit(TRAIN, HELD_OUT, given)
    assert len(history) < 30
    best = min(history, key=lambda epoch: epoch["val_loss"])
    assert f"the weights of epoch {best['epoch']} are kept" in given.notes[0]
    likely = model.predict(HELD_OUT)[np.arange(len(HELD_OUT)), HELD_OUT.labels]
    assert -np.log(likely).mean() == pytest.approx(best["val_loss"], rel=1e-3)


@pytest.mark.parametrize(
    ("ending", "said"), [("Softmax", "leave its softmax out"), ("Flatten", "scores of shape")]
)
def test_a_module_that_gives_no_scores_is_refused_with_what_to_do(ending: str, said: str) -> None:
    class Wrong(LinearTorch):
        """Ends in something else."""

        name = "wrong"

        def build(self, input_shape, num_classes):
            from torch import nn

            if ending == "Flatten":
                return nn.Flatten()
            return nn.Sequential(super().build(input_shape, num_classes), nn.Softmax(dim=1))

    with pytest.raises(PluginError, match=said):
        Wrong().fit(TRAIN, None, run())


def test_results_say_that_pytorch_made_them() -> None:
    model = LinearTorch()
    model.fit(TRAIN, None, run(epochs=1))
    assert model.provenance()["backend"] == "torch"
