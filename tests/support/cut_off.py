"""Trainings that are cut off and go on, whatever library their networks are made with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from toy import ToyExamples

from benchmark import Augmentation, KerasModel, Model
from benchmark.checkpoints import CheckpointPlace, Checkpoints
from benchmark.plugin.training_run import TrainingRun
from benchmark.settings import TrainingSettings
from benchmark.training.traced import Traced, TracedNetworks

EPOCHS = 3


class CutOffError(Exception):
    pass


class Mixed(Augmentation):
    """Adds noise that is drawn for each batch."""

    name = "mixed"

    def apply_batch(self, inputs: Any, targets: Any, rng: np.random.Generator) -> Any:
        return inputs + rng.normal(0, 0.05, inputs.shape).astype(np.float32), targets


class TakenAgain(TracedNetworks):
    """Gives the network of a training that was cut off to the next one, which need not trace it once more.

    All values in it are set to those of one that was built just now, as for a cell after another.
    """

    def take(self, network: Any, whole: Any, how: str) -> Traced:
        self.taken = super().take(network, whole, how)
        return self.taken


@dataclass
class Trained:
    """What a training came to: its history, its notes, what it says; and the epochs that it told of, in all its parts."""

    history: list[Any]
    notes: list[str]
    answers: np.ndarray
    parts: int = 1
    told: list[tuple[str, int, int]] = field(default_factory=list)


def train(
    model: Model, data: tuple[Any, Any, Any], file: Path, cut: Iterator[int], **settings: Any
) -> Trained:
    """Train, cut off after so many epochs again and again, until ``cut`` has no more."""
    augmented = settings.pop("augmented", False)
    training, validation, asked = data
    run_settings = TrainingSettings(**{"batch_size": 8, "learning_rate": 0.01, "epochs": EPOCHS, **settings})
    parts, networks = 0, TakenAgain()
    while True:
        limit, told = next(cut, None), []
        checkpoints = Checkpoints(CheckpointPlace(file, {"id": "toy"}, every=0.0))

        def listen(stage: str, epoch: int, epochs: int, logs: Any) -> None:
            told.append((stage, epoch, epochs))  # noqa: B023
            # What was trained before is told again at once, before there are weights to be trained.
            if limit is not None and len(told) > limit:  # noqa: B023
                raise CutOffError

        run = TrainingRun(
            run_settings, 3, batch_augmentations=(Mixed(),) if augmented else (), listener=listen,
            cache=file.parent / f"cache-{parts}", checkpoints=checkpoints, networks=networks,
        )  # fmt: skip
        parts += 1
        try:
            history = model.fit(training, validation, run)
        except CutOffError:
            if isinstance(model, KerasModel):
                networks.give_back(networks.taken)
            continue
        return Trained(history, run.notes, model.predict(asked), parts, told)


def toys() -> tuple[Any, Any, Any]:
    return ToyExamples(8, size=12), ToyExamples(3, seed=1, size=12), ToyExamples(3, seed=2, size=12)


def check_cut_off_after_each_epoch(
    model: Callable[[], Model],
    data: Callable[[], Any],
    folder: Path,
    stages: int = 2,
    first: int = 0,
    **settings: Any,
) -> None:
    """Compare a training that nobody disturbs with one that is cut off as often as it can be.

    At first that is after so many epochs: with 0 in its first one, before there is a checkpoint.
    """
    whole = train(model(), data(), folder / "whole" / "c.npz", iter(()), **settings)
    epochs = len(whole.history)
    assert len({epoch["stage"] for epoch in whole.history}) == stages
    assert epochs > stages
    # Then after one more each time.
    cut = train(model(), data(), folder / "cut" / "c.npz", iter(range(first, epochs)), **settings)
    assert cut.parts == epochs + 1 - first
    assert cut.history == whole.history
    assert cut.notes == whole.notes
    assert cut.told == whole.told
    np.testing.assert_array_equal(cut.answers, whole.answers)
