from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import textwrap
import weakref
from pathlib import Path

import numpy as np
import pytest
from programs import NAMED_AND_DRAWN, SUPPORT, said_by
from toy import ToyExamples, fitted

from benchmark.exceptions import CellTimeoutError, PluginError
from benchmark.plugin.training_run import TrainingRun
from benchmark.settings import TrainingSettings

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def first():
    """Return what ``fitted`` does, once for tests that only read it."""
    return fitted()


def test_a_network_learns_the_toy_and_reports_each_epoch() -> None:
    seen: list[tuple[str, int, int]] = []
    from bench_models import Cnn

    run = TrainingRun(
        TrainingSettings(epochs=12, batch_size=8, learning_rate=0.01),
        seed=3,
        listener=lambda stage, epoch, epochs, logs: seen.append((stage, epoch, epochs)),
    )
    model = Cnn(filters=[4, 8], units=16, dropout=0.0)
    history = model.fit(ToyExamples(), ToyExamples(4, seed=1), run)
    assert seen == [("train", n, 12) for n in range(1, 13)]
    assert [row["epoch"] for row in history] == list(range(1, 13))
    assert {"loss", "accuracy", "val_loss", "val_accuracy", "stage"} <= set(history[0])
    held_out = ToyExamples(6, seed=2)
    probabilities = model.predict(held_out)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert (probabilities.argmax(axis=1) == held_out.labels).mean() > 0.9


def test_a_build_that_forgets_to_return_its_network_is_told_so() -> None:
    from benchmark import KerasModel

    class Forgetful(KerasModel):
        """Returns nothing."""

        name = "forgetful"

        def build(self, input_shape, num_classes):
            pass

    with pytest.raises(PluginError, match="'forgetful'.*: build gave NoneType and no network: return one"):
        Forgetful().fit(ToyExamples(), None, TrainingRun(TrainingSettings(), seed=0))


def test_each_epoch_sees_every_item_once_in_an_order_of_its_own() -> None:
    from benchmark.training.batches import Batches

    examples = ToyExamples()
    orders = []
    batches = Batches(examples, 8, seed=5, shuffled=True, one_hot=False)
    for epoch in range(3):
        batches.epoch = epoch
        labels = np.concatenate([batches[index][1] for index in range(len(batches))])
        assert sorted(labels.tolist()) == sorted(examples.labels.tolist())
        orders.append(labels.tolist())
    batches.close()
    assert orders[0] != orders[1]
    served = {row for row in examples.gathered if row[0] == 0}
    assert sorted(index for row in served for index in row[1:]) == list(range(len(examples)))


def test_keras_asks_for_the_batches_of_the_epoch_it_is_in(first) -> None:
    _, _, train = first
    for epoch in range(2):
        indices = {index for row in train.gathered if row[0] == epoch for index in row[1:]}
        assert indices == set(range(len(train)))


def test_the_same_seed_gives_the_same_weights_and_another_seed_does_not(first) -> None:
    model, history, train = first
    again, history_again, _ = fitted()
    other, _, _ = fitted(seed=1)
    assert history == history_again
    np.testing.assert_array_equal(model.predict(train), again.predict(train))
    assert not np.array_equal(model.predict(train), other.predict(train))


def test_every_process_gives_the_same_predictions_and_keras_draws_alike_in_its_first_and_next_cell(
    tmp_path: Path,
) -> None:
    # This process may compute with another number of threads by now: other tests have trained in it.
    code = textwrap.dedent(f"""
        import gc, json, sys
        # It would look for garbage in what is imported.
        gc.disable()
        sys.path.insert(0, {SUPPORT!r})
        from toy import fitted
        model, _, train = fitted()
        print("RESULT" + json.dumps([hash("text"), model.predict(train).tolist()]))
    """)
    # To import TensorFlow takes longer than all else here: one new process serves two purposes.
    (tmp_path / "keras.json").write_text(json.dumps({"backend": "tensorflow"}))
    environment = {key: value for key, value in os.environ.items() if key != "KERAS_BACKEND"}
    new = subprocess.run(
        [sys.executable, "-c", NAMED_AND_DRAWN + code],
        capture_output=True,
        text=True,
        env={**environment, "PYTHONHASHSEED": "7", "KERAS_HOME": str(tmp_path)},
        check=True,
        timeout=300,
    ).stdout
    assert new.partition("RESULT")[0].split() == ["BACKEND", "tensorflow", "tensorflow", "True"]
    one, other = (json.loads(said.partition("RESULT")[2]) for said in (new, said_by(code, tmp_path)))
    assert one[0] != other[0], "sets of texts have another order in each"
    assert len(one[1]) == 36
    assert one[1] == other[1]


def test_a_stored_network_predicts_as_before(tmp_path: Path, first) -> None:
    model, _, train = first
    expected = model.predict(train)
    model.save(tmp_path)
    restored = type(model).load(tmp_path, **model.parameters)
    np.testing.assert_array_equal(restored.predict(train), expected)


def test_a_cell_that_is_out_of_time_stops_at_the_next_batch() -> None:
    from bench_models import Cnn

    run = TrainingRun(TrainingSettings(epochs=1000, batch_size=8), seed=0, seconds=0.0)
    with pytest.raises(CellTimeoutError, match=r"longer than the 0 s"):
        Cnn(filters=[4], units=4).fit(ToyExamples(), None, run)


@pytest.mark.parametrize(
    "loss", ["categorical_crossentropy", "categorical_focal_crossentropy", "kl_divergence"]
)
def test_losses_on_one_hot_labels_train_and_report_accuracy(loss: str) -> None:
    _, history, _ = fitted(loss=loss, epochs=1)
    assert 0 <= history[-1]["val_accuracy"] <= 1
    assert np.isfinite(history[-1]["loss"])


def test_a_closed_model_holds_no_weights() -> None:
    model, *_ = fitted(epochs=1)
    weight = weakref.ref(model.network.trainable_weights[0])
    model.close()
    assert model.network is None
    gc.collect()
    assert weight() is None
