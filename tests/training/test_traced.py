"""Cells that train the same network trace its steps once, and come to what they would have come to alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from toy import ToyExamples
from two_phase import Kept, TwoPhase

from benchmark import KerasModel
from benchmark.contract.kinds import rules_of
from benchmark.contract.rules import Outcome, Trial, outcomes
from benchmark.plugin.training_run import TrainingRun
from benchmark.settings import TrainingSettings
from benchmark.training.stages import Stage
from benchmark.training.traced import TracedNetworks

pytestmark = pytest.mark.slow
STOPPING = {"metric": "loss", "patience": 1, "min_delta": 0.0, "restore_best": True}


def built_in(name: str, **parameters: Any) -> KerasModel:
    import bench_models

    (kind,) = (model for model in bench_models.bench_models() if model.name == name)
    return kind(**parameters)


class Sound:
    """Random items of three classes, of any shape."""

    def __init__(self, shape: tuple[int, ...], count: int = 12, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.labels, self.num_classes = np.arange(count) % 3, 3
        self.shape, self.dtype = shape, "float32"
        self.items = rng.random((count, *shape), np.float32) + self.labels.reshape(-1, *[1] * len(shape)) / 3

    def __len__(self) -> int:
        return len(self.labels)

    def gather(self, indices: np.ndarray, epoch: int = 0) -> np.ndarray:
        return self.items[indices]


def sounds(*shape: int) -> tuple[Any, Any, Any]:
    return Sound(shape), Sound(shape, 6, 1), Sound(shape, 9, 2)


def toys() -> tuple[Any, Any, Any]:
    return ToyExamples(6), ToyExamples(3, seed=1), ToyExamples(3, seed=2)


def pictures() -> tuple[Any, Any, Any]:
    return Kept(24, 0), Kept(9, 1), Kept(9, 2)


def unheard(data: tuple[Any, Any, Any]) -> tuple[Any, None, Any]:
    """Return examples without those for validation, whose step would be traced too."""
    training, _, asked = data
    return training, None, asked


def unasked(data: tuple[Any, Any, Any]) -> tuple[Any, None, None]:
    """Return training examples alone: to ask a network of many layers has it traced once more."""
    return data[0], None, None


class Simple(KerasModel):
    """Dense layers with a dropout, all of Keras's own, which take least to be traced."""

    name = "simple"

    def build(self, input_shape: Any, num_classes: int) -> Any:
        import keras
        from keras import layers

        inputs = keras.Input(input_shape)
        x = layers.Dense(4, activation="relu", name="low")(layers.Flatten()(inputs))
        return keras.Model(inputs, layers.Dense(num_classes, activation="softmax")(layers.Dropout(0.3)(x)))


