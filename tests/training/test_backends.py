from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from toy import ToyExamples

pytestmark = pytest.mark.slow

BACKENDS = [name for name in ("tensorflow", "jax", "torch") if find_spec(name)]


@dataclass
class Trained:
    folder: Path

    @property
    def history(self) -> list[dict]:
        return json.loads((self.folder / "history.json").read_text())

    @property
    def predictions(self) -> np.ndarray:
        return np.load(self.folder / "predictions.npy")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Trained]:
    """Return the same cell trained on each backend that is installed, each in a process of its own."""
    found = {}
    for name in BACKENDS:
        folder = tmp_path_factory.mktemp(name)
        subprocess.run(
            [sys.executable, str(Path(__file__).with_name("train_toy.py")), str(folder)],
            env={**os.environ, "KERAS_BACKEND": name, "TF_CPP_MIN_LOG_LEVEL": "3"},
            capture_output=True, check=True, timeout=300,
        )  # fmt: skip
        found[name] = Trained(folder)
    if len(found) < 2:
        pytest.skip("only one backend is installed")
    return found


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
        found = Toy.load(other.folder).predict(ToyExamples(6, seed=2))
        np.testing.assert_allclose(found, other.predictions, atol=1e-5)
