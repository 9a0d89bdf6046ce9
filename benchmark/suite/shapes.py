"""Features of a shape that a cell's model, or an augmentation, is not made for: refused before anything is run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from benchmark.plugin.declared import checked_features
from benchmark.suite.cell import Cell
from benchmark.suite.honours import advice, place
from benchmark.suite.values import Checker, Value

if TYPE_CHECKING:
    from benchmark.plugin.augmentation import Augmentation
    from benchmark.plugin.model import Model
    from benchmark.plugin.registry import ComponentSpec

_CALLED = {
    1: "vectors (values)",
    2: "sequences (steps in time, values)",
    3: "images (height, width, channels)",
}


def check_shapes(
    checker: Checker, axes: Mapping[str, Sequence[Value]], fixed: Mapping[str, Any], cells: Sequence[Cell]
) -> None:
    """Find features that a cell's model or augmentations do not take; ``fixed`` is the suite's cell."""
    shapes: dict[str, tuple[int, ...]] = {}
    seen: set[tuple[int, int, int]] = set()
    for cell in cells:
        spec = cell.spec
        key = (id(spec.features), id(spec.model), id(spec.augmentation))
        if key in seen or not checker.registry.knows("features", spec.features.name):
            continue
        seen.add(key)
        if spec.features.key not in shapes:
            shapes[spec.features.key], _ = checked_features(spec.features.create(checker.registry))
        shape = shapes[spec.features.key]
        for part, name, taken in _takers(cell, checker):
            if len(shape) not in taken:
                axis, path = place(axes, fixed, cell, part)
                wanted = " or ".join(_CALLED[count] for count in sorted(taken, reverse=True))
                checker.problem(
                    path,
                    f"{part} '{name}' needs features that are {wanted}; those of '{spec.features.label}' have the "
                    f"shape {shape}. {advice(cell, 'features' if part == 'model' else axis)}",
                )


def _takers(cell: Cell, checker: Checker) -> Iterator[tuple[str, str, frozenset[int]]]:
    """Yield the parts of a cell that are given its features, their labels, and how many dimensions they take."""
    model = cast("type[Model]", checker.registry.offer("model", cell.spec.model.name).component)
    yield "model", cell.spec.model.label, model.dimensions
    for step in _steps(cell):
        augmentation: Augmentation = step.create(checker.registry)
        if augmentation.acts_on != "waveform":
            yield "augmentation", step.label, augmentation.dimensions


def _steps(cell: Cell) -> Iterator[ComponentSpec]:
    return (step for chain in cell.spec.augmentation for step in chain)
