"""What a run needs of this machine, asked before anything is run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from benchmark.exceptions import PluginError
from benchmark.plugin.border import calling
from benchmark.plugin.component import Component
from benchmark.plugin.registry import ComponentSpec, Registry
from benchmark.suite.cell import Cell, CellSpec
from benchmark.training.determinism import allow_determinism


def check_available(cells: Iterable[Cell], registry: Registry) -> None:
    """Ask each component of the cells whether it can work here, and set what worker processes are to inherit.

    Raises:
        PluginError: with all that cannot, and why.
    """
    asked: dict[int, ComponentSpec] = {}
    deterministic = False
    for cell in cells:
        asked |= {id(spec): spec for spec in _components(cell.spec)}
        deterministic = deterministic or cell.spec.training.deterministic
    reasons = {
        f"{spec.kind.capitalize()} '{spec.label}' cannot work here: {reason}.": None
        for spec in asked.values()
        if (reason := _reason(spec.create(registry)))
    }
    if reasons:
        raise PluginError("\n".join(reasons))
    if deterministic:
        allow_determinism()


def _reason(component: Component) -> str:
    with calling(component, "unavailable"):
        return component.unavailable()


def _components(spec: CellSpec) -> Iterator[ComponentSpec]:
    yield from (spec.dataset, spec.features, spec.model)
    if spec.audio is not None:
        yield spec.audio
    for chain in spec.augmentation:
        yield from chain
    yield from (corrupted.corruption for corrupted in spec.corrupted)