@pytest.fixture
def traces(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the networks whose training step was traced, in order."""
    import keras

    seen: list[str] = []
    step = keras.Model.train_step

    def traced(self: Any, *args: Any, **kwargs: Any) -> Any:
        seen.append(self.name)
        return step(self, *args, **kwargs)

    monkeypatch.setattr(keras.Model, "train_step", traced)
    return seen


def fitted(
    model: KerasModel, data: Any, cache: Path, networks: TracedNetworks | None, seed: int, **settings: Any
) -> tuple[Any, np.ndarray, Any]:
    """Train as a cell does, and return the history, what is said of other items, and the count of weights.

    Without other items it is all weights in place of what is said.
    """
    training, validation, asked = data()
    chosen = TrainingSettings(**{"batch_size": 5, "epochs": 2, "learning_rate": 0.01, **settings})
    run = TrainingRun(chosen, seed, cache=cache, networks=networks)
    history = model.fit(training, validation, run)
    if asked is None:
        answers = np.concatenate([np.ravel(weight) for weight in model.network.get_weights()])
    else:
        answers = model.predict(asked)
    count = model.parameter_count()
    model.close()
    return history, answers, count


def check_same(make: Any, data: Any, tmp_path: Path, traces: list[str], **settings: Any) -> tuple[int, int]:
    """Check that a cell after another is what it is alone; return how many steps it traces alone, and after it."""
    alone = fitted(make(), data, tmp_path / "alone", None, 1, **settings)
    traced_alone = len(traces)
    networks = TracedNetworks()
    fitted(make(), data, tmp_path / "before", networks, 0, **settings)
    traces.clear()
    after = fitted(make(), data, tmp_path / "after", networks, 1, **settings)
    assert after[0] == alone[0]
    np.testing.assert_array_equal(after[1], alone[1])
    assert after[2] == alone[2]
    return traced_alone, len(traces)


BUILT_IN = [
    ("cnn", {"filters": [4, 8], "units": 8, "dropout": 0.3}, lambda: sounds(24, 24, 1)),
    ("crnn", {"filters": [4, 8], "units": 8, "dropout": 0.3}, lambda: unasked(sounds(24, 24, 1))),
    ("residual-cnn", {"filters": [16, 32], "blocks": 1, "dropout": 0.1}, lambda: unasked(sounds(24, 24, 1))),
    (
        "mobilenet",
        {"weights": None, "width": 0.25, "units": 8, "stages": ["transfer"]},
        lambda: unasked(sounds(32, 32, 1)),
    ),
    (
        "keras-application",
        # Of all of these networks, the one with the fewest layers to trace.
        {"network": "VGG16", "weights": None, "units": 8, "stages": ["transfer"]},
        lambda: unasked(sounds(32, 32, 3)),
    ),
]


@pytest.mark.parametrize(("name", "parameters", "data"), BUILT_IN, ids=[case[0] for case in BUILT_IN])
def test_a_built_in_network_is_the_same_after_another_cell(
    tmp_path: Path, traces: list[str], name: str, parameters: dict[str, Any], data: Any
) -> None:
    # The optimizer that has least to be traced.
    alone, after = check_same(
        lambda: built_in(name, **parameters), data, tmp_path, traces, epochs=1, optimizer="sgd"
    )
    assert (alone, after) == (1, 0)


CASES = [
    {
        "early_stopping": STOPPING,
        "epochs": 3,
        "schedule": "cosine",
        "warmup": 1,
        "clip_norm": 1.0,
        "loss": {"categorical_focal_crossentropy": {"gamma": 1.5}},
    },
    {"precision": "mixed_float16", "gradient_accumulation": 2, "deterministic": True, "optimizer": "sgd"},
]


@pytest.mark.parametrize("settings", CASES, ids=str)
def test_two_stages_on_a_frozen_part_are_the_same_and_traced_once(
    tmp_path: Path, traces: list[str], settings: dict[str, Any]
) -> None:
    data = pictures if "early_stopping" in settings else lambda: unheard(pictures())
    alone, after = check_same(lambda: TwoPhase(fine_tuned=True), data, tmp_path, traces, **settings)
    assert after == 0 < alone


def test_other_settings_are_traced_anew_and_come_to_the_same(tmp_path: Path, traces: list[str]) -> None:
    def few() -> Any:
        return unheard(pictures())

    networks = TracedNetworks()
    ways = (
        {},
        {"batch_size": 4},
        {"learning_rate": 0.02},
        {"loss": "kl_divergence"},
        {"optimizer": "rmsprop"},
    )
    # Each way differs from the one before in nothing else. Of the optimizers, SGD has least to be traced.
    settings: dict[str, Any] = {"optimizer": "sgd", "loss": "categorical_crossentropy"}
    for number, way in enumerate(ways):
        settings |= way
        alone = fitted(Simple(), few, tmp_path / f"alone{number}", None, 1, **settings)
        traces.clear()
        after = fitted(Simple(), few, tmp_path / f"after{number}", networks, 1, **settings)
        assert after[0] == alone[0], settings
        np.testing.assert_array_equal(after[1], alone[1])
        # Batches of another size, or more of them, have the same step.
        assert bool(traces) == (number != 1), settings


class Layered(Simple):
    """A stage that changes a setting of a layer, which the next cell must not see."""

    name = "layered"

    def training_stages(self, settings: TrainingSettings) -> list[Stage]:
        import keras

        def calm(network: keras.Model) -> None:
            for layer in network.layers:
                if isinstance(layer, keras.layers.Dropout):
                    layer.rate = 0.05
                layer.trainable = layer.name != "low"

        return [
            Stage("first", settings.epochs, 0.01),
            Stage("second", settings.epochs, 0.01, calm),
        ]


def test_what_a_stage_changes_in_a_network_is_not_there_in_the_next_cell(
    tmp_path: Path, traces: list[str]
) -> None:
    # Two stages that train the whole network are compiled one after the other, by each cell.
    assert check_same(Layered, lambda: unheard(pictures()), tmp_path, traces, optimizer="sgd") == (2, 2)


class Stateful(KerasModel):
    """A layer of one's own, which holds a number that no setting says."""

    name = "stateful"
    made = 0

    def build(self, input_shape: Any, num_classes: int) -> Any:
        import keras

        Stateful.made += 1
        factor = float(Stateful.made)

        class Times(keras.layers.Layer):
            def call(self, inputs: Any) -> Any:
                return inputs * factor

        inputs = keras.Input(input_shape)
        x = keras.layers.Flatten()(Times()(inputs))
        return keras.Model(inputs, keras.layers.Dense(num_classes, activation="softmax")(x))


class Lambdas(KerasModel):
    """A function of one's own among Keras's layers."""

    name = "lambdas"

    def build(self, input_shape: Any, num_classes: int) -> Any:
        import keras

        inputs = keras.Input(input_shape)
        x = keras.layers.Dense(4, activation=lambda value: value * 0.5)(keras.layers.Flatten()(inputs))
        return keras.Model(inputs, keras.layers.Dense(num_classes, activation="softmax")(x))


@pytest.mark.parametrize("model", [Stateful, Lambdas, lambda: built_in("ast", width=8, depth=1, heads=2)])
def test_layers_of_anybody_else_are_traced_by_each_cell(
    tmp_path: Path, traces: list[str], model: Any
) -> None:
    networks = TracedNetworks()
    counts = []
    for seed in range(2):
        fitted(
            model(), lambda: unasked(sounds(32, 32, 1)), tmp_path, networks, seed, epochs=1, optimizer="sgd"
        )
        counts.append(len(traces))
    assert counts[1] == 2 * counts[0] > 0


def test_a_network_that_is_still_used_is_given_to_nobody_else(tmp_path: Path) -> None:
    networks = TracedNetworks()
    settings = TrainingSettings(batch_size=5, epochs=1, optimizer="sgd")
    first, second = (Simple() for _ in range(2))
    data = pictures()
    for seed, model in enumerate((first, second)):
        model.fit(data[0], None, TrainingRun(settings, seed, networks=networks))
    assert first.network is not second.network
    assert not np.array_equal(first.predict(data[2]), second.predict(data[2]))
    kept = second.network
    second.close()
    third = Simple()
    third.fit(data[0], None, TrainingRun(settings, 2, networks=networks))
    assert third.network is kept


class Imaged(TwoPhase):
    """Says that it takes images alone."""

    name = "imaged"
    dimensions = frozenset({3})


class Unsaved(Imaged):
    """Cannot be saved."""

    name = "unsaved"

    def save(self, folder: Path) -> None:
        raise OSError("no room")


@pytest.mark.parametrize(
    ("kind", "fine_tuned", "broken", "steps"),
    # The first stage on items, and on what is kept of them; the second one of both trainings.
    [(Imaged, True, set(), 3), (Unsaved, False, {"model-stored"}, 2)],
    ids=["sound", "unsaved"],
)
def test_the_contract_traces_each_step_once_for_all_of_its_rules(
    traces: list[str], kind: type[KerasModel], fine_tuned: bool, broken: set[str], steps: int
) -> None:
    rules = [rule for rule in rules_of("model") if rule.name.startswith("model-")]
    tried = [
        outcome
        for outcome in outcomes(tuple(rules), Trial(kind, {"fine_tuned": fine_tuned}))
        if isinstance(outcome, Outcome)
    ]
    assert {outcome.rule for outcome in tried if outcome.findings} == broken, tried
    assert not [outcome for outcome in tried if outcome.not_tried]
    assert len(traces) == steps
