"""What of an installation results hang on, and in what two installations differ."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.backend import asked_backend, backend_problem
from benchmark.exceptions import PluginError
from benchmark.plugin.component import Kind
from benchmark.plugin.manager import load_registry
from benchmark.plugin.registry import ComponentSpec, Registry
from benchmark.results.provenance import PACKAGES

if TYPE_CHECKING:
    from benchmark.plugin.benchfile import Benchfile
    from benchmark.suite.cell import Cell

ABSENT = "absent"
_PACKAGES = (*PACKAGES, "keras-cv", "scipy")
Need = tuple[Kind, str]


def needed(cells: Iterable[Cell]) -> tuple[Need, ...]:
    """Return kind and name of each component that cells use, parts of others included."""
    components: dict[Need, None] = {}
    seen: set[int] = set()
    for cell in cells:
        for part in _fields(cell.spec):
            # Most cells share most of their parts.
            if id(part) not in seen:
                seen.add(id(part))
                components |= dict.fromkeys((spec.kind, spec.name) for spec in _components(part))
    return tuple(sorted(components))


def traits(registry: Registry, needs: Sequence[Need]) -> dict[str, str]:
    """Return what results hang on in this process: versions and sources, by what people call them."""
    told = {
        "Python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "Keras's backend": backend_problem() or asked_backend(),
        **{package: _version(package) for package in _PACKAGES},
        "genrebench's source": _source_digest(),
    }
    for kind, name in needs:
        try:
            offer = registry.offer(kind, name)
            # Of a dataset its content counts, which is compared for each cell.
            same = offer.source.identity if kind == "dataset" else f"{offer.source.identity} {offer.version}"
            told[f"{kind} '{name}'"] = same.strip() or "there"
        except PluginError:
            told[f"{kind} '{name}'"] = ABSENT
    return told


def traits_away(benchfile: Benchfile | None, needs: Sequence[Need]) -> dict[str, str]:
    """Return ``traits`` of the process that this is called in."""
    return traits(load_registry(benchfile), needs)


def differences(here: Mapping[str, str], there: Mapping[str, str]) -> list[str]:
    """Return in what ``there`` differs, in words."""
    return [
        f"{name} is {there.get(name, ABSENT)} there and {value} here"
        for name, value in here.items()
        if there.get(name, ABSENT) != value
    ]


def _components(part: Any) -> Iterator[ComponentSpec]:
    if isinstance(part, ComponentSpec):
        yield part
        yield from _components(part.parameters)
    elif isinstance(part, Mapping):
        for value in part.values():
            yield from _components(value)
    elif isinstance(part, list | tuple):
        for value in part:
            yield from _components(value)
    elif is_dataclass(part):
        for value in _fields(part):
            yield from _components(value)


def _fields(thing: Any) -> Iterator[Any]:
    return (getattr(thing, field.name) for field in fields(thing))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ABSENT


@cache
def _source_digest() -> str:
    """Return twelve hexadecimal digits that change with the source of the core."""
    digest = hashlib.sha256()
    root = Path(__file__).parents[1]
    for file in sorted(root.rglob("*.py"), key=lambda file: file.relative_to(root).as_posix()):
        digest.update(file.relative_to(root).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:12]
