"""A network whose first part is frozen: its outputs are computed once, and a stage is trained once."""

from __future__ import annotations

import random
import shutil
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from two_phase import Kept, TwoPhase, frozen

from benchmark import KerasModel
from benchmark.exceptions import CellTimeoutError, PluginError
from benchmark.plugin.training_run import TrainingRun
from benchmark.settings import TrainingSettings
from benchmark.training.stages import Stage
from benchmark.training.traced import TracedNetworks

if TYPE_CHECKING:
    import keras

pytestmark = pytest.mark.slow
# Tracing a step takes longer than all else here.
NETWORKS = TracedNetworks()


class Misled(TwoPhase):
    """Says of its one stage what ``stage`` says."""

    stage: Stage

    def training_stages(self, settings: TrainingSettings) -> list[Stage]:
        return [self.stage]


class Refined(TwoPhase):
    """Two stages on one frozen body; the second trains all of the rest, or only its last layer."""

    def training_stages(self, settings: TrainingSettings) -> list[Stage]:
        def refine(network: keras.Model) -> None:
            for layer in network.layers:
                if layer.name != "body" and layer is not network.layers[-1]:
                    layer.trainable = not self.parameters["last_only"]

        first = Stage("head", settings.epochs, settings.learning_rate, frozen(False), frozen="body")
        return [first, Stage("refine", settings.epochs, settings.learning_rate, refine, frozen="body")]

    def build(self, input_shape, num_classes, *, last_only: bool = False):
        return super().build(input_shape, num_classes)


def trained(
    cache: Path | None,
    *,
    seed: int = 0,
    recipe: str = "",
    code: str = "",
    train: Kept | None = None,
    **changes: object,
):
    """Return history, predictions, the run, training examples and the count of weights.

    Changes are parameters or settings.
    """
    parameters = {name: changes.pop(name) for name in ("fine_tuned", "noisy") if name in changes}
    train, validation = train or Kept(30, 1), Kept(9, 2)
    # The optimizer that has least to be traced.
    changes = {"optimizer": "sgd", "learning_rate": 0.02, **changes}
    settings = TrainingSettings(epochs=3, batch_size=8, **changes)
    run = TrainingRun(settings, seed=seed, cache=cache, recipe=recipe, code=code, networks=NETWORKS)
    model = TwoPhase(**parameters)
    history = model.fit(train, validation, run)
    answers, count = model.predict(validation), model.parameter_count()
    model.close()
    return history, answers, run, train, count


@pytest.fixture(scope="module")
def first_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the cache that ``first`` begins with, which is then only read."""
    return tmp_path_factory.mktemp("first")


@pytest.fixture(scope="module")
def first(first_cache: Path):
    """Return what ``trained`` does without changes, once for tests that only read it."""
    return trained(first_cache)


@pytest.fixture
def cache(first, first_cache: Path, tmp_path: Path) -> Path:
    """Return a cache of a test's own that has what ``first`` kept."""
    shutil.copytree(first_cache, tmp_path / "cache")
    return tmp_path / "cache"


@pytest.mark.parametrize("fine_tuned", [False, True])
def test_training_on_kept_outputs_gives_what_training_on_inputs_gives_and_counts_all_parameters(
    tmp_path: Path, first, fine_tuned: bool
) -> None:
    plain = trained(None, fine_tuned=fine_tuned)
    kept = trained(tmp_path, fine_tuned=True) if fine_tuned else first
    assert kept[4] == plain[4] is not None
    np.testing.assert_allclose(kept[1], plain[1], atol=1e-4)
    assert [line["stage"] for line in kept[0]] == [line["stage"] for line in plain[0]]
    for one, other in zip(kept[0], plain[0], strict=True):
        assert one["val_loss"] == pytest.approx(other["val_loss"], abs=1e-3)


def test_each_item_goes_through_the_frozen_part_once(cache: Path, first) -> None:
    *_, train, _ = first
    assert train.gathered == 30
    *_, again, _ = trained(cache, seed=1)
    assert again.gathered == 30, "another seed has another frozen part, as its weights are random"


