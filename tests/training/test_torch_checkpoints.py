"""A training of a PyTorch module that is cut off after any epoch goes on and comes to what it would have come to."""

from __future__ import annotations

import random
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cut_off import check_cut_off_after_each_epoch, toys, train

from benchmark import Stage, TorchModel, TrainingRun, TrainingSettings
from benchmark.checkpoints import CheckpointPlace, Checkpoints

pytestmark = pytest.mark.skipif(
    not (find_spec("torch") and find_spec("safetensors")),
    reason="PyTorch is not installed: pip install genrebench[torch], or tox run -e torch",
)
STOPPING = {"metric": "loss", "patience": 1, "min_delta": 0.0, "restore_best": True}


class Drawing(TorchModel):
    """Draws from all global generators, keeps numbers that NumPy has not, and is frozen in its first stage."""

    name = "drawing-torch"
    width = 4

    def build(self, input_shape, num_classes):
        import torch
        from torch import nn

        class Noisy(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.register_buffer("seen", torch.zeros(3, dtype=torch.bfloat16))
                self.register_buffer("drift", torch.zeros(()), persistent=False)

            def forward(self, inputs):
                if not self.training:
                    return inputs + self.drift + self.seen.float().mean() / 100
                self.seen += 0.5
                self.drift += random.random() / 100 + np.random.normal() / 100
                return inputs + 0.1 * torch.randn_like(inputs)

        return nn.Sequential(
            Noisy(),
            nn.Conv2d(input_shape[0], self.width, 3, stride=2),
            nn.BatchNorm2d(self.width),
            nn.Flatten(),
            nn.Dropout(0.4),
            nn.LazyLinear(num_classes),
        )

    def training_stages(self, settings):
        def freeze(network) -> None:
            network[:3].requires_grad_(False)

        def melt(network) -> None:
            network.requires_grad_(True)

        return [
            Stage("head", settings.epochs, settings.learning_rate, freeze, "2"),
            Stage("all", settings.epochs, settings.learning_rate, melt),
        ]


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {"early_stopping": STOPPING, "learning_rate": 0.05},
        {"augmented": True, "schedule": "cosine", "warmup": 1, "weight_decay": 0.01},
        {"gradient_accumulation": 2, "optimizer": "adamw", "precision": "mixed_float16", "clip_norm": 0.1},
        {"gradient_accumulation": 2, "optimizer": "sgd", "precision": "mixed_bfloat16"},
        {"optimizer": "rmsprop", "class_weights": "balanced", "deterministic": True},
    ],
)
def test_a_training_that_is_cut_off_after_each_epoch_comes_to_the_same(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
    check_cut_off_after_each_epoch(Drawing, toys, tmp_path, **settings)


def test_a_checkpoint_changes_nothing_of_a_training(tmp_path: Path) -> None:
    examples, model = toys(), Drawing()
    settings = TrainingSettings(batch_size=8, epochs=2, learning_rate=0.01)
    without = model.fit(examples[0], examples[1], TrainingRun(settings, 3))
    watched = train(Drawing(), examples, tmp_path / "c.npz", iter(()), epochs=2)
    assert watched.history == without
    np.testing.assert_array_equal(watched.answers, model.predict(examples[2]))


def test_a_checkpoint_of_another_module_is_not_used(tmp_path: Path) -> None:
    class Wider(Drawing):
        """Has more filters."""

        width = 8

    whole = train(Drawing(), toys(), tmp_path / "whole.npz", iter(()), epochs=1)
    train(Wider(), toys(), tmp_path / "c.npz", iter(()), epochs=1)
    again = train(Drawing(), toys(), tmp_path / "c.npz", iter(()), epochs=1)
    assert again.history == whole.history
    assert again.told == whole.told
    np.testing.assert_array_equal(again.answers, whole.answers)


def test_a_checkpoint_of_another_kind_of_device_is_not_used(tmp_path: Path) -> None:
    file = tmp_path / "c.npz"
    whole = train(Drawing(), toys(), file, iter(()), epochs=1)
    place = CheckpointPlace(file, {"id": "toy"}, every=0.0)
    left = Checkpoints(place).load()
    assert left is not None
    Checkpoints(place).save(left.arrays, {**left.facts, "device": "a GPU", "notes": ["of a GPU"]})
    assert train(Drawing(), toys(), file, iter(()), epochs=1).notes == whole.notes


def test_a_module_that_keeps_more_than_weights_leaves_no_checkpoint(tmp_path: Path) -> None:
    class Stubborn(Drawing):
        """Says so."""

        resumable = False

    class Extra(Drawing):
        """Has a layer with a state of its own kind."""

        def build(self, input_shape, num_classes):
            from torch import nn

            class Counting(nn.Module):
                calls = 0

                def forward(self, inputs):
                    self.calls += 1
                    return inputs

                def get_extra_state(self):
                    return self.calls

                def set_extra_state(self, state) -> None:
                    self.calls = state

            return nn.Sequential(*super().build(input_shape, num_classes), Counting())

    for model in (Stubborn(), Extra()):
        train(model, toys(), tmp_path / "c.npz", iter(()), epochs=1)
        assert not (tmp_path / "c.npz").exists()
