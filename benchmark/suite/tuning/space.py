"""What a study varies of a row: parameters by path, their ranges, and cells with chosen values put in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from benchmark.exceptions import PluginError, PluginFailure
from benchmark.plugin.augmentation import chain_problem
from benchmark.plugin.parameters import parameters_of
from benchmark.plugin.registry import ComponentSpec, Registry
from benchmark.settings import SETTINGS
from benchmark.suite.cell import CellSpec, Chain

TUNABLE = ("training", "model", "augmentation", "features", "clips")
# A step that ends a rounding error short of a range's end still ends there.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Dimension:
    """One parameter that a study varies, by its path (``training.batch_size``, ``augmentation.time-mask.width``).

    Either ``choices``, or a range from ``low`` to ``high``, both included: in steps where ``step`` is given, on a
    logarithmic scale where ``log`` is set, of whole numbers where ``whole`` is set.
    """

    name: str
    choices: tuple[Any, ...] = ()
    low: float = 0
    high: float = 0
    step: float | None = None
    log: bool = False
    whole: bool = False

    def holds(self, value: Any) -> bool:
        """Whether a value is one that a study could choose."""
        if self.choices:
            return any(_same(value, choice) for choice in self.choices)
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not self.low <= value <= self.high
        ):
            return False
        if self.step is None:
            return not self.whole or value == int(value)
        steps = (value - self.low) / self.step
        return abs(steps - round(steps)) < _ROUNDING

    def values(self) -> tuple[Any, ...] | None:
        """Return all values in order, or None where they cannot be counted."""
        step = self.step or (1 if self.whole and not self.log else None)
        if self.choices or step is None:
            return self.choices or None
        count = int((self.high - self.low) / step + _ROUNDING) + 1
        return tuple(self.low + number * step for number in range(count))

    def plain(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        if self.choices:
            return {"choices": list(self.choices)}
        return {
            "low": self.low, "high": self.high, "step": self.step, "log": self.log, "whole": self.whole,
        }  # fmt: skip


def split_path(name: str) -> tuple[str, str, str]:
    """Return the cell's key, the augmentation where it is one, and the parameter that a path names."""
    key, _, rest = name.partition(".")
    if key != "augmentation":
        return key, "", rest
    component, _, parameter = rest.rpartition(".")
    return key, component, parameter


def components(spec: CellSpec, name: str) -> list[ComponentSpec]:
    """Return the components of a cell that a path is about, whether or not they have the parameter."""
    key, wanted, _ = split_path(name)
    if key == "augmentation":
        return [step for chain in spec.augmentation for step in chain if wanted in (step.name, step.label)]
    return [getattr(spec, key)] if key in ("model", "features") else []


def own_values(spec: CellSpec, name: str) -> list[Any]:
    """Return what a cell itself has for a parameter: one value for each component; none where it has none."""
    key, _, parameter = split_path(name)
    if key in SETTINGS:
        settings = getattr(spec, key)
        return [getattr(settings, parameter)] if parameter in SETTINGS[key].model_fields and settings else []
    given = (component.parameters for component in components(spec, name))
    return [parameters[parameter] for parameters in given if parameter in parameters]


def tunable_values(spec: CellSpec, name: str, untrained: Collection[str]) -> list[Any]:
    """Return ``own_values``, none for settings of training of models that they mean nothing to."""
    if name.startswith("training.") and spec.model.name in untrained:
        return []
    return own_values(spec, name)


def changed_parts(spec: CellSpec, values: Mapping[str, Any], registry: Registry) -> dict[str, Any]:
    """Return the parts of a cell (``model``, ``training``, …) that differ once the values are put in."""
    parts: dict[str, Any] = {}
    for name, value in values.items():
        key, wanted, parameter = split_path(name)
        part = parts.get(key, getattr(spec, key))
        if key in SETTINGS:
            parts[key] = type(part).model_validate({**part.model_dump(), parameter: value})
        elif key == "augmentation":
            parts[key] = tuple(_changed_chain(chain, wanted, parameter, value, registry) for chain in part)
        else:
            parts[key] = _changed(part, parameter, value, registry)
    return parts


def with_values(spec: CellSpec, values: Mapping[str, Any], registry: Registry) -> CellSpec:
    """Return a cell with chosen values put in."""
    return replace(spec, **changed_parts(spec, values, registry))


def refusal(spec: CellSpec, name: str, registry: Registry) -> str:
    """Return why a cell's components refuse what they were given, or nothing."""
    try:
        for component in components(spec, name):
            component.create(registry)
        chains = [[(step.label, step.create(registry)) for step in chain] for chain in spec.augmentation]
    except PluginError as error:
        return error.refusal if isinstance(error, PluginFailure) else str(error)
    return next((problem for problem in map(chain_problem, chains) if problem), "")


def _changed_chain(chain: Chain, wanted: str, parameter: str, value: Any, registry: Registry) -> Chain:
    return tuple(
        _changed(step, parameter, value, registry) if wanted in (step.name, step.label) else step
        for step in chain
    )


def _changed(spec: ComponentSpec, parameter: str, value: Any, registry: Registry) -> ComponentSpec:
    """Return a component with one parameter changed, read as a suite's value would be; as it is if it has none."""
    if parameter not in spec.parameters:
        return spec
    schema = parameters_of(registry.offer(spec.kind, spec.name).component)
    return replace(spec, parameters={**spec.parameters, parameter: schema[parameter].validate(value)})


def _same(first: Any, second: Any) -> bool:
    """Whether two plain values are equal; ``true`` is not 1."""
    return isinstance(first, bool) == isinstance(second, bool) and bool(first == second)
