"""``bench doctor``: what is installed and found on this machine, and how to get the rest."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from importlib import metadata
from importlib.util import find_spec
from typing import Any

import click

from benchmark.backend import BACKENDS, asked_backend, backend_problem
from benchmark.cli.options import locations_options
from benchmark.locations import DATA_VARIABLE, Locations

DISTRIBUTION = "genrebench"
# Extras for those who work on genrebench itself.
_OURS = ("dev", "docs")
_REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+)(.*?)(?:;.*extra\s*==\s*['\"]([^'\"]+)['\"].*)?$")
_SECONDS = 10
Line = tuple[bool, str]


@click.command()
@locations_options
def command(locations: Locations) -> None:
    """Say what is installed and found here: backend, GPUs, optional packages, plugins, datasets, weights.

    Nothing is fetched or changed. What is marked with '-' is not there, with how to get it; nothing of that is an
    error, and the exit code is 0.
    """
    sections: dict[str, Callable[[], Iterator[Line]]] = {
        "this machine": _machine,
        "Keras backend": _backend,
        "GPUs": _gpus,
        "optional packages": _extras,
        "plugins": _plugins,
        "datasets": lambda: _datasets(locations),
        "pretrained weights": _weights,
        "places": lambda: _places(locations),
    }
    for title, look in sections.items():
        click.echo(f"{title}:")
        try:
            for there, text in look():
                click.echo(f"  {'+' if there else '-'} {text}")
        except Exception as error:  # Whatever is wrong with a machine, the rest is worth knowing.
            click.echo(f"  - this cannot be told: {type(error).__name__}: {error}")


def _machine() -> Iterator[Line]:
    import psutil

    yield (
        True,
        f"genrebench {_version(DISTRIBUTION) or '(not installed)'}, Python {platform.python_version()}",
    )
    memory = psutil.virtual_memory().total / 2**30
    yield True, f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GB of memory"


def _backend() -> Iterator[Line]:
    asked = asked_backend()
    keras = _version("keras")
    yield (keras is not None), f"keras {keras}" if keras else "keras is not installed: pip install keras"
    for name in BACKENDS:
        version = _version(name) if find_spec(name) is not None else None
        used = ", which is used" if name == asked else f", used with KERAS_BACKEND={name}"
        yield (
            version is not None,
            f"{name} {version}{used}" if version else f"{name} is not installed: pip install {name}",
        )
    problem = backend_problem()
    if problem:
        yield False, f"networks cannot be trained: {problem}"


def _gpus() -> Iterator[Line]:
    """Ask the driver, and no backend, which would take seconds."""
    program = shutil.which("nvidia-smi")
    if program is None:
        yield False, "no NVIDIA driver (nvidia-smi) is found: networks are trained on the CPU"
        return
    try:
        said = subprocess.run(  # noqa: S603 (a program of the system, without anybody's input)
            [program, "-L"], capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.SubprocessError) as error:
        yield False, f"{program} does not answer: {error}"
        return
    devices = [line.partition(" (UUID")[0] for line in said.stdout.splitlines() if line.startswith("GPU ")]
    yield from ((True, name) for name in devices)
    if not devices:
        yield False, f"the NVIDIA driver sees no GPU: {(said.stdout or said.stderr).strip()[:200]}"


def _extras() -> Iterator[Line]:
    try:
        required = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        yield (
            False,
            "genrebench itself is not installed, and does not say what it could use: pip install genrebench",
        )
        return
    for requirement in required:
        match = _REQUIREMENT.match(requirement)
        name, extra = (match[1], match[3]) if match else ("", None)
        if not extra or extra in _OURS:
            continue
        version = _version(name)
        yield (
            version is not None,
            f"{extra}: {name} {version}"
            if version
            else f"{extra}: {name}: pip install 'genrebench[{extra}]'",
        )


def _plugins() -> Iterator[Line]:
    from benchmark.plugin.manager import Plugins

    registry = Plugins().registry
    for kind, offers in registry.offers.items():
        yield True, f"{len(offers)} of kind {kind}: bench plugins lists them"
    yield from ((False, str(broken)) for broken in registry.broken)


def _datasets(locations: Locations) -> Iterator[Line]:
    from benchmark.plugin.manager import Plugins

    registry = Plugins().registry
    for name in registry.names("dataset"):
        component: Any = registry.offers["dataset"][name][0].component
        if component.synthetic:
            yield True, f"{name}: made here, whenever it is asked for"
            continue
        places = [locations.named[name]] if name in locations.named else []
        places += [
            folder for place in locations.data for folder in (place, place / name) if folder.name == name
        ]
        there = [place for place in places if place.is_dir()]
        if there:
            yield True, f"{name}: {there[0]} (bench data verify {name} looks into it)"
        else:
            yield (
                False,
                f"{name}: say where it is, by --data {name}=DIR or by {DATA_VARIABLE}=DIR that holds '{name}'",
            )


def _weights() -> Iterator[Line]:
    from benchmark.plugin.manager import Plugins

    registry = Plugins().registry
    nothing = True
    for name in registry.names("model"):
        component: Any = registry.offers["model"][name][0].component
        for what, file, source in component.published_files():
            nothing = False
            there = file is not None and file.is_file()
            yield there, f"{what}: {file if there else source}"
    if nothing:
        yield True, "no model has any"


def _places(locations: Locations) -> Iterator[Line]:
    for what, folder in (("feature cache", locations.cache), ("results", locations.results)):
        there = next(parent for parent in (folder, *folder.parents) if parent.exists())
        free = shutil.disk_usage(there).free / 2**30
        writable = os.access(there, os.W_OK)
        yield (
            writable,
            f"{what}: {folder} ({free:.0f} GB are free{'' if writable else ', and it cannot be written'})",
        )


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
