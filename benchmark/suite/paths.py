"""Axes of one parameter of a component, by its path: ``augmentation.frequency-mask.width``, ``model.width``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from benchmark.exceptions import did_you_mean
from benchmark.plugin.registry import ComponentSpec
from benchmark.suite.cell import Cell
from benchmark.suite.tuning.space import own_values, split_path
from benchmark.suite.values import Checker, Value

# Keys of a cell of whose components single parameters can be axes.
PATH_KEYS = ("model", "features", "augmentation")
TRAINING_SIZE = "training_size"
# How the paths look, for JSON Schema.
PATTERN = r"^((model|features)\.[^.]+|augmentation\..+\.[^.]+)$"


def is_path(axis: str) -> bool:
    """Return whether an axis names one parameter of a component."""
    key, component, parameter = split_path(axis)
    return key in PATH_KEYS and bool(parameter) and bool(component or key != "augmentation")


def with_parameter(checker: Checker, part: Any, axis: str, value: Value) -> Any:
    """Return a part of a cell (a component, or a recipe) with a parameter changed.

    Returns None, and notes why, where no component of the part has the parameter, or one refuses the value.
    """
    key, wanted, parameter = split_path(axis)
    steps = [step for chain in part for step in chain] if key == "augmentation" else [part]
    own = [step for step in steps if not wanted or wanted in (step.name, step.label)]
    if not any(parameter in step.parameters for step in own):
        if checker.registry.unopened is not None:
            return part  # Of a plugin that was not loaded nobody knows what can be set.
        checker.problem(value.path, _lacking(axis, steps, own))
        return None
    if key != "augmentation":
        return _changed(checker, part, parameter, value)
    chains = [
        [_changed(checker, step, parameter, value) if step in own else step for step in chain]
        for chain in part
    ]
    return None if any(None in chain for chain in chains) else tuple(map(tuple, chains))


def numbers_of(cells: Iterable[Cell], axes: Iterable[str]) -> dict[str, dict[str, float]]:
    """Return, for each axis whose values are numbers, the number of each of its labels.

    Axes of a whole key are none, but for ``training_size``, nor are seeds and folds: of these no value is more than
    another.
    """
    numbers: dict[str, dict[str, float]] = {}
    wanted = [axis for axis in axes if axis == TRAINING_SIZE or "." in axis]
    refused: set[str] = set()
    for cell in cells:
        for axis in wanted:
            label = cell.labels[axis]
            if axis in refused or label in numbers.get(axis, {}):
                continue
            number = _number(cell, axis)
            if number is None:
                refused.add(axis)
            else:
                numbers.setdefault(axis, {})[label] = number
    return {axis: values for axis, values in numbers.items() if axis not in refused}


def _number(cell: Cell, axis: str) -> float | None:
    if axis == TRAINING_SIZE:
        return 1.0 if cell.spec.training_size is None else cell.spec.training_size
    values = own_values(cell.spec, axis)
    plain = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    return float(plain[0]) if plain and len(plain) == len(values) else None


def _changed(checker: Checker, step: ComponentSpec, parameter: str, value: Value) -> ComponentSpec | None:
    own = {name: _written_out(given) for name, given in step.parameters.items()}
    return checker.component(
        step.kind, {step.name: {**own, parameter: value.value}, "label": step.label}, value.path
    )


def _written_out(given: Any) -> Any:
    """Return a checked parameter as a suite writes it: components that are parts of it, by name."""
    if isinstance(given, ComponentSpec):
        return {
            given.name: {name: _written_out(part) for name, part in given.parameters.items()},
            "label": given.label,
        }
    if isinstance(given, list):
        return [_written_out(part) for part in given]
    return {name: _written_out(part) for name, part in given.items()} if isinstance(given, dict) else given


def _lacking(axis: str, steps: Iterable[ComponentSpec], own: Iterable[ComponentSpec]) -> str:
    key, wanted, parameter = split_path(axis)
    for step in own:
        nearest = did_you_mean(parameter, list(step.parameters))
        return f"{step.kind} '{step.name}' has no parameter '{parameter}'.{nearest}"
    names = list(dict.fromkeys(step.label for step in steps))
    reason = (
        f"has no '{wanted}'.{did_you_mean(wanted, names)}" if names else f"is none, and has no '{wanted}'."
    )
    return f"'{axis}' is an axis, and in some cells the {key} {reason} Every value of '{key}' needs it."


def check_path(checker: Checker, axis: str, cell: Mapping[str, Any], path: tuple[str, ...]) -> None:
    """Refuse an axis whose parameter has a value in the same place already."""
    key, wanted, parameter = split_path(axis)
    for place, given in _written(cell.get(key), ("cell", key)):
        name = place[-1]
        if isinstance(given, dict) and parameter in given and (not wanted or wanted == name):
            other = checker.source.place((*place, parameter))
            checker.problem(
                path, f"'{axis}' is an axis here and has a fixed value too, at {other}; remove one."
            )


def _written(raw: Any, path: tuple[Any, ...]) -> Iterable[tuple[tuple[Any, ...], Any]]:
    """Yield the components that are written with parameters below a key, and where."""
    if isinstance(raw, list):
        for index, item in enumerate(raw):
            yield from _written(item, (*path, index))
    elif isinstance(raw, dict):
        for name, given in raw.items():
            if name == "use":
                yield from _written(given, (*path, name))
            elif name != "label":
                yield (*path, name), given
