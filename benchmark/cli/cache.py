"""``bench cache``: what the cache holds, and removing it."""

from __future__ import annotations

import json
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmark.cli.options import locations_options
from benchmark.exceptions import UsageError

if TYPE_CHECKING:
    from benchmark.locations import Locations

_UNITS = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


@dataclass(frozen=True)
class Entry:
    """One folder of the cache: a feature space, or what a dataset keeps; ``used`` is a time in seconds."""

    folder: Path
    description: str
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


@command.command()
@click.option("--older-than", metavar="TIME", help="Only what was last used longer ago: 12h, 30d, 8w.")
@click.option("--dry-run", is_flag=True, help="Say what would be removed.")
@click.pass_obj
def prune(locations: Locations, older_than: str | None, dry_run: bool) -> None:
    """Remove computed features and generated data; they are made again when they are needed."""
    from filelock import FileLock, Timeout

    age = _seconds(older_than) if older_than else 0.0
    for entry in entries(locations.cache):
        if time.time() - entry.used < age:
            continue
        if not dry_run:
            lock = FileLock(entry.folder / "writer.lock")
            try:
                with lock.acquire(timeout=0):
                    for child in entry.folder.iterdir():
                        if child.name != "writer.lock":
                            shutil.rmtree(child) if child.is_dir() else child.unlink()
            except Timeout:
                click.echo(f"kept {entry.folder}: a run is writing it")
                continue
            shutil.rmtree(entry.folder, ignore_errors=True)
        click.echo(f"{'would remove' if dry_run else 'removed'} {entry.folder} ({entry.size / 1e6:.1f} MB)")


def entries(cache: Path) -> list[Entry]:
    """Return what the cache holds, the largest first."""
    folders = [
        folder
        for place in ("features", "synthetic", "formats")
        for folder in sorted((cache / place).glob("*"))
    ]
    found = []
    for folder in folders:
        files = [file for file in folder.rglob("*") if file.is_file()]
        meta = folder / "meta.json"
        used = (meta if meta.is_file() else folder).stat().st_mtime
        found.append(Entry(folder, _describe(meta), sum(file.stat().st_size for file in files), used))
    return sorted(found, key=lambda entry: -entry.size)


def _show(cache: Path) -> None:
    found = entries(cache)
    for entry in found:
        days = (time.time() - entry.used) / 86400
        click.echo(
            f"{entry.size / 1e6:10.1f} MB  used {days:.1f} days ago  {entry.folder.relative_to(cache)}  "
            f"{entry.description}"
        )
    click.echo(f"{sum(entry.size for entry in found) / 1e6:10.1f} MB in all, in {cache}")


def _describe(meta: Path) -> str:
    try:
        content = json.loads(meta.read_text(encoding="utf-8"))
        rows = (meta.parent / "data.bin").stat().st_size // max(1, _product(content["shape"]))
        return f"{content['name']} {content['shape']}: {rows} items"
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _product(shape: list[int]) -> int:
    size = 1
    for length in shape:
        size *= length
    return size


def _seconds(text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([mhdw])", text)
    if not match:
        raise UsageError(f"--older-than {text}: write a number and m, h, d or w, such as 30d.")
    return float(match[1]) * _UNITS[match[2]]
