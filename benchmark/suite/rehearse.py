"""A rehearsal: the same suite on stand-ins, small enough for a laptop; every output says that it is one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from benchmark.exceptions import PluginError
from benchmark.plugin.border import calling
from benchmark.plugin.registry import ComponentSpec, Registry
from benchmark.settings import ClipSettings, SplitSettings
from benchmark.suite.cell import REPEATED, CellSpec, Corrupted, Evaluation
from benchmark.suite.load import Suite

if TYPE_CHECKING:
    from benchmark.suite.tuning.tune import Tune

EPOCHS, FOLDS, CLIP_SECONDS = 1, 3, 1.0
# Of two epochs, the first can show that a trial is not worth the second.
TRIALS, TRIAL_EPOCHS = 4, 2


def rehearse(suite: Suite, registry: Registry) -> Suite:
    """Return the suite on synthetic stand-ins: one seed, one fold, one epoch, small features, no weights fetched.

    Every other axis keeps all its values; studies have few trials, of two epochs, and are kept beside the results.
    The name tells it from the real suite, whose results it never meets.

    Raises:
        PluginError: when no plugin offers a dataset that stands in.
    """
    first = {axis: labels[0] for axis, labels in suite.axes.items() if axis in REPEATED}
    kept = [cell for cell in suite.cells if all(cell.labels[axis] == label for axis, label in first.items())]
    small: dict[int, Any] = {}
    epochs = EPOCHS if suite.tune is None else TRIAL_EPOCHS
    cells = tuple(replace(cell, spec=_small_cell(cell.spec, registry, small, epochs)) for cell in kept)
    axes = {axis: ((first[axis],) if axis in first else labels) for axis, labels in suite.axes.items()}
    return replace(
        suite, name=f"{suite.name}-rehearsal", axes=axes, cells=cells, tune=_small_tune(suite.tune)
    )


def _small_tune(tune: Tune | None) -> Tune | None:
    if tune is None:
        return None
    settings = {"trials": min(tune.settings.trials, TRIALS), "timeout": None, "storage": None}
    return replace(tune, settings=tune.settings.model_copy(update=settings))


def _small_cell(spec: CellSpec, registry: Registry, small: dict[int, Any], epochs: int) -> CellSpec:
    """Return the cell in small; what cells share they go on sharing."""

    def shared(value: Any, make: Any) -> Any:
        if id(value) not in small:
            small[id(value)] = make(value)
        return small[id(value)]

    return replace(
        spec,
        dataset=shared(spec.dataset, lambda dataset: _stand_in(dataset, "train", registry)),
        clips=spec.clips and shared(spec.clips, _small_clips),
        split=shared(spec.split, _small_split),
        features=shared(spec.features, lambda features: _small_component(features, registry)),
        model=shared(spec.model, lambda model: _small_component(model, registry)),
        training=shared(spec.training, lambda training: training.model_copy(update={"epochs": epochs})),
        evaluate=shared(
            spec.evaluate, lambda sets: tuple(_small_evaluation(evaluation, registry) for evaluation in sets)
        ),
        fold=None if spec.fold is None else 0,
        corrupted=shared(
            spec.corrupted, lambda sets: tuple(_small_corrupted(corrupted, registry) for corrupted in sets)
        ),
    )


def _stand_in(dataset: ComponentSpec, role: str, registry: Registry) -> ComponentSpec:
    for name in registry.names("dataset"):
        for offer in registry.offers["dataset"][name]:
            component: Any = offer.component
            if component.stands_in_for == role:
                return registry.spec("dataset", name, component.stand_in, dataset.label)
    raise PluginError(
        f"A rehearsal needs a dataset that stands in for {role} data, and no plugin offers one."
    )


def _small_component(spec: ComponentSpec, registry: Registry) -> ComponentSpec:
    component = registry.offer(spec.kind, spec.name).component
    spec = spec.with_parts(lambda part: _small_component(part, registry))
    with calling(component, "rehearsal"):
        return replace(spec, parameters=component.rehearsal(spec.parameters))


def _small_evaluation(evaluation: Evaluation, registry: Registry) -> Evaluation:
    if evaluation.dataset is None:
        return evaluation
    return replace(evaluation, dataset=_stand_in(evaluation.dataset, "test", registry))


def _small_corrupted(corrupted: Corrupted, registry: Registry) -> Corrupted:
    return replace(
        corrupted,
        evaluation=_small_evaluation(corrupted.evaluation, registry),
        corruption=_small_component(corrupted.corruption, registry),
    )


def _small_split(split: SplitSettings) -> SplitSettings:
    """Return a split that stand-ins have: they are in no list, and are few, with three groups in each class."""
    strategy = "stratified" if split.strategy == "predefined" else split.strategy
    folds = None if split.folds is None else min(split.folds, FOLDS)
    # Training takes three times as long as answering, and needs no more than some tracks of each class.
    fractions = [0.25, 0.25, 0.5] if split.fractions[1] else [0.3, 0.0, 0.7]
    return split.model_copy(
        update={"strategy": strategy, "files": None, "folds": folds, "fractions": fractions}
    )


def _small_clips(clips: ClipSettings) -> ClipSettings:
    return ClipSettings(seconds=min(clips.seconds, CLIP_SECONDS))
