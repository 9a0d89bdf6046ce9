"""Training under each of its settings, on a toy."""

from __future__ import annotations

import numpy as np
import pytest
from toy import ToyExamples
from two_phase import TwoPhase

from benchmark import Augmentation
from benchmark.exceptions import PluginError, SplitError
from benchmark.plugin.training_run import TrainingRun
from benchmark.settings import TrainingSettings
from benchmark.training.determinism import XLA_FLAG, allow_determinism
from benchmark.training.traced import TracedNetworks

pytestmark = pytest.mark.slow
ASKED = ToyExamples(4, seed=2)
# Tracing a step takes longer than all else here.
NETWORKS = TracedNetworks()


def fitted(
    validation: bool = True, dropout: float = 0.1, networks: TracedNetworks | None = None, **settings: object
):
    from bench_models import Cnn

    # Of the optimizers, SGD has least to be traced and compiled.
    given = {"epochs": 3, "batch_size": 8, "optimizer": "sgd", "learning_rate": 0.05, **settings}
    run = TrainingRun(TrainingSettings(**given), seed=0, networks=networks)
    model = Cnn(filters=[4], units=8, dropout=dropout)
    history = model.fit(ToyExamples(), ToyExamples(4, seed=1) if validation else None, run)
    return model, history, run.notes


def answers(
    *, networks: TracedNetworks | None = NETWORKS, validation: bool = True, **settings: object
) -> np.ndarray:
    """Return what a network says after training, to which ``validation`` makes no difference."""
    model, *_ = fitted(validation, networks=networks, **settings)
    said = model.predict(ASKED)
    model.close()
    return said


@pytest.fixture(scope="module")
def plain() -> np.ndarray:
    """Return what a network says after training under no setting of its own."""
    return answers()


STOPPING = {"patience": 2, "min_delta": 10.0}


def test_a_stage_ends_when_validation_gets_no_better_and_the_best_weights_stay() -> None:
    model, history, notes = fitted(epochs=20, early_stopping=STOPPING, networks=NETWORKS)
    assert [row["epoch"] for row in history] == [1, 2, 3]
    assert notes == [
        "Stage train was stopped early after epoch 3 (val_loss); the weights of epoch 1 are kept."
    ]
    said = model.predict(ASKED)
    model.close()
    np.testing.assert_array_equal(said, answers(epochs=1))


def test_without_restoring_the_last_weights_stay(plain: np.ndarray) -> None:
    stopping = {**STOPPING, "metric": "accuracy", "restore_best": False}
    model, _, notes = fitted(epochs=20, early_stopping=stopping, networks=NETWORKS)
    assert notes == [
        "Stage train was stopped early after epoch 3 (val_sparse_categorical_accuracy); epoch 1 was the best."
    ]
    said = model.predict(ASKED)
    model.close()
    # That is what three epochs come to.
    np.testing.assert_array_equal(said, plain)


def test_each_stage_is_stopped_by_itself() -> None:
    seen: list[tuple[str, int, int]] = []
    stopping = {"patience": 1, "min_delta": 10.0}
    run = TrainingRun(
        TrainingSettings(epochs=5, batch_size=8, optimizer="sgd", early_stopping=stopping),
        seed=0,
        listener=lambda stage, epoch, epochs, logs: seen.append((stage, epoch, epochs)),
    )
    TwoPhase(fine_tuned=True).fit(ToyExamples(4), ToyExamples(2), run)
    assert seen == [("transfer", 1, 5), ("transfer", 2, 5), ("fine-tune", 1, 5), ("fine-tune", 2, 5)]
    assert [note.split(" (")[0] for note in run.notes] == [
        "Stage transfer was stopped early after epoch 2",
        "Stage fine-tune was stopped early after epoch 2",
    ]


@pytest.mark.parametrize(
    ("trouble", "problem"),
    [
        (lambda inputs, targets: (inputs * np.nan, targets), "inputs with values that are not finite"),
        (lambda inputs, targets: (inputs, 7 * targets), "adds up to 7"),
        (lambda inputs, targets: (inputs[:2], targets[:2]), "instead of shape"),
        (lambda inputs, targets: 1 / 0, "ZeroDivisionError: division by zero"),
    ],
)
def test_a_batch_that_was_augmented_into_none_is_told_in_words(trouble, problem: str) -> None:
    from bench_models import Cnn

    class Broken(Augmentation):
        """Breaks batches."""

        name = "broken"
        acts_on = "batch"

        def apply_batch(self, inputs, targets, rng):
            return trouble(inputs, targets)

    run = TrainingRun(TrainingSettings(epochs=1, batch_size=8), seed=0, batch_augmentations=(Broken(),))
    with pytest.raises(PluginError, match=rf"augmentation 'broken' .*{problem}"):
        Cnn(filters=[4], units=4).fit(ToyExamples(), None, run)


def test_early_stopping_without_validation_data_is_refused() -> None:
    with pytest.raises(SplitError, match="looks at validation data"):
        fitted(validation=False, early_stopping=STOPPING)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_trains_answers_in_single_precision_and_ends_with_its_cell(
    policy: str, tmp_path, plain: np.ndarray
) -> None:
    import keras

    mixed, history, _ = fitted(precision=policy)
    assert keras.config.dtype_policy().name == "float32"
    after = answers()
    said = mixed.predict(ASKED)
    assert {layer.compute_dtype for layer in mixed.network.layers[:3]} == {policy.removeprefix("mixed_")}
    assert np.isfinite([row["loss"] for row in history]).all()
    np.testing.assert_allclose(said.sum(axis=1), 1, atol=1e-5)
    assert not np.array_equal(said, plain)
    np.testing.assert_array_equal(plain, after)
    mixed.save(tmp_path)
    np.testing.assert_array_equal(type(mixed).load(tmp_path, **mixed.parameters).predict(ASKED), said)


def test_steps_are_compiled_where_the_suite_says_so_and_compute_the_same() -> None:
    # XLA draws other dropout masks than TensorFlow by itself.
    # A step is compiled for each size of batches.
    by_itself, compiled = (fitted(False, dropout=0.0, jit=jit, batch_size=9)[0] for jit in ("off", "on"))
    assert (by_itself._whole.jit_compile, compiled._whole.jit_compile) == (False, True)
    np.testing.assert_allclose(by_itself.predict(ASKED), compiled.predict(ASKED), atol=1e-4)


def test_deterministic_training_repeats_and_the_next_training_is_as_it_was(plain: np.ndarray) -> None:
    config = pytest.importorskip("tensorflow.python.framework.config")
    enabled = config.is_op_determinism_enabled

    first, second = (answers(networks=None, validation=False, deterministic=True) for _ in range(2))
    assert enabled()
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(answers(networks=None, validation=False), plain)
    assert not enabled()


def test_what_backends_read_when_they_start_is_added_to_what_the_user_set() -> None:
    environment = {"XLA_FLAGS": "--xla_dump_to=x"}
    allow_determinism(environment)
    allow_determinism(environment)
    assert environment == {"XLA_FLAGS": f"--xla_dump_to=x {XLA_FLAG}", "CUBLAS_WORKSPACE_CONFIG": ":4096:8"}
