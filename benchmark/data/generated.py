"""Folders that are made by a program: whole or absent, also when two processes make one at the same time."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmark.digests import file_digest, is_intact, sealed
from benchmark.exceptions import DatasetError
from benchmark.files import TEMPORARY, make_folder, remove_leftovers, whole_folder, write_text

LISTING = ".files.json"
_ALMOST_FULL = 1_000_000


def generated_folder(folder: Path, write: Callable[[Path], None], *, complete: str) -> Path:
    """Return ``folder`` with the files that ``write`` makes; it is called only if they are not there as it made them.

    A list in the folder says what each file was. If one has another size, or other times and content, all are made
    anew. The content of ``complete`` is looked at in any case; of the others, whoever decodes them sees what it is.

    Args:
        folder: where they belong.
        write: fills an empty folder that it is given.
        complete: a file that ``write`` makes; a folder without it is not used, and replaced.

    Raises:
        DatasetError: when the files cannot be read or written.
    """
    try:
        if _is_sound(folder, complete):
            return folder
        from filelock import FileLock

        make_folder(folder.parent)
        with FileLock(folder.parent / f".{folder.name}.lock"):
            if not _is_sound(folder, complete):
                remove_leftovers(folder.parent, folder.name)
                with whole_folder(folder, replaces=folder if folder.exists() else None) as temporary:
                    _fill(temporary, write)
                    (temporary / LISTING).write_text(_listing(temporary), encoding="utf-8")
    except OSError as error:
        raise DatasetError(
            f"{folder}: its files cannot be read or written: {error.strerror or error}."
        ) from error
    return folder


def _fill(folder: Path, write: Callable[[Path], None]) -> None:
    """Have an empty folder filled. Libraries that write audio have errors of their own for a disk that is full."""
    try:
        write(folder)
    except RuntimeError as error:
        if shutil.disk_usage(folder).free > _ALMOST_FULL:
            raise
        reason = "the disk is full; free some space, or choose another cache: --cache DIR"
        raise OSError(errno.ENOSPC, reason) from error


def _is_sound(folder: Path, complete: str) -> bool:
    """Whether a folder is complete, and its files are what they were."""
    if not (folder / complete).is_file():
        return False
    present = _statuses(folder)
    if (folder / LISTING).exists():
        listed = _listed(folder)
        if present.keys() != listed.keys():
            return False
        changed = {name for name, status in present.items() if listed[name][:-1] != _stamp(status)}
        for name in changed | {complete}:
            size, *_, digest = listed[name]
            if size != present[name].st_size or digest != file_digest(folder / name):
                return False
        if not changed:
            return True
    elif not all(status.st_size for status in present.values()):
        # A version that kept no list made it, and did not sync it: a power cut left some files empty.
        return False
    # Where it cannot be written, all of this is only found out again.
    with suppress(OSError):
        write_text(folder / LISTING, _listing(folder))
    return True


def _listing(folder: Path) -> str:
    files = {
        name: [*_stamp(status), file_digest(folder / name)] for name, status in _statuses(folder).items()
    }
    return json.dumps(sealed({"files": files}))


def _listed(folder: Path) -> Mapping[str, list[Any]]:
    """Return what a folder's list says of each file: its size, its times, and its digest; none if it is damaged."""
    try:
        content = json.loads((folder / LISTING).read_text(encoding="utf-8"))
        return content["files"] if is_intact(content) else {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _statuses(folder: Path) -> dict[str, os.stat_result]:
    """Return the files in a folder and below, by their path there, and how large and old they are."""
    return {
        f"{place}/{entry.name}".removeprefix(f"{folder}/"): entry.stat()
        for place, _, _ in os.walk(folder)
        for entry in os.scandir(place)
        if entry.name != LISTING and not entry.name.startswith(TEMPORARY) and entry.is_file()
    }


def _stamp(status: os.stat_result) -> list[int]:
    # Whoever copies files keeps the time of change, and scans look at both: what they hash anew is looked at here too.
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]
