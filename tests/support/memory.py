"""Temporary files of tests in memory, where there is room: on a disk, thousands of small ones take much of the time."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

# Linux has files in memory there; containers often have very little of it.
_IN_MEMORY = Path("/dev/shm")
_ROOM = 4 << 30
_PREFIX = "genrebench-tests-"


def keep_files_in_memory() -> None:
    """Have this process and those that it starts make temporary files in memory, unless they are told where already."""
    if "TMPDIR" in os.environ or not _has_room():
        return
    _remove_what_ended_processes_left()
    os.environ["TMPDIR"] = str(_folder(os.getpid()))
    _folder(os.getpid()).mkdir(mode=0o700)
    # What is looked up once.
    tempfile.tempdir = None


def remove_at_end() -> None:
    """Remove them all when this process ends, if it is the one that had them made there."""
    atexit.register(shutil.rmtree, _folder(os.getpid()), ignore_errors=True)


def _has_room() -> bool:
    if not os.access(_IN_MEMORY, os.W_OK) or shutil.disk_usage(_IN_MEMORY).free <= _ROOM:
        return False
    # Tests run programs that they write.
    return not os.statvfs(_IN_MEMORY).f_flag & os.ST_NOEXEC


def _folder(process: int) -> Path:
    return _IN_MEMORY / f"{_PREFIX}{process}"


def _remove_what_ended_processes_left() -> None:
    for folder in _IN_MEMORY.glob(f"{_PREFIX}*"):
        process = folder.name.removeprefix(_PREFIX)
        if process.isdigit() and not Path("/proc", process).exists():
            shutil.rmtree(folder, ignore_errors=True)
