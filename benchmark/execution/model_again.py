"""A finished cell's model once more: the one that was kept, or trained again; and whether it answers as it did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from benchmark.data.assemble import assemble
from benchmark.data.corpora import kept_corpora
from benchmark.data.corrupted import evaluation_set
from benchmark.exceptions import ResultsError
from benchmark.execution.failure import close_model
from benchmark.execution.train import trained
from benchmark.isolation import isolated
from benchmark.plugin.border import calling
from benchmark.randomness import derive_seed
from benchmark.results.folder import MODEL
from benchmark.results.predictions import load_predictions
from benchmark.training.evaluate import predicted

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.data.assemble import CellItems
    from benchmark.execution.corrupted import CorruptedTask
    from benchmark.plugin.model import Model
    from benchmark.plugin.registry import Registry
    from benchmark.record import CellRecord
    from benchmark.results.corrupted import How

# A network that is trained again on other cores rounds otherwise; an answer that changes is another model's.
TOLERANCE = 0.001


@contextmanager
def model_of(task: CorruptedTask, registry: Registry) -> Iterator[tuple[Model, How]]:
    """Yield the cell's model, kept or trained again, and which of these it is."""
    if not task.has_model:
        data = assemble(task.spec, registry, kept_corpora(registry, task.locations), task.locations.cache)
        with trained(
            task.id, task.spec, registry, data, task.locations.cache, seconds=task.seconds, listener=_quiet
        ) as done:
            yield done.model, "trained again"
        return
    component: Any = registry.offer("model", task.spec.model.name).component
    with isolated(derive_seed("cell", task.spec.seed)):
        for library in component.libraries:
            import_module(library)
        with calling(component, "load"):
            model = component.load(task.folder / MODEL, **task.spec.model.parameters)
        try:
            yield model, "kept"
        finally:
            close_model(model, task.id)


def _quiet(stage: str, epoch: int, epochs: int, logs: Mapping[str, float]) -> None:
    """Tell nobody: the cell is done, and its epochs were told then."""


def checked_answers(
    model: Model, task: CorruptedTask, record: CellRecord, items: CellItems, registry: Registry
) -> float:
    """Return by how much a model's probabilities on clean sets differ from those of its cell, at most.

    Raises:
        ResultsError: when it is by so much that the model is another one.
    """
    stored = load_predictions(task.folder, record.classes)
    wanted = {corrupted.evaluation.label for corrupted in task.spec.corrupted}
    most = 0.0
    for part in items.evaluations:
        if part.name not in wanted:
            continue
        before = stored.get(part.key) or stored.get(part.name)
        if before is None:
            raise ResultsError(f"the cell has no predictions of {part.name}; run it again with --force.")
        clean = evaluation_set(part, items.classes, task.spec, registry, task.locations.cache)
        frame, _, _ = predicted(model, clean, items.classes)
        most = max(most, _difference(frame, before, part.name))
    return most


def _difference(frame: pd.DataFrame, before: Any, name: str) -> float:
    import numpy as np

    frame = frame.sort_values("track", kind="stable")
    values = frame.filter(regex="^p:").to_numpy()
    if frame["track"].tolist() != before.tracks.tolist():
        raise ResultsError(f"{name} has other tracks than when the cell was run; run it again with --force.")
    most = float(np.abs(values - before.probabilities).max(initial=0))
    changed = int((values.argmax(axis=1) != before.probabilities.argmax(axis=1)).sum())
    if changed or most > TOLERANCE:
        raise ResultsError(
            f"the model gives other answers on {name} than those that are filed ({changed} of {len(values)} answers, "
            f"probabilities by up to {most:.2g}), so that its answers on corrupted tracks would be another model's. "
            "Run the cell again with --force; --keep-models keeps its model for the next corruption."
        )
    return most