def test_folds_of_a_seed_share_the_outputs_of_random_weights_whoever_else_draws(tmp_path: Path) -> None:
    """Same seed, same weights: an item that another fold was trained on is not computed again."""
    ended = threading.Event()

    def draw() -> None:
        while not ended.is_set():
            for _ in range(20):
                random.random()
            time.sleep(0.001)

    settings = TrainingSettings(epochs=1, optimizer="sgd")
    other = threading.Thread(target=draw)
    other.start()
    try:
        for fold, computed in ((range(20), 20), (range(10, 30), 10), (range(5, 25), 0)):
            train = Kept(30, 1).only(fold)
            model = TwoPhase()
            run = TrainingRun(settings, seed=0, cache=tmp_path, networks=NETWORKS)
            model.fit(train, None, run)
            model.close()
            assert train.gathered == computed
    finally:
        ended.set()
        other.join()


def test_fine_tuning_goes_on_from_the_twins_first_stage_as_if_it_had_trained_it(
    tmp_path: Path, cache: Path
) -> None:
    alone = trained(tmp_path / "alone", fine_tuned=True)
    after = trained(cache, fine_tuned=True)
    assert any("Stage transfer was taken" in note for note in after[2].notes)
    assert after[2].reused["transfer"] > 0
    assert not alone[2].reused
    assert after[0] == alone[0]
    np.testing.assert_array_equal(after[1], alone[1])


def test_the_first_stage_is_taken_from_the_fine_tuned_twin_too(tmp_path: Path, first) -> None:
    trained(tmp_path / "twins", fine_tuned=True)
    after = trained(tmp_path / "twins")
    assert any("Stage transfer was taken" in note for note in after[2].notes)
    assert after[0] == first[0]
    np.testing.assert_array_equal(after[1], first[1])


def test_outputs_and_stages_of_other_code_are_not_taken_for_those_of_a_network_that_looks_alike(
    tmp_path,
) -> None:
    trained(tmp_path, code="two-phase 1")
    *_, run, train, _ = trained(tmp_path, code="two-phase 1, edited")
    assert not run.reused
    assert train.gathered == 30


@pytest.mark.parametrize("change", [{"seed": 1}, {"learning_rate": 0.01}, {"train": Kept(30, 3)}])
def test_nothing_is_taken_from_a_training_that_began_otherwise(cache: Path, change: dict) -> None:
    *_, run, _, _ = trained(cache, **change)
    assert not run.reused


def test_stages_that_differ_in_what_their_preparation_freezes_do_not_take_each_others_weights(
    tmp_path: Path,
) -> None:
    def refined(cache: Path, last_only: bool):
        settings = TrainingSettings(epochs=3, batch_size=8, learning_rate=0.02, optimizer="sgd")
        run = TrainingRun(settings, seed=0, cache=cache, networks=NETWORKS)
        model = Refined(last_only=last_only)
        history = model.fit(Kept(30, 1), Kept(9, 2), run)
        answers = model.predict(Kept(9, 2))
        model.close()
        return history, answers, sorted(run.reused)

    alone = refined(tmp_path / "alone", True)
    refined(tmp_path / "shared", False)
    history, answers, reused = refined(tmp_path / "shared", True)
    assert reused == ["head"]
    assert history == alone[0]
    np.testing.assert_array_equal(answers, alone[1])
    assert refined(tmp_path / "shared", True)[2] == ["head", "refine"]


def test_epochs_of_a_stage_that_is_taken_are_told_all_the_same(cache: Path) -> None:
    told: list[tuple[str, int, int]] = []
    run = TrainingRun(
        TrainingSettings(epochs=3, batch_size=8, optimizer="sgd", learning_rate=0.02), seed=0, cache=cache,
        listener=lambda stage, epoch, epochs, logs: told.append((stage, epoch, epochs)),
    )  # fmt: skip
    TwoPhase().fit(Kept(30, 1), Kept(9, 2), run)
    assert told == [("transfer", 1, 3), ("transfer", 2, 3), ("transfer", 3, 3)]


