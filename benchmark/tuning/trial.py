"""Run one trial: train a row's first cell with chosen values, and evaluate it on validation data alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmark.checkpoints import CheckpointPlace
from benchmark.data.assemble import assemble
from benchmark.data.corpora import kept_corpora
from benchmark.exceptions import BenchError, Interrupted
from benchmark.execution.cell import process_name
from benchmark.execution.events import CellStarted, EpochFinished, emit
from benchmark.execution.failure import cell_error
from benchmark.execution.features import cell_requests
from benchmark.execution.train import trained
from benchmark.locations import Locations
from benchmark.plugin.manager import load_registry
from benchmark.record import CellError
from benchmark.suite.cell import CellSpec
from benchmark.suite.tuning.tune import Choice

if TYPE_CHECKING:
    from benchmark.data.corpora import CorpusOf
    from benchmark.plugin.benchfile import Benchfile
    from benchmark.plugin.registry import Registry


@dataclass(frozen=True)
class TrialTask:
    """Everything that a worker needs to run a trial and to report its epochs.

    ``key`` is how people call it. ``study``, ``trial`` and ``storage`` say where its epochs are reported;
    ``protected`` trials are never pruned. ``seconds`` is the time limit or None; ``checkpoint``
    is where its training leaves a checkpoint, or None.
    """

    key: str
    study: str
    trial: int
    storage: str
    pruner: Choice
    protected: bool
    spec: CellSpec
    locations: Locations
    benchfile: Benchfile | None
    seconds: float | None = None
    checkpoint: CheckpointPlace | None = None


@dataclass(frozen=True)
class TrialOutcome:
    """How a trial ended: with a ``value``, ``pruned``, or with an ``error``."""

    value: float | None = None
    pruned: bool = False
    error: CellError | None = None
    seconds: float = 0.0


class Pruned(BenchError):  # noqa: N818
    """Raised out of training when the pruner sees no use in going on; never leaves this module."""


def run_trial(task: TrialTask) -> TrialOutcome:
    """Run a trial; whatever it raises is its outcome."""
    emit(CellStarted(task.key, process_name()))
    started = time.monotonic()
    try:
        value = _value(task)
    except Pruned:
        outcome = TrialOutcome(pruned=True, seconds=time.monotonic() - started)
    except Interrupted:
        raise
    except BaseException as error:
        outcome = TrialOutcome(error=cell_error(error), seconds=time.monotonic() - started)
    else:
        outcome = TrialOutcome(value, seconds=time.monotonic() - started)
    if task.checkpoint is not None:
        task.checkpoint.remove()
    return outcome


def _value(task: TrialTask) -> float:
    """Return the metric on the validation part, which is all that the specification evaluates."""
    spec = task.spec
    (part,) = (evaluation.part for evaluation in spec.evaluate)
    if part != "validation":
        raise ValueError(f"a trial is evaluated on validation data, and not on '{part}'")
    registry = load_registry(task.benchfile)
    corpus_of = kept_corpora(registry, task.locations)
    _prepare(task, registry, corpus_of)
    data = assemble(spec, registry, corpus_of, task.locations.cache)
    (metric,) = (metric.create(registry) for metric in spec.metrics)
    reporter = _Reporter(task, metric.greater_is_better)
    with trained(
        task.key,
        spec,
        registry,
        data,
        task.locations.cache,
        seconds=task.seconds,
        listener=reporter.epoch,
        checkpoint=task.checkpoint,
    ) as done:
        values = done.metrics
    (value,) = next(iter(values.values())).values()
    if value != value:  # noqa: PLR0124
        raise ValueError("the metric is not a number")
    return value


def _prepare(task: TrialTask, registry: Registry, corpus_of: CorpusOf) -> None:
    """Compute features that only this trial's values ask for; those of the row itself are there already."""
    from benchmark.data.prepare import open_store, prepare

    def run(function: Callable[..., Any], arguments: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
        return (function(*one_call) for one_call in arguments)

    spec = task.spec
    store = open_store(spec.features, registry, task.locations.cache)
    asked = cell_requests(spec, registry, corpus_of)
    prepare(store, asked, spec.features, task.benchfile, run, lambda done, total: None)


class _Reporter:
    """Reports epochs to the study, from whichever process trains, and asks the pruner."""

    def __init__(self, task: TrialTask, greater_is_better: bool) -> None:
        self._task = task
        self._greater = greater_is_better
        self._step = 0
        self._opened: Any = None

    def epoch(self, stage: str, epoch: int, epochs: int, logs: Mapping[str, float]) -> None:
        """Take note of an epoch (of all stages, counted from 0); raise ``Pruned`` when it is to be the last."""
        emit(EpochFinished(self._task.key, stage, epoch, epochs, dict(logs)))
        value = epoch_value(logs, greater_is_better=self._greater)
        # A model that is fitted at once has nothing to be cut short.
        if value is None or epochs == 1:
            return
        storage, study = self._open()
        storage.set_trial_intermediate_value(self._task.trial, self._step, value)
        self._step += 1
        if not self._task.protected and study.pruner.prune(study, storage.get_trial(self._task.trial)):
            raise Pruned

    def _open(self) -> Any:
        if self._opened is None:
            import optuna

            from benchmark.tuning.search import make_pruner
            from benchmark.tuning.storage import open_storage

            storage = open_storage(self._task.storage)
            # The sampler is not asked for anything here.
            study = optuna.load_study(
                study_name=self._task.study,
                storage=storage,
                sampler=optuna.samplers.RandomSampler(),
                pruner=make_pruner(self._task.pruner),
            )
            self._opened = (storage, study)
        return self._opened


def epoch_value(logs: Mapping[str, float], *, greater_is_better: bool) -> float | None:
    """Return what pruners compare of an epoch: validation accuracy, or validation loss where less is better."""
    if greater_is_better:
        return logs.get("val_accuracy")
    if "val_loss" in logs:
        return logs["val_loss"]
    return 1 - logs["val_accuracy"] if "val_accuracy" in logs else None
