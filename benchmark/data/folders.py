"""Find the folder that holds a dataset, and the audio files below it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.data.audio import EXTENSIONS
from benchmark.exceptions import DatasetError

if TYPE_CHECKING:
    from benchmark.locations import Locations

Recognise = Callable[[Path], Path | None]


def find_root(
    name: str,
    root: str | None,
    locations: Locations,
    recognise: Recognise,
    *,
    layout: str,
    telling: bool = False,
) -> Path:
    """Return the folder of a dataset.

    Looks at the ``root`` that a suite gives, else at ``--data NAME=DIR``, else at each folder of
    ``--data DIR`` and ``$BENCH_DATA``: at itself, and at the folders in it that are called like the dataset.

    Args:
        name: of the dataset.
        root: the dataset's ``root`` parameter.
        locations: where the user keeps data.
        recognise: returns the folder with the tracks when a folder has the dataset's layout, else None.
        layout: what the dataset should look like, for the error.
        telling: whether the layout tells this dataset from all others. If not, a folder of ``--data DIR``
            must be called like the dataset to be taken for it.

    Raises:
        DatasetError: when no place has the layout; says where it looked and what to do.
    """
    looked = list(_places(name, root, locations, telling))
    for place in looked:
        found = recognise(place)
        if found is not None:
            return found
    raise DatasetError(_absent(name, looked, layout))


def find_audio(root: Path) -> list[str]:
    """Return the audio files below a folder, relative to it with ``/``, sorted; hidden ones are junk."""
    return sorted(_walk(root, "", set()))


def _places(name: str, root: str | None, locations: Locations, telling: bool) -> Iterator[Path]:
    if root is not None:
        yield Path(root).expanduser()
    elif name in locations.named:
        yield locations.named[name]
    else:
        for folder in locations.data:
            if telling or folder.name.lower() == name:
                yield folder
            yield from (child for child in subfolders(folder) if child.name.lower() == name)
            if not telling and folder.name.lower() != name:
                yield folder / name


def subfolders(folder: Path) -> list[Path]:
    """Return the folders in a folder, sorted, hidden ones left out; none when it is not there."""
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(e.path) for e in entries if e.is_dir() and not e.name.startswith("."))
    except OSError:
        return []


def _walk(folder: Path, prefix: str, seen: set[str]) -> Iterator[str]:
    real = os.path.realpath(folder)
    if real in seen:  # a link to a folder above
        return
    seen.add(real)
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                yield from _walk(Path(entry.path), f"{prefix}{entry.name}/", seen)
            elif os.path.splitext(entry.name)[1].lower() in EXTENSIONS:
                yield f"{prefix}{entry.name}"


def _absent(name: str, looked: list[Path], layout: str) -> str:
    places = "".join(f"\n  {place}{'' if place.is_dir() else ' (no such folder)'}" for place in looked)
    return (
        f"Dataset '{name}' was not found.\n"
        f"Looked at:{places or ' nothing, as no place for data was given.'}\n"
        f"Expected: {layout}\n"
        f"Say where it is in the suite (dataset: {{{name}: {{root: DIR}}}}), on the command line "
        f"(--data {name}=DIR), or in the environment variable BENCH_DATA (a folder that holds '{name}').\n"
        "To rehearse without it, on synthetic music: bench run SUITE --rehearse"
    )