def test_examples_that_are_drawn_anew_in_each_epoch_take_the_ordinary_path(tmp_path: Path) -> None:
    *_, train, _ = trained(tmp_path, train=Kept(30, 1, redrawn=True))
    assert train.gathered >= 3 * 30
    assert not list(tmp_path.rglob("*.bin"))


def test_a_frozen_part_that_draws_by_chance_takes_the_ordinary_path(tmp_path: Path) -> None:
    *_, train, _ = trained(tmp_path, noisy=True)
    assert train.gathered >= 3 * 30
    assert not list(tmp_path.rglob("*.bin"))


def test_a_stage_on_examples_drawn_anew_is_taken_where_they_are_drawn_alike(tmp_path: Path) -> None:
    drawn = {"train": Kept(30, 1, redrawn=True)}
    first = trained(tmp_path, recipe="noise", **drawn)
    # Before the one that is fine-tuned, as all steps of these are the same.
    for recipe in ("other noise", ""):
        assert not trained(tmp_path, recipe=recipe, **drawn)[2].reused
    again = trained(tmp_path, recipe="noise", fine_tuned=True, **drawn)
    assert "transfer" in again[2].reused
    assert again[0][:3] == first[0]


@pytest.mark.parametrize(
    ("stage", "parameters", "problem"),
    [
        (Stage("first", 1, 0.1, frozen(False), frozen="bodi"), {}, "frozen up to layer 'bodi'"),
        (Stage("first", 1, 0.1, frozen(True), frozen="body"), {}, "can be trained"),
        (Stage("first", 1, 0.1, frozen(False), frozen="body"), {"bypass": True}, "cannot be divided there"),
    ],
)
def test_a_stage_that_is_not_frozen_as_it_says_is_an_error(
    tmp_path: Path, stage: Stage, parameters: dict, problem: str
) -> None:
    model = Misled(**parameters)
    model.stage = stage
    run = TrainingRun(TrainingSettings(), seed=0, cache=tmp_path)
    with pytest.raises(PluginError, match=problem):
        model.fit(Kept(6, 1), None, run)


def test_computing_outputs_keeps_to_the_time_limit(tmp_path: Path) -> None:
    run = TrainingRun(TrainingSettings(epochs=1), seed=0, cache=tmp_path, seconds=0.0)
    with pytest.raises(CellTimeoutError):
        TwoPhase().fit(Kept(30, 1), None, run)
    assert not list(tmp_path.rglob("*.bin"))


def test_a_stage_that_was_kept_badly_is_trained_again(cache: Path, first) -> None:
    (file,) = cache.glob("stages/trained/*.npz")
    file.write_bytes(file.read_bytes()[:200])
    again = trained(cache)
    assert not again[2].reused
    assert again[0] == first[0]


class Plain(KerasModel):
    """A plain ``Sequential``, frozen up to one of its layers in its first stage."""

    name = "plain"

    def build(self, input_shape, num_classes, *, told: bool = True):
        import keras
        from keras import layers

        first = [keras.Input(input_shape)] if told else []
        return keras.Sequential(
            [
                *first,
                layers.Conv2D(6, 3, name="low"),
                layers.ReLU(name="bent"),
                layers.Flatten(),
                layers.Dense(num_classes, activation="softmax"),
            ]
        )

    def training_stages(self, settings: TrainingSettings) -> list[Stage]:
        def freeze(network) -> None:
            network.get_layer("low").trainable = False

        return [Stage("head", settings.epochs, settings.learning_rate, freeze, frozen="bent")]


@pytest.mark.parametrize("told", [True, False])
def test_a_sequential_is_frozen_up_to_one_of_its_layers(told: bool, tmp_path: Path) -> None:
    train = Kept(24, 0)
    kept, fresh = Plain(told=told), Plain(told=told)
    settings = TrainingSettings(epochs=2, batch_size=8, optimizer="sgd", learning_rate=0.02)
    for model, cache in ((kept, tmp_path), (fresh, None)):
        model.fit(train, None, TrainingRun(settings, seed=1, cache=cache))
    assert kept._part is not None
    np.testing.assert_allclose(kept.predict(train), fresh.predict(train), atol=1e-4)
