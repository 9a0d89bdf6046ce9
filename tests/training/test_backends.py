from __future__ import annotations

import json
import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from programs import SUPPORT, said_by
from toy import ToyExamples

from benchmark.backend import BACKENDS

pytestmark = pytest.mark.slow

HERE = [name for name in BACKENDS if find_spec(name)]
PROGRAM = f"""
import gc, sys
from pathlib import Path
# It would look for garbage in what is imported.
gc.disable()
sys.path.insert(0, {SUPPORT!r})
import train_toy
train_toy.main(Path.cwd())
"""


@dataclass
class Trained:
    folder: Path

    @property
    def history(self) -> list[dict]:
        return json.loads((self.folder / "history.json").read_text())

    @property
    def predictions(self) -> np.ndarray:
        return np.load(self.folder / "predictions.npy")

    @property
    def imported(self) -> list[str]:
        return json.loads((self.folder / "backends.json").read_text())


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Trained]:
    """Return the same cell trained on each backend that is installed, others than this process's in one of their own."""
    if len(HERE) < 2:
        pytest.skip("only one backend is installed")
    import keras
    import train_toy

    # To optimise what JAX compiles takes longer than to run it.
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_backend_optimization_level=0".strip()
    by_backend = {}
    for name in HERE:
        folder = tmp_path_factory.mktemp(name)
        if name == keras.backend.backend():
            train_toy.main(folder)
        else:
            environment = {**os.environ, "KERAS_BACKEND": name, "XLA_FLAGS": flags}
            said_by(PROGRAM, folder, libraries=(), environment=environment)
        by_backend[name] = Trained(folder)
    return by_backend


def test_backends_agree_on_losses_accuracies_and_predictions(trained: dict[str, Trained]) -> None:
    first, *others = trained.values()
    assert first.history[-1]["loss"] < 0.7 * first.history[0]["loss"]
    for other in others:
        for ours, theirs in zip(first.history, other.history, strict=True):
            assert ours.keys() == theirs.keys()
            for name in ("loss", "val_loss"):
                assert ours[name] == pytest.approx(theirs[name], rel=2e-3), (name, ours["epoch"])
            assert ours["val_accuracy"] == pytest.approx(theirs["val_accuracy"], abs=0.09)
        np.testing.assert_allclose(first.predictions, other.predictions, atol=5e-3)


def test_a_model_that_one_backend_trained_predicts_the_same_on_another(trained: dict[str, Trained]) -> None:
    from train_toy import Toy

    for other in trained.values():
        answers = Toy.load(other.folder).predict(ToyExamples(6, seed=2))
        np.testing.assert_allclose(answers, other.predictions, atol=1e-5)


def test_jax_does_without_tensorflow_where_that_is_installed_too(trained: dict[str, Trained]) -> None:
    import keras

    # In this process another test may well have imported it.
    if "jax" not in trained or keras.backend.backend() == "jax":
        pytest.skip("JAX has no process of its own here")
    assert "tensorflow" not in trained["jax"].imported
