"""What a model is told while it trains: settings, seed, time limit, and whom to tell about progress."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.clock import awake_seconds
from benchmark.exceptions import CellTimeoutError
from benchmark.settings import TrainingSettings

if TYPE_CHECKING:
    from benchmark.checkpoints import Checkpoints
    from benchmark.plugin.augmentation import Augmentation

Listener = Callable[[str, int, int, Mapping[str, float]], None]


def _nobody(stage: str, epoch: int, epochs: int, logs: Mapping[str, float]) -> None:
    """Take no notice."""


@dataclass(frozen=True)
class TrainingRun:
    """One training.

    Attributes:
        settings: epochs, batch size, optimizer, ….
        seed: of the cell; every random choice in training derives from it.
        batch_augmentations: applied to each training batch, in order.
        listener: told (stage, epoch from 1, epochs, logs) after each epoch.
        seconds: the time that the cell may take, or None.
        cache: where what several trainings share may be kept, or None.
        recipe: text that is equal for equal augmentations; where some are drawn in each epoch and it is empty, no
            stage is shared.
        code: text that changes with the model's code; what several trainings share is kept by it.
        reused: stages that were taken from earlier trainings, and the seconds that these took.
        classes: their names, in the order of labels; empty where nobody said.
        checkpoints: where a model may leave what it needs to go on after a kill, and finds what it left; None where
            that is not asked for.
        networks: the network that this process trained last, for ``KerasModel``; None where each is traced anew.
        notes: what people should know of this training beside its history; they stand in the result's provenance.
    """

    settings: TrainingSettings
    seed: int
    batch_augmentations: tuple[Augmentation, ...] = ()
    listener: Listener = _nobody
    seconds: float | None = None
    cache: Path | None = None
    started: float = field(default_factory=awake_seconds)
    recipe: str = ""
    code: str = ""
    reused: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    classes: tuple[str, ...] = ()
    checkpoints: Checkpoints | None = None
    networks: Any = None

    def note(self, text: str) -> None:
        """Add to ``notes``."""
        self.notes.append(text)

    def epoch_finished(self, stage: str, epoch: int, epochs: int, logs: Mapping[str, float]) -> None:
        """Pass on progress, and stop when time is up."""
        self.listener(stage, epoch, epochs, logs)
        self.check_time()

    def check_time(self) -> None:
        """Raise ``CellTimeoutError`` when the cell has used up its time."""
        if self.seconds is not None and awake_seconds() - self.started > self.seconds:
            raise CellTimeoutError(f"The cell took longer than the {self.seconds:g} s it was given.")
