"""Files and folders that are written whole or not at all, and are there after a power cut.

What is written goes under another name first, is synced, gets its own name, and then the folder that holds the name is
synced. Whoever is killed, or loses power, leaves what was there before, and perhaps a name that begins with
``TEMPORARY``, which ``remove_leftovers`` removes.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

TEMPORARY = ".tmp-"
_SQLITE_FULL = 13
_SYNCED_AT_ONCE = 16
_ASIDE = f"{TEMPORARY}old-"
# Some file systems, and Windows, keep folders without being asked, and cannot be.
_CANNOT = (errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES, errno.EPERM, errno.EISDIR)


def write_bytes(file: Path, content: bytes) -> None:
    """Write a file, whole or not at all.

    Raises:
        OSError: when it cannot be written; what was there before is still there.
    """
    with whole_file(file) as temporary:
        temporary.write_bytes(content)


def write_text(file: Path, text: str) -> None:
    """Write a file in UTF-8, whole or not at all. Line ends are as in ``text``.

    Raises:
        OSError: when it cannot be written; what was there before is still there.
    """
    write_bytes(file, text.encode())


@contextmanager
def whole_file(file: Path) -> Iterator[Path]:
    """Yield a path of the same ending to write to; it takes the place of ``file`` when the block ends well.

    Raises:
        OSError: when it cannot be written; what was there before is still there.
    """
    temporary = file.with_name(_temporary_name(file.name))
    try:
        yield temporary
        sync_file(temporary)
        os.replace(temporary, file)
        sync_folder(file.parent)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def whole_folder(folder: Path, replaces: Path | None = None, within: Path | None = None) -> Iterator[Path]:
    """Yield an empty folder to fill; it becomes ``folder`` when the block ends well.

    Args:
        folder: its name, which must be free, or that of ``replaces``.
        replaces: an older folder in the same place, which is removed. Between its end and the new one's beginning it
            lies under a name that ``replaced_name`` knows.
        within: a folder on the same disk in which both are meanwhile, by default that of ``folder``. Whoever takes them
            out of it keeps the new one from its place.

    Raises:
        OSError: when it cannot be written; what was there before is still there, or within ``within``.
    """
    within = folder.parent if within is None else within
    temporary = within / _temporary_name(folder.name)
    try:
        make_folder(folder.parent)
        temporary.mkdir()
        yield temporary
        _sync_tree(temporary)
        aside = None
        if replaces is not None:
            aside = within / f"{_ASIDE}{os.getpid()}-{replaces.name}"
            shutil.rmtree(aside, ignore_errors=True)
            os.rename(replaces, aside)
        os.rename(temporary, folder)
        sync_folder(folder.parent)
        if aside is not None:
            shutil.rmtree(aside, ignore_errors=True)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def move(source: Path, target: Path) -> None:
    """Rename a file or folder within its folder, for good."""
    os.rename(source, target)
    sync_folder(target.parent)


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, for good; one that is there is left as it is."""
    new = []
    while not folder.is_dir():
        new.append(folder)
        if folder.parent == folder:
            break
        folder = folder.parent
    for missing in reversed(new):
        missing.mkdir(exist_ok=True)
        sync_folder(missing.parent)


def remove_leftovers(folder: Path, name: str = "*") -> None:
    """Remove what writers of ``name`` (a pattern) left in a folder; call while nobody writes it."""
    for leftover in folder.glob(f"{TEMPORARY}*-{name}"):
        if leftover.is_dir() and not leftover.is_symlink():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            with suppress(OSError):
                leftover.unlink(missing_ok=True)


def replaced_name(leftover: str) -> str | None:
    """Return the name of the folder that a leftover was before a newer one replaced it, or None for another kind."""
    number, dash, name = leftover.removeprefix(_ASIDE).partition("-")
    return name if leftover.startswith(_ASIDE) and number.isdecimal() and dash else None


def is_full(error: Exception) -> bool:
    """Whether an error says that a disk, or what one may use of it, is full."""
    full = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
    # SQLite has a number of its own for it, the lowest byte of its code.
    return (
        getattr(error, "errno", None) in full
        or (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF == _SQLITE_FULL
    )


def sync_file(file: Path) -> None:
    """Wait until a file's content is on the disk."""
    descriptor = os.open(file, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, where that can be asked for."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        if error.errno in _CANNOT:
            return
        raise
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _CANNOT:
            raise
    finally:
        os.close(descriptor)


def _sync_tree(folder: Path) -> None:
    """Wait until a folder and all below it is on the disk: files first, all at once.

    A file system with a journal then writes that once, and not once a file.
    """
    from concurrent.futures import ThreadPoolExecutor

    places = [(Path(place), names) for place, _, names in os.walk(folder, topdown=False)]
    files = [place / name for place, names in places for name in names]
    with ThreadPoolExecutor(_SYNCED_AT_ONCE) as pool:
        for _ in pool.map(sync_file, files):
            pass
    for place, _ in places:
        sync_folder(place)


def _temporary_name(name: str) -> str:
    return f"{TEMPORARY}{uuid4().hex[:12]}-{name}"
