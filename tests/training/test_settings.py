"""Training under each of its settings, on a toy."""

from __future__ import annotations

import numpy as np
import pytest
from test_frozen import TwoPhase
from toy import ToyExamples

from benchmark import Augmentation
from benchmark.exceptions import PluginError, SplitError
from benchmark.plugin.training_run import TrainingRun
from benchmark.settings import TrainingSettings
from benchmark.training.determinism import XLA_FLAG, allow_determinism

pytestmark = pytest.mark.slow


def fitted(validation: bool = True, dropout: float = 0.1, **settings: object):
    from bench_models import Cnn

    run = TrainingRun(TrainingSettings(**{"epochs": 3, "batch_size": 8, **settings}), seed=0)
    model = Cnn(filters=[4], units=8, dropout=dropout)
    history = model.fit(ToyExamples(), ToyExamples(4, seed=1) if validation else None, run)
    return model, history, run.notes


STOPPING = {"patience": 2, "min_delta": 10.0}


def test_a_stage_ends_when_validation_gets_no_better_and_the_best_weights_stay() -> None:
    model, history, notes = fitted(epochs=20, early_stopping=STOPPING)
    assert [row["epoch"] for row in history] == [1, 2, 3]
    assert notes == [
        "Stage train was stopped early after epoch 3 (val_loss); the weights of epoch 1 are kept."
    ]
    one_epoch, _, _ = fitted(epochs=1)
    examples = ToyExamples(4, seed=2)
    np.testing.assert_array_equal(model.predict(examples), one_epoch.predict(examples))


def test_without_restoring_the_last_weights_stay() -> None:
    model, _, notes = fitted(
        epochs=20, early_stopping={**STOPPING, "metric": "accuracy", "restore_best": False}
    )
    assert notes == [
        "Stage train was stopped early after epoch 3 (val_sparse_categorical_accuracy); epoch 1 was the best."
    ]
    three_epochs, _, _ = fitted(epochs=3)
    examples = ToyExamples(4, seed=2)
    np.testing.assert_array_equal(model.predict(examples), three_epochs.predict(examples))


def test_each_stage_is_stopped_by_itself() -> None:
    seen: list[tuple[str, int, int]] = []
    run = TrainingRun(
        TrainingSettings(epochs=5, batch_size=8, early_stopping={"patience": 1, "min_delta": 10.0}),
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
    policy: str, tmp_path
) -> None:
    import keras

    before, _, _ = fitted()
    mixed, history, _ = fitted(precision=policy)
    after, _, _ = fitted()
    examples = ToyExamples(4, seed=2)
    assert {layer.compute_dtype for layer in mixed.network.layers[:3]} == {policy.removeprefix("mixed_")}
    assert np.isfinite([row["loss"] for row in history]).all()
    np.testing.assert_allclose(mixed.predict(examples).sum(axis=1), 1, atol=1e-5)
    assert not np.array_equal(mixed.predict(examples), before.predict(examples))
    assert keras.config.dtype_policy().name == "float32"
    np.testing.assert_array_equal(before.predict(examples), after.predict(examples))
    mixed.save(tmp_path)
    np.testing.assert_array_equal(
        type(mixed).load(tmp_path, **mixed.parameters).predict(examples), mixed.predict(examples)
    )


def test_steps_are_compiled_where_the_suite_says_so() -> None:
    assert fitted(jit="on", epochs=1)[0]._whole.jit_compile is True
    assert fitted(jit="off", epochs=1)[0]._whole.jit_compile is False


def test_compiled_steps_compute_the_same() -> None:
    examples = ToyExamples(4, seed=2)
    # XLA draws other dropout masks than TensorFlow by itself.
    plain, compiled = (fitted(dropout=0.0, jit=jit)[0].predict(examples) for jit in ("off", "on"))
    np.testing.assert_allclose(plain, compiled, atol=1e-4)


def test_deterministic_training_repeats_and_the_next_training_is_as_it_was() -> None:
    config = pytest.importorskip("tensorflow.python.framework.config")
    enabled = config.is_op_determinism_enabled

    examples = ToyExamples(4, seed=2)
    before = fitted()[0].predict(examples)
    first = fitted(deterministic=True)[0].predict(examples)
    assert enabled()
    second = fitted(deterministic=True)[0].predict(examples)
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(fitted()[0].predict(examples), before)
    assert not enabled()


def test_what_backends_read_when_they_start_is_added_to_what_the_user_set() -> None:
    environment = {"XLA_FLAGS": "--xla_dump_to=x"}
    allow_determinism(environment)
    allow_determinism(environment)
    assert environment == {"XLA_FLAGS": f"--xla_dump_to=x {XLA_FLAG}", "CUBLAS_WORKSPACE_CONFIG": ":4096:8"}
