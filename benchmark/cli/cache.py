"""``bench cache``: what the cache holds, and removing it."""

from __future__ import annotations

import glob
import json
import os
import re
import shutil
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmark.backend import PROGRAMS_BYTES
from benchmark.claims import owners
from benchmark.cli.options import locations_options
from benchmark.exceptions import UsageError
from benchmark.files import TEMPORARY
from benchmark.locations import default_programs

if TYPE_CHECKING:
    from benchmark.locations import Locations
    from benchmark.plugin.registry import Registry

_UNITS = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_BYTES = {"uint8": 1, "float32": 4, "uint32": 4}


@dataclass(frozen=True)
class CachedFolder:
    """One folder of the cache: a feature space, or what a dataset keeps.

    ``size`` is in bytes, ``used`` the time of its last use in seconds since the epoch, and ``lock`` the file that
    whoever writes the folder holds.
    """

    folder: Path
    lock: Path
    size: int
    used: float


@click.group(invoke_without_command=True)
@locations_options
@click.pass_context
def command(context: click.Context, locations: Locations) -> None:
    """Show what the cache holds; 'bench cache prune' removes it."""
    context.obj = locations
    if context.invoked_subcommand is None:
        _show(locations.cache)


_CACHE = click.option(
    "--cache", type=click.Path(path_type=Path), help="The feature cache; also $BENCH_CACHE."
)


@command.command()
@_CACHE
@click.pass_obj
def show(locations: Locations, cache: Path | None) -> None:
    """Show what the cache holds, the largest first (the default)."""
    _show(cache or locations.cache)


@command.command()
@_CACHE
@click.option("--older-than", metavar="TIME", help="What was last used longer ago than this: 12h, 30d, 8w.")
@click.option("--all", "everything", is_flag=True, help="All that no other process is writing.")
@click.option("--dry-run", is_flag=True, help="Say what would be removed.")
@click.pass_obj
def prune(
    locations: Locations, cache: Path | None, older_than: str | None, everything: bool, dry_run: bool
) -> None:
    """Remove computed features and generated data, by default what was not used for 30 days.

    They are made again when they are needed.
    """
    if everything and older_than:
        raise UsageError("--all and --older-than do not go together.")
    age = 0.0 if everything else _seconds(older_than or "30d")
    place = cache or locations.cache
    kept = entries(place)
    old = [entry for entry in kept if everything or time.time() - entry.used > age]
    removed = sum(_remove(entry, dry_run) for entry in old)
    total = sum(entry.size for entry in kept)
    click.echo(
        f"{'Would remove' if dry_run else 'Removed'} {_megabytes(removed)} of {_megabytes(total)} in {place}."
    )
    if kept and not old:
        click.echo(f"All of it was used in the last {older_than or '30d'}; --all removes it too.")


def entries(cache: Path) -> list[CachedFolder]:
    """Return what the cache holds, the largest first.

    A folder counts only if the lock lies beside it that the harness makes before it writes one, so that a wrong
    ``--cache`` never shows, or loses, anybody's other folders. Folders that an interrupted process left are entries
    too.
    """
    kept = []
    for lock in cache.glob("*/.*.lock"):
        name = lock.name[1 : -len(".lock")]
        left = (f".{glob.escape(name)}-*/", f"{TEMPORARY}*-{glob.escape(name)}/")
        for folder in (
            lock.parent / name,
            *(match for pattern in left for match in lock.parent.glob(pattern)),
        ):
            if folder.is_dir():
                kept.append(_entry(folder, lock))
    if (cache / "probe").is_dir():
        kept.append(_entry(cache / "probe", cache / ".probe.lock"))
    return sorted(kept, key=lambda entry: (-entry.size, entry.folder))


def _states(folder: Path) -> list[os.stat_result]:
    """Return the states of all files in a folder, but those that another process removes meanwhile."""
    states = []
    for file in folder.rglob("*"):
        with suppress(FileNotFoundError):
            if file.is_file():
                states.append(file.stat())
    return states


