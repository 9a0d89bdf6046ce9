"""What the loaded plugins offer, by kind and name, and which of them are broken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmark.exceptions import PluginError, did_you_mean
from benchmark.plugin.benchfile import BENCHFILE, Benchfile
from benchmark.plugin.component import Component, Kind
from benchmark.plugin.parameters import UNKNOWN, check_parameters, identity_parameters


@dataclass(frozen=True)
class Source:
    """Where a component comes from; ``version`` takes part in the identity of every cell that uses it."""

    plugin: str
    distribution: str
    version: str

    def __str__(self) -> str:
        return f"{self.plugin} ({self.distribution} {self.version})"


@dataclass(frozen=True)
class BrokenPlugin:
    """A plugin that could not be loaded, and why."""

    source: Source
    error: str
    traceback: str = ""

    def __str__(self) -> str:
        return f"plugin {self.source} is broken and was left out: {self.error}"


@dataclass(frozen=True)
class Offer:
    """A component class and the plugin that offers it."""

    component: type[Component]
    source: Source


@dataclass(frozen=True)
class ComponentSpec:
    """A component as a suite asks for it: parameters checked, defaults filled in."""

    kind: Kind
    name: str
    version: str
    parameters: Mapping[str, Any]
    label: str

    def create(self, registry: Registry) -> Any:
        """Return a new instance."""
        return registry.offer(self.kind, self.name).component(**self.parameters)

    def identity(self, registry: Registry) -> dict[str, Any]:
        """Return what of it can change a result, as plain JSON."""
        component = registry.offer(self.kind, self.name).component
        parameters = identity_parameters(component, self.parameters)
        if self.version == UNKNOWN:
            # It was not loaded: further parameters are at their defaults, whatever these are.
            parameters[UNKNOWN] = UNKNOWN
        return {"name": self.name, "version": self.version, "parameters": parameters}


@dataclass
class Registry:
    """All offers of all working plugins. Two offers under one name are an error once the name is asked for.

    ``benchfile`` is the one that was run. Where there is one that was not (``unopened``), a name that nobody offers
    is taken for one of its components, of which nothing else is known.
    """

    offers: dict[Kind, dict[str, list[Offer]]] = field(default_factory=dict)
    broken: list[BrokenPlugin] = field(default_factory=list)
    benchfile: Benchfile | None = None
    unopened: Benchfile | None = None

    def add(self, component: type[Component], source: Source) -> None:
        """Take in one component class."""
        self.offers.setdefault(component.kind, {}).setdefault(component.name, []).append(
            Offer(component, source)
        )

    def names(self, kind: Kind) -> list[str]:
        """Return the names on offer of one kind, sorted."""
        return sorted(self.offers.get(kind, {}))

    def knows(self, kind: Kind, name: str) -> bool:
        """Whether some plugin that was loaded offers this name."""
        return name in self.offers.get(kind, {})

    def offer(self, kind: Kind, name: str) -> Offer:
        """Return the one offer of that name.

        Raises:
            PluginError: when nobody offers it (with the nearest name, and the broken plugins that may have),
                or when two plugins do (naming both).
        """
        offers = self.offers.get(kind, {}).get(name, [])
        if len(offers) == 1:
            return offers[0]
        if offers:
            sources = " and ".join(str(offer.source) for offer in offers)
            raise PluginError(
                f"{kind} '{name}' is offered by two plugins, {sources}. Uninstall one or rename its component."
            )
        if self.unopened is not None:
            from benchmark.plugin.unopened import unopened

            return Offer(unopened(kind, name), Source(BENCHFILE, str(self.unopened.path), UNKNOWN))
        broken = "".join(f"\n  Perhaps it is in a {plugin}" for plugin in self.broken)
        raise PluginError(f"There is no {kind} '{name}'." + did_you_mean(name, self.names(kind)) + broken)

    def spec(
        self, kind: Kind, name: str, parameters: Mapping[str, Any] | None = None, label: str | None = None
    ) -> ComponentSpec:
        """Return a checked specification; for use from Python (suites report every problem with its line).

        Raises:
            PluginError: when the component or a parameter does not exist, or a value does not fit.
        """
        offer = self.offer(kind, name)
        checked, problems = check_parameters(offer.component, parameters or {})
        if problems:
            raise PluginError(" ".join(problem.message for problem in problems))
        return ComponentSpec(kind, name, offer.source.version, checked, label or name)
