"""Where a training is among its stages and epochs, and how it goes on from there, whatever library it is made with."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from benchmark.checkpoints import Checkpoint
from benchmark.training.random_state import put_back_random, random_arrays, random_facts

if TYPE_CHECKING:
    from benchmark.plugin.model import Epoch
    from benchmark.plugin.training_run import TrainingRun
    from benchmark.training.stages import Stage

_Result = TypeVar("_Result")


class UnusableCheckpointError(Exception):
    """A checkpoint does not fit the network that was built; never leaves the training of networks."""


@dataclass(frozen=True)
class Position:
    """Where a training is: the number of its stage, what was there when that began, and what it is kept under.

    ``epochs`` and ``notes`` count those of earlier stages; ``seconds`` is how long it was trained before ``since``.
    """

    stage: int = 0
    epochs: int = 0
    notes: int = 0
    key: str | None = None
    seconds: float = 0.0
    since: float = field(default_factory=time.monotonic)

    @classmethod
    def of(cls, left: Checkpoint) -> Position:
        """Return what a checkpoint says of it."""
        return cls(**left.facts["position"])

    def spent(self) -> float:
        """Return how long it has been trained, in seconds."""
        return self.seconds + time.monotonic() - self.since

    def facts(self) -> dict[str, Any]:
        """Return what a checkpoint says of it."""
        known = {name: value for name, value in asdict(self).items() if name != "since"}
        return {"position": {**known, "seconds": self.spent()}}


def going_on(fit: Callable[[TrainingRun], _Result], run: TrainingRun, *, resumable: bool) -> _Result:
    """Train by ``fit``, which goes on from the run's checkpoint; from the beginning where that is of no use.

    ``resumable`` is whether checkpoints are left at all.
    """
    if not resumable or run.checkpoints is None:
        return fit(replace(run, checkpoints=None))
    begun = Checkpoint(random_arrays(), random_facts())
    try:
        return fit(run)
    except UnusableCheckpointError:
        put_back_random(begun)
        run.checkpoints.restart()
        run.notes.clear()
        run.reused.clear()
        return fit(run)


def history_facts(history: Sequence[Epoch], run: TrainingRun, *, ended: bool) -> dict[str, Any]:
    """Return what a checkpoint says of what was told; ``ended`` is whether the epoch was the last of its stage."""
    return {"ended": ended, "history": history, "notes": run.notes, "reused": run.reused}


def tell_again(left: Checkpoint, stages: Sequence[Stage], history: list[Epoch], run: TrainingRun) -> None:
    """Take up what was noted, and tell of the epochs as if they were trained now.

    Raises:
        UnusableCheckpointError: when the stages are others.
    """
    by_name = {stage.name: stage for stage in stages}
    epochs: list[Epoch] = left.facts["history"]
    if not {epoch["stage"] for epoch in epochs} <= by_name.keys():
        raise UnusableCheckpointError
    before: Counter[str] = Counter()
    for epoch in epochs:
        stage = by_name[str(epoch["stage"])]
        before[stage.name] += 1
        tell(stage, before[stage.name], epoch, history, run)
    run.notes.extend(left.facts["notes"])
    run.reused.update(left.facts["reused"])


def tell(stage: Stage, number: int, epoch: Epoch, history: list[Epoch], run: TrainingRun) -> None:
    """Add an epoch, which is the stage's ``number``-th from 1, to the history, and tell of it."""
    history.append(epoch)
    logs = {name: float(value) for name, value in epoch.items() if name not in ("stage", "epoch")}
    run.epoch_finished(stage.name, number, stage.epochs, logs)
