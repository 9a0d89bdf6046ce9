"""Run one cell: assemble its data, train, evaluate, and file the result. Never raises for the cell's own sake."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.data.assemble import assemble
from benchmark.data.corpora import corpus_loader
from benchmark.exceptions import CellTimeoutError, Interrupted, ResultsError
from benchmark.execution.events import CellStarted, EpochFinished, emit
from benchmark.execution.failure import cell_error, close_model
from benchmark.isolation import isolated
from benchmark.locations import Locations
from benchmark.plugin.manager import load_registry
from benchmark.plugin.training_run import TrainingRun
from benchmark.randomness import derive_seed
from benchmark.record import CellRecord
from benchmark.results.store import ResultsStore
from benchmark.suite.cell import CellSpec, canonical_json
from benchmark.training.cost import cost_of
from benchmark.training.devices import backend_provenance
from benchmark.training.energy import energy_meter
from benchmark.training.evaluate import evaluate
from benchmark.training.memory import memory_explained

if TYPE_CHECKING:
    from benchmark.data.assemble import CellData
    from benchmark.plugin.benchfile import Benchfile
    from benchmark.plugin.metric import Metric
    from benchmark.plugin.model import Model
    from benchmark.plugin.registry import Registry


@dataclass(frozen=True)
class CellTask:
    """Everything that a worker needs to run a cell and file its result.

    ``seconds`` is the time limit or None; ``marks`` is what outputs must say of the result; ``tuning`` is how a study
    chose some of its values; ``audit`` is what a record keeps of its split's audit. ``claim`` is the
    claim under which the result is filed.
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
    claim: Path | None = None

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
        return record


def _run(task: CellTask, store: ResultsStore, started: float) -> CellRecord:
    spec = task.spec
    registry = load_registry(task.benchfile)
    data = assemble(spec, registry, corpus_loader(registry, task.locations), task.locations.cache)
    measured = _metrics(spec, registry)
    with isolated(derive_seed("cell", spec.seed)):
        model = spec.model.create(registry)
        try:
            return _train_and_file(task, store, started, data, model, measured)
        finally:
            close_model(model, task.id)


def _train_and_file(
    task: CellTask,
    store: ResultsStore,
    started: float,
    data: CellData,
    model: Model,
    measured: Mapping[str, Metric],
) -> CellRecord:
    spec = task.spec
    for library in model.libraries:
        import_module(library)
    run = TrainingRun(
        spec.training,
        spec.seed,
        batch_augmentations=data.batch_augmentations,
        listener=lambda stage, epoch, epochs, logs: emit(
            EpochFinished(task.id, stage, epoch, epochs, dict(logs))
        ),
        seconds=task.seconds,
        cache=task.locations.cache,
        recipe=canonical_json(task.canonical["augmentation"]),
        code=spec.model.code,
    )
    with energy_meter() as energy:
        before = time.monotonic()
        with memory_explained(spec.training, in_batches=model.uses_training):
            history = model.fit(data.train, data.validation, run)
        trained = time.monotonic()
    run.check_time()
    with memory_explained(spec.training, in_batches=False):
        predictions, metrics = evaluate(model, data, measured)
    finished = time.monotonic()
    count = model.parameter_count()
    epochs = sum(line["stage"] not in run.reused for line in history)
    cost, cost_notes = cost_of(model, len(data.train), epochs, trained - before, energy)
    record = task.record(
        "ok",
        classes=list(data.classes),
        sets={part.key: part.name for part in data.evaluations},
        parameters={"total": count.total, "trainable": count.trainable} if count else {},
        counts=data.counts,
        clip_seconds=data.clip_seconds,
        left_out=data.left_out,
        seconds={"training": trained - before, "evaluation": finished - trained, "total": finished - started},
        peak_memory_mb=_peak_memory_mb(),
        cost=cost,
    )
    record = replace(
        record,
        provenance={
            **record.provenance,
            **backend_provenance(),
            "notes": [*data.notes, *run.notes, *cost_notes],
            **({"reused_stages": run.reused} if run.reused else {}),
        },
    )
    save = _saver(model, task) if task.keep_model else None
    store.write(
        record, predictions=predictions, history=history, metrics=metrics, extra=save, claim=task.claim
    )
    return record


def _metrics(spec: CellSpec, registry: Registry) -> dict[str, Any]:
    return {metric.label: metric.create(registry) for metric in spec.metrics}


def _saver(model: Any, task: CellTask) -> Any:
    def save(folder: Path) -> None:
        (folder / "model").mkdir()
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
