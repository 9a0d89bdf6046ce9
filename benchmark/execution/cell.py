"""Run one cell: assemble its data, train, evaluate, and file the result. Never raises for the cell's own sake."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.checkpoints import CheckpointPlace
from benchmark.data.assemble import assemble
from benchmark.data.corpora import kept_corpora
from benchmark.exceptions import CacheError, CellTimeoutError, Interrupted, ResultsError
from benchmark.execution.corrupted import evaluate_in_memory
from benchmark.execution.events import CellStarted, EpochFinished, emit
from benchmark.execution.failure import cell_error
from benchmark.execution.left import checkpoint_place
from benchmark.execution.train import Trained, trained
from benchmark.locations import Locations
from benchmark.plugin.border import calling
from benchmark.plugin.manager import load_registry
from benchmark.record import CellRecord
from benchmark.results.store import ResultsStore
from benchmark.suite.cell import CellSpec
from benchmark.suite.identity import Identifier, check_revisions
from benchmark.training.cost import cost_of
from benchmark.training.devices import backend_provenance
from benchmark.training.energy import Energy
from benchmark.training.evaluate import validation_predictions

if TYPE_CHECKING:
    from benchmark.plugin.benchfile import Benchfile


@dataclass(frozen=True)
class CellTask:
    """Everything that a worker needs to run a cell and file its result.

    ``seconds`` is the time limit or None; ``marks`` is what outputs must say of the result; ``tuning`` is how a study
    chose some of its values; ``audit`` is what a record keeps of its split's audit; ``unmade`` says which features of
    its kind could not be computed, and why; ``claim`` is the claim under which the result is filed.
    ``checkpoint_every`` is after how many seconds its training leaves a checkpoint (None: as often as costs little).
    """

    id: str
    suite: str
    labels: Mapping[str, str]
    canonical: Mapping[str, Any]
    spec: CellSpec
    locations: Locations
    benchfile: Benchfile | None
    marks: tuple[str, ...]
    provenance: Mapping[str, Any]
    seconds: float | None = None
    keep_model: bool = False
    tuning: Mapping[str, Any] = field(default_factory=dict)
    audit: Mapping[str, Any] = field(default_factory=dict)
    unmade: str = ""
    claim: Path | None = None
    checkpoint_every: float | None = None

    def checkpoint(self) -> CheckpointPlace | None:
        """Return where its training leaves a checkpoint, or None if it is to leave none."""
        folder = ResultsStore(self.locations.results, self.suite).folder
        return checkpoint_place(folder, self.id, self.provenance, self.checkpoint_every)

    def record(self, status: Any, **details: Any) -> CellRecord:
        """Return a record of this cell."""
        return CellRecord(
            id=self.id,
            suite=self.suite,
            labels=dict(self.labels),
            spec=dict(self.canonical),
            status=status,
            marks=list(self.marks),
            provenance=dict(self.provenance),
            tuning=dict(self.tuning),
            audit=dict(self.audit),
            **details,
        )


def run_cell(task: CellTask) -> CellRecord:
    """Run a cell and write its folder; a failure of the cell is recorded, with its error, like any result.

    Raises:
        ResultsError: when the result cannot be written.
    """
    emit(CellStarted(task.id, process_name()))
    started = time.monotonic()
    store = ResultsStore(task.locations.results, task.suite)
    try:
        return _run(task, store, started)
    except (ResultsError, Interrupted):
        raise
    # Plugins may end the program, or have a generator ended; that too is how their cell ended.
    except BaseException as error:
        status = "timed out" if isinstance(error, CellTimeoutError) else "failed"
        record = task.record(
            status,
            error=cell_error(error),
            seconds={"total": time.monotonic() - started},
            peak_memory_mb=_peak_memory_mb(),
        )
        store.write(record, predictions=None, history=[], metrics=None, claim=task.claim)
        # With more time it may go on from there.
        if status == "failed":
            _forget(task)
        return record


def _forget(task: CellTask) -> None:
    place = task.checkpoint()
    if place is not None:
        place.remove()


def _run(task: CellTask, store: ResultsStore, started: float) -> CellRecord:
    registry = load_registry(task.benchfile)
    corpus_of = kept_corpora(registry, task.locations)
    check_revisions(
        task.canonical,
        Identifier(lambda dataset: corpus_of(dataset).revision).canonical(task.spec),
    )
    try:
        data = assemble(task.spec, registry, corpus_of, task.locations.cache)
    except CacheError as error:
        raise CacheError(f"{error}\n{task.unmade}" if task.unmade else str(error)) from error
    with trained(
        task.id,
        task.spec,
        registry,
        data,
        task.locations.cache,
        seconds=task.seconds,
        listener=lambda stage, epoch, epochs, logs: emit(
            EpochFinished(task.id, stage, epoch, epochs, dict(logs))
        ),
        metered=True,
        checkpoint=task.checkpoint(),
    ) as done:
        record = _filed(task, store, started, done)
        evaluate_in_memory(store, record, task.spec, registry, task.locations, done.model)
        return record


def _filed(task: CellTask, store: ResultsStore, started: float, done: Trained) -> CellRecord:
    data, run, seconds = done.data, done.run, done.training_seconds
    earlier = run.checkpoints.earlier if run.checkpoints is not None else []
    total = time.monotonic() - started + sum(part["seconds"] for part in earlier)
    # Only of the last part it is known.
    energy = Energy() if earlier else done.energy
    with calling(done.model, "parameter_count"):
        count = done.model.parameter_count()
    epochs = sum(line["stage"] not in run.reused for line in done.history)
    cost, cost_notes = cost_of(done.model, len(data.train), epochs, seconds, energy)
    record = task.record(
        "ok",
        classes=list(data.classes),
        sets={part.key: part.name for part in data.evaluations},
        metrics={metric.label: metric.identity() for metric in task.spec.metrics},
        parameters={"total": count.total, "trainable": count.trainable} if count else {},
        counts=data.counts,
        clip_seconds=data.clip_seconds,
        left_out=data.left_out,
        seconds={"training": seconds, "evaluation": done.evaluation_seconds, "total": total},
        peak_memory_mb=_peak_memory_mb(),
        cost=cost,
    )
    record = replace(
        record,
        provenance={
            **record.provenance,
            **backend_provenance(),
            **done.model.provenance(),
            "notes": [*data.notes, *run.notes, *cost_notes],
            **({"reused_stages": run.reused} if run.reused else {}),
            **({"resumed_after": earlier} if earlier else {}),
        },
    )
    save = _saver(done.model, task) if task.keep_model else None
    store.write(
        record,
        predictions=done.predictions,
        validation=validation_predictions(done.model, data, done.predictions),
        history=done.history,
        metrics=done.metrics,
        extra=save,
        claim=task.claim,
    )
    _forget(task)
    return record


def _saver(model: Any, task: CellTask) -> Any:
    def save(folder: Path) -> None:
        (folder / "model").mkdir()
        with calling(model, "save"):
            model.save(folder / "model")

    return save


def _peak_memory_mb() -> float:
    """Return the highest resident memory of this process so far, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def process_name() -> str:
    """Return what events call this process."""
    import os

    return f"process {os.getpid()}"
