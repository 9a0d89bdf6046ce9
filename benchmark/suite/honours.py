"""What a suite asks of a model's training, and the model takes no notice of: refused, as it would look like a finding.

Two rows that differ in a setting which their model ignores are one row twice, and a table would say "no difference".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from benchmark.plugin.model import BATCH_AUGMENTATIONS, EPOCHS, LOSS_PARAMETERS
from benchmark.settings import TrainingSettings
from benchmark.suite.cell import Cell, canonical_json
from benchmark.suite.source import KeyPath
from benchmark.suite.values import Checker, Value

if TYPE_CHECKING:
    from benchmark.plugin.augmentation import Augmentation
    from benchmark.plugin.model import Model


def check_honoured(
    checker: Checker, axes: Mapping[str, Sequence[Value]], fixed: Mapping[str, Any], cells: Sequence[Cell]
) -> None:
    """Find settings of training and augmentations that a cell's model does not honour; ``fixed`` is the suite's cell.

    The plain settings, which every suite has, are no matter where they are the same in all cells of a model. The
    others are none to models that are not trained by any.
    """
    by_model: dict[int, dict[tuple[int, int], Cell]] = {}
    for cell in cells:
        spec = cell.spec
        by_model.setdefault(id(spec.model), {}).setdefault((id(spec.training), id(spec.augmentation)), cell)
    for of_model in by_model.values():
        for path, message in _ignored(checker, axes, fixed, list(of_model.values())):
            checker.problem(path, message)


def _ignored(
    checker: Checker, axes: Mapping[str, Sequence[Value]], fixed: Mapping[str, Any], cells: Sequence[Cell]
) -> Iterator[tuple[KeyPath, str]]:
    """Yield where what is asked of one model, of which these are the cells, that it does not honour."""
    spec = cells[0].spec.model
    model = cast("type[Model]", checker.registry.offer("model", spec.name).component)
    for name in TrainingSettings.model_fields:
        if name in model.honours:
            continue
        values = {canonical_json(_plain(cell, name)): cell for cell in reversed(cells)}
        first = _plain(cells[0], name)
        if len(values) > 1:
            other = next(cell for cell in cells if _plain(cell, name) != first)
            axis, path = place(axes, fixed, other, "training", name)
            yield (
                path,
                f"model '{spec.label}' takes no notice of 'training.{name}': rows that differ in it would be one row "
                f"twice. {advice(other, axis)}",
            )
        elif (
            model.uses_training
            and name in TrainingSettings.later
            and first != TrainingSettings.model_fields[name].default
        ):
            axis, path = place(axes, fixed, cells[0], "training", name)
            yield (
                path,
                f"model '{spec.label}' takes no notice of 'training.{name}'. {advice(cells[0], axis)} A model that "
                f"does follow it says so, by its 'honours'.",
            )
    yield from _parametrised_losses(model, axes, fixed, cells)
    seen: set[int] = set()
    for cell in cells:
        if id(cell.spec.augmentation) not in seen:
            seen.add(id(cell.spec.augmentation))
            axis, path = place(axes, fixed, cell, "augmentation")
            for problem in _unfit(checker, cell, model):
                yield path, f"model '{spec.label}' {problem} {advice(cell, axis)}"


def _parametrised_losses(
    model: type[Model], axes: Mapping[str, Sequence[Value]], fixed: Mapping[str, Any], cells: Sequence[Cell]
) -> Iterator[tuple[KeyPath, str]]:
    """Yield where a loss has parameters, and the model follows losses by their names alone."""
    if not model.uses_training or "loss" not in model.honours or LOSS_PARAMETERS in model.honours:
        return
    for cell in cells:
        loss = cell.spec.training.loss
        if not isinstance(loss, str):
            axis, path = place(axes, fixed, cell, "training", "loss")
            yield (
                path,
                f"model '{cell.spec.model.label}' takes a loss by its name alone, without parameters "
                f"({', '.join(loss)} has some). {advice(cell, axis)} A model that does take them says so, by "
                f"'{LOSS_PARAMETERS}' in its 'honours'.",
            )


def _unfit(checker: Checker, cell: Cell, model: type[Model]) -> Iterator[str]:
    """Yield why augmentations of a cell cannot be used with its model."""
    for step in (step for chain in cell.spec.augmentation for step in chain):
        augmentation: Augmentation = step.create(checker.registry)
        if augmentation.acts_on == "batch":
            if BATCH_AUGMENTATIONS not in model.honours:
                yield f"is not trained in batches, so '{step.label}' cannot be applied."
        elif augmentation.fresh and EPOCHS not in model.honours:
            yield (
                f"has no epochs, in each of which '{step.label}' would be drawn afresh: it would see augmented items "
                "alone. Use fixed copies, which are added to the originals."
            )


def _plain(cell: Cell, name: str) -> Any:
    value = getattr(cell.spec.training, name)
    return value.model_dump() if hasattr(value, "model_dump") else value


def place(
    axes: Mapping[str, Sequence[Value]], fixed: Mapping[str, Any], cell: Cell, key: str, setting: str = ""
) -> tuple[str, KeyPath]:
    """Return the axis that a cell has something from, or nothing, and where it stands."""
    for axis in (f"{key}.{setting}", key):
        for value in axes.get(axis, ()):
            if value.label == cell.labels.get(axis):
                return axis, value.path
    given = fixed.get(key)
    inner = (setting,) if setting and isinstance(given, dict) and setting in given else ()
    return "", ("cell", key, *inner)


def advice(cell: Cell, axis: str) -> str:
    """Return what to do about a cell that has what does not go together with its model."""
    chosen = [f"{key}: {cell.labels[key]}" for key in ("model", axis) if key in cell.labels]
    if not axis or "model" not in cell.labels:
        return "Take it out, or the model."
    return f"Leave such cells out: exclude: [{{{', '.join(chosen)}}}]."