def _entry(folder: Path, lock: Path) -> CachedFolder:
    states = _states(folder)
    meta = folder / "meta.json"
    if meta.is_file():  # touched at each use of a feature space
        used = meta.stat().st_mtime
    else:
        used = max((max(state.st_atime, state.st_mtime) for state in states), default=folder.stat().st_mtime)
    return CachedFolder(folder, lock, sum(state.st_size for state in states), used)


def _remove(entry: CachedFolder, dry_run: bool) -> int:
    """Remove an entry, unless somebody writes it; return its size if that went well."""
    from filelock import FileLock, Timeout

    from benchmark.data.store import claims_folder

    if dry_run:
        click.echo(f"would remove {entry.folder} ({_megabytes(entry.size)})")
        return entry.size
    try:
        with FileLock(entry.lock, timeout=0):
            if any(not owner.is_gone() for owner in owners(claims_folder(entry.folder))):
                raise Timeout(str(entry.lock))
            # Under its own name it must be whole or absent, whatever happens to the rest of this.
            grave = tempfile.mkdtemp(dir=entry.folder.parent, prefix=f".{entry.folder.name.lstrip('.')}-")
            os.rename(entry.folder, grave)
            shutil.rmtree(grave)
    except Timeout:
        click.echo(f"kept {entry.folder}: another process is writing it")
        return 0
    except OSError as error:
        click.echo(f"kept {entry.folder}: it cannot be removed ({error.strerror or error})", err=True)
        return 0
    click.echo(f"removed {entry.folder} ({_megabytes(entry.size)})")
    return entry.size


def _show(cache: Path) -> None:
    from tabulate import tabulate

    from benchmark.plugin.manager import Plugins

    kept = entries(cache)
    registry = Plugins().registry
    rows = [
        (
            _megabytes(entry.size),
            _ago(entry.used),
            entry.folder.relative_to(cache),
            _describe(entry, registry),
        )
        for entry in kept
    ]
    if rows:
        click.echo(tabulate(rows, headers=("size", "last used", "folder", "holds"), disable_numparse=True))
    click.echo(f"{_megabytes(sum(entry.size for entry in kept))} in all, in {cache}")
    programs = default_programs()
    if programs.is_dir():
        size = sum(state.st_size for state in _states(programs))
        click.echo(
            f"{_megabytes(size)} of programs compiled for GPUs, in {programs} (at most {_megabytes(PROGRAMS_BYTES)}: "
            "those not used for longest go first; the folder can be removed)"
        )


def _describe(entry: CachedFolder, registry: Registry) -> str:
    if entry.folder.name == "probe":
        return "what was found out about audio files"
    if entry.folder.name.startswith("."):
        return "left by an interrupted process"
    try:
        meta = json.loads((entry.folder / "meta.json").read_text(encoding="utf-8"))
        row = prod(meta["shape"]) * _BYTES[meta["dtype"]]
        count = (entry.folder / "data.bin").stat().st_size // row
        size = "x".join(map(str, meta["shape"]))
        chosen = "".join(f", {name}={value}" for name, value in _chosen(meta, registry).items())
        return f"{meta['name']} {meta['version']}, {size} {meta['dtype']}, {count} items{chosen}"
    except (OSError, ValueError, KeyError, TypeError):
        return f"{entry.folder.parent.name} data" if entry.folder.parent.name != "features" else "damaged"


def _chosen(meta: dict[str, Any], registry: Registry) -> dict[str, Any]:
    """Return the parameters that are not at their default, as far as that is known."""
    from benchmark.exceptions import PluginError
    from benchmark.plugin.parameters import parameters_of

    try:
        known = parameters_of(registry.offer("features", meta["name"]).component)
    except PluginError:
        known = {}
    return {
        name: value
        for name, value in meta["parameters"].items()
        if name not in known or known[name].default != value
    }


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def _ago(then: float) -> str:
    seconds = max(0.0, time.time() - then)
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit} ago"
    return "just now"


def _seconds(text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([mhdw])", text)
    if not match:
        raise UsageError(f"--older-than {text}: write a number and m, h, d or w, such as 30d.")
    return float(match[1]) * _UNITS[match[2]]
