"""Folders that are made by a program: whole or absent, also when two processes make one at the same time."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmark.exceptions import DatasetError


def generated_folder(folder: Path, write: Callable[[Path], None], *, complete: str) -> Path:
    """Return ``folder`` with the files that ``write`` makes, which is called only if they are not there yet.

    Args:
        folder: where they belong.
        write: fills an empty folder that it is given.
        complete: a file that ``write`` makes; a folder without it is not used, and replaced.

    Raises:
        DatasetError: when the files cannot be written.
    """
    if (folder / complete).is_file():
        return folder
    from filelock import FileLock

    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.parent / f".{folder.name}.lock"):
            if not (folder / complete).is_file():
                _make(folder, write)
    except OSError as error:
        raise DatasetError(f"{folder}: its files cannot be written: {error.strerror or error}.") from error
    return folder


def _make(folder: Path, write: Callable[[Path], None]) -> None:
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    try:
        write(temporary)
        if folder.exists():
            shutil.rmtree(folder)
        temporary.chmod(0o755)  # mkdtemp's folders are for one user, and a cache may be for several
        os.rename(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
