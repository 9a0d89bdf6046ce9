"""What the loaded plugins offer, by kind and name, and which of them are broken."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any, Literal

from benchmark.exceptions import PluginError, did_you_mean
from benchmark.plugin.benchfile import BENCHFILE, Benchfile
from benchmark.plugin.border import calling
from benchmark.plugin.code import code_digest
from benchmark.plugin.component import Component, Kind, Parts
from benchmark.plugin.parameters import (
    UNKNOWN,
    Mark,
    check_parameters,
    identity_parameters,
    map_parts,
    marks_of,
)

# Left out of identities, so that results from before they had distributions stay valid.
OWN_DISTRIBUTION = "genrebench"


@dataclass(frozen=True)
class Source:
    """Where a component comes from.

    ``code`` says how its source is kept: ``installed`` from a wheel, which its version stands for; ``editable``, as a
    package under development is; or a ``file`` (a benchfile), which belongs to no distribution; or one that is
    ``unopened``.
    """

    plugin: str
    distribution: str
    version: str
    code: Literal["installed", "editable", "file", "unopened"] = "installed"

    @property
    def identity(self) -> str:
        """What identities call the distribution; empty for this program's own and for a file."""
        name = re.sub(r"[-_.]+", "-", self.distribution).lower()
        return "" if self.code in ("file", "unopened") or name == OWN_DISTRIBUTION else name

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

    @cached_property
    def version(self) -> str:
        """Its version in identities; of code that is no installed wheel, the content of the source that it reaches.

        Of datasets nothing but their revision counts, which is the content of all that they supply.
        """
        if self.source.code == "unopened":
            return UNKNOWN
        if self.component.kind == "dataset":
            return "" if self.source.code == "file" else self.source.version
        if self.source.code == "installed":
            return self.source.version
        digest = code_digest(self.component)
        return digest if self.source.code == "file" else f"{self.source.version}+{digest}"

    def spec(self, parameters: Mapping[str, Any], label: str | None = None) -> ComponentSpec:
        """Return a specification with these parameters, which have been checked."""
        component = self.component
        return ComponentSpec(
            component.kind,
            component.name,
            self.version,
            parameters,
            label or component.name,
            self.source.identity,
            marks_of(component),
        )


@dataclass(frozen=True)
class ComponentSpec:
    """A component as a suite asks for it: parameters checked, defaults filled in.

    ``version`` and ``distribution`` are those of identities (``Offer.version``, ``Source.identity``). ``marks`` says
    which parameters are locations, files or parts; the value of the latter is a list of specifications.
    """

    kind: Kind
    name: str
    version: str
    parameters: Mapping[str, Any]
    label: str
    distribution: str = ""
    marks: Mapping[str, Mark] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def key(self) -> str:
        """A text that two specifications share only if they differ in nothing but their labels; places count."""
        parts = [self.kind, self.name, self.version, self.distribution, self.parameters]
        return json.dumps(parts, sort_keys=True, default=lambda part: part.key)

    @property
    def code(self) -> str:
        """A text that two specifications share only if the same code makes them work, whatever its parameters."""
        return json.dumps([self.kind, self.name, self.version, self.distribution])

    def create(self, registry: Registry) -> Any:
        """Return a new instance, whose parameters are its own: it may change them.

        Raises:
            PluginError: when the registry has it in another version than was asked for, as a worker process that
                was started after an edit of the code has; or as ``Registry.offer``.
            PluginFailure: when making one raises.
        """
        offer = registry.offer(self.kind, self.name)
        if offer.version != self.version:
            raise PluginError(
                f"{self.kind} '{self.name}' is of version {offer.version} now, and version {self.version} was asked "
                "for: its code has been changed while it was in use. Start again."
            )
        with calling(offer.component, "__init__"):
            return offer.component(
                **{
                    name: map_parts(value, lambda part, _: part.create(registry))
                    if isinstance(self.marks.get(name), Parts)
                    else deepcopy(value)
                    for name, value in self.parameters.items()
                }
            )

    def with_parts(self, change: Callable[[ComponentSpec], ComponentSpec]) -> ComponentSpec:
        """Return the specification with each of its parts, if it has any, as ``change`` makes it."""
        changed = {
            name: map_parts(value, lambda part, _: change(part))
            for name, value in self.parameters.items()
            if isinstance(self.marks.get(name), Parts)
        }
        return replace(self, parameters={**self.parameters, **changed}) if changed else self

    def identity(self) -> dict[str, Any]:
        """Return what of it can change a result, as plain JSON; files by their content as it is now.

        Raises:
            PluginError: when a file cannot be read.
        """
        name, version, parameters, *distribution = self.parts()
        plain = {"name": name, "version": version, "parameters": parameters}
        return {**plain, "distribution": distribution[0]} if distribution else plain

    def parts(self) -> list[Any]:
        """Return ``identity()`` as a list: name, version, parameters, and a distribution that is not this program's."""
        parameters = identity_parameters(f"{self.kind} '{self.name}'", self.marks, self.parameters)
        if self.version == UNKNOWN:
            # It was not loaded: further parameters are at their defaults, whatever these are.
            parameters[UNKNOWN] = UNKNOWN
        return [self.name, self.version, parameters, *([self.distribution] if self.distribution else [])]


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

            source = Source(BENCHFILE, str(self.unopened.path), self.unopened.version, "unopened")
            return Offer(unopened(kind, name), source)
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
        for parameter, mark in marks_of(offer.component).items():
            if isinstance(mark, Parts):
                checked[parameter] = map_parts(checked[parameter], partial(self._part, mark.kind))
        return offer.spec(checked, label)

    def _part(self, kind: Kind, part: Any, _: tuple[int, ...] = ()) -> ComponentSpec:
        """Return a part as a suite writes it, or as ``ComponentSpec.identity`` recorded it."""
        if isinstance(part, ComponentSpec):
            return part
        if isinstance(part, str):
            return self.spec(kind, part)
        if isinstance(part, Mapping) and part.keys() >= {"name", "version", "parameters"}:
            return self.spec(kind, part["name"], part["parameters"])
        if isinstance(part, Mapping) and len(part) == 1:
            ((name, parameters),) = part.items()
            return self.spec(kind, name, parameters)
        raise PluginError(f"A part is a name, or one name with its parameters, found {part!r}.")
