"""Train what a specification says and evaluate it: for cells and for trials, so that these differ in nothing else."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.checkpoints import CheckpointPlace, Checkpoints
from benchmark.execution.failure import close_model
from benchmark.garbage import import_to_stay
from benchmark.isolation import isolated
from benchmark.plugin.border import calling
from benchmark.plugin.training_run import Listener, TrainingRun
from benchmark.randomness import derive_seed
from benchmark.suite.cell import CellSpec, canonical_json
from benchmark.suite.identity import recipe_identity
from benchmark.training.devices import backend_provenance
from benchmark.training.energy import Energy, energy_meter
from benchmark.training.evaluate import evaluate
from benchmark.training.memory import memory_explained
from benchmark.training.traced import TracedNetworks

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.data.assemble import CellData
    from benchmark.plugin.model import Epoch, Model
    from benchmark.plugin.registry import Registry

# Of this process: cells that are alike and follow one another trace their network once.
_NETWORKS = TracedNetworks()


@dataclass(frozen=True)
class Trained:
    """A fitted model, what it was trained on, and what it says of held-out tracks.

    Durations are in seconds; that of training has all its parts, if it went on from a checkpoint.
    """

    model: Model
    data: CellData
    run: TrainingRun
    history: list[Epoch]
    predictions: pd.DataFrame
    metrics: dict[str, dict[str, float]]
    energy: Energy
    training_seconds: float
    evaluation_seconds: float


@contextmanager
def trained(
    key: str,
    spec: CellSpec,
    registry: Registry,
    data: CellData,
    cache: Path,
    *,
    seconds: float | None,
    listener: Listener,
    metered: bool = False,
    checkpoint: CheckpointPlace | None = None,
) -> Iterator[Trained]:
    """Train and evaluate; the model is closed when the block ends, and until then global random numbers are its own.

    Args:
        key: how people call the cell or trial.
        spec: what to train.
        registry: where components come from.
        data: what is trained and evaluated on, which ``assemble`` gave.
        cache: where what networks share is kept.
        seconds: the time limit, or None.
        listener: gets the epochs.
        metered: whether the energy of fitting is watched.
        checkpoint: where the training leaves what it goes on from after a kill, or None.

    Raises:
        BenchError: of many kinds; and whatever plugins raise.
    """
    metrics = {metric.label: metric.create(registry) for metric in spec.metrics}
    with isolated(derive_seed("cell", spec.seed)):
        model = spec.model.create(registry)
        try:
            import_to_stay(model.libraries)
            run = TrainingRun(
                spec.training,
                spec.seed,
                batch_augmentations=data.batch_augmentations,
                listener=listener,
                seconds=seconds,
                cache=cache,
                recipe=canonical_json(recipe_identity(spec.augmentation)),
                code=spec.model.code,
                classes=data.classes,
                checkpoints=None if checkpoint is None else Checkpoints(checkpoint, _computed_with(model)),
                networks=_NETWORKS,
            )
            with energy_meter() if metered else nullcontext(Energy()) as energy:
                started = time.monotonic()
                with calling(model, "fit"), memory_explained(spec.training, in_batches=model.uses_training):
                    history = model.fit(data.train, data.validation, run)
                fitted = time.monotonic()
            run.check_time()
            with memory_explained(spec.training, in_batches=False):
                predictions, values = evaluate(model, data, metrics)
            ended = time.monotonic()
            before = run.checkpoints.seconds_before if run.checkpoints is not None else 0.0
            took = before + fitted - started, ended - fitted
            yield Trained(model, data, run, history, predictions, values, energy, *took)
        finally:
            close_model(model, key)


def _computed_with(model: Model) -> dict[str, Any]:
    """Return what numbers hang on that is only known where a model is trained."""
    return backend_provenance() if "keras" in model.libraries else {}
