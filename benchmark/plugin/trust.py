"""Which benchfiles the user has said may run: remembered by content, in a file of the user's own."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from datetime import UTC, datetime
from importlib.machinery import all_suffixes
from pathlib import Path

from benchmark.locations import default_state
from benchmark.plugin.benchfile import Benchfile

TRUST_VARIABLE = "BENCH_TRUST"
MEMORY = "trusted-benchfiles.jsonl"
MOST_NEIGHBOURS, MOST_FOLDERS = 500, 2000


def is_trusted(benchfile: Benchfile) -> bool:
    """Whether a benchfile may run: it lies where ``$BENCH_TRUST`` says, or its content was agreed to."""
    return _lies_in_trusted_folder(benchfile.path) or fingerprint(benchfile) in _remembered()


def fingerprint(benchfile: Benchfile) -> str:
    """Return a hash of what is agreed to: the benchfile, and the modules beside it, which it may import.

    Where these are too many for anybody to look at, the folder's name stands for them.
    """
    folder = benchfile.path.resolve().parent
    files = neighbours(benchfile)
    parts = [benchfile.digest]
    if files is None:
        parts.append(str(folder))
    else:
        parts += [f"{file.relative_to(folder)} {_file_digest(file)}" for file in sorted(files)]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def neighbours(benchfile: Benchfile) -> list[Path] | None:
    """Return the files below a benchfile's folder that could be imported, the benchfile aside; None for too many."""
    own = benchfile.path.resolve()
    importable: list[Path] = []
    for count, (folder, folders, names) in enumerate(os.walk(own.parent)):
        # Of a virtual environment only its own modules know, and hidden folders are no packages.
        folders[:] = [
            name
            for name in folders
            if name.isidentifier()
            and name != "__pycache__"
            and not os.path.exists(f"{folder}/{name}/pyvenv.cfg")
        ]
        files = (Path(folder, name) for name in names if name.endswith(tuple(all_suffixes())))
        importable += [file for file in files if file != own]
        if len(importable) > MOST_NEIGHBOURS or count > MOST_FOLDERS:
            return None
    return importable


def _file_digest(file: Path) -> str:
    try:
        if not file.is_file():
            return "no file"
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        return str(error.errno)


def remember(benchfile: Benchfile) -> None:
    """Note that this content may run; a changed one is another.

    Raises:
        OSError: when the note cannot be written.
    """
    file = default_state() / MEMORY
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    facts = {
        "sha256": fingerprint(benchfile),
        "path": str(benchfile.path),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8") as stream:
        stream.write(json.dumps(facts) + "\n")


def _lies_in_trusted_folder(path: Path) -> bool:
    """``$BENCH_TRUST`` is 1 for every place, or folders: all below them may run, however often it is edited."""
    given = os.environ.get(TRUST_VARIABLE, "")
    if given == "1":
        return True
    folders = [Path(folder).expanduser() for folder in given.split(os.pathsep)]
    return any(folder.is_absolute() and path.resolve().is_relative_to(folder.resolve()) for folder in folders)


def _remembered() -> set[str]:
    """Return the contents that were agreed to. A file that others may write is not believed."""
    file = default_state() / MEMORY
    try:
        with file.open(encoding="utf-8", errors="replace") as stream:
            state = os.fstat(stream.fileno())
            if hasattr(os, "getuid") and (
                state.st_uid != os.getuid() or state.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
            ):
                return set()
            return {digest for line in stream if (digest := _digest(line))}
    except OSError:
        return set()


def _digest(line: str) -> str:
    try:
        return str(json.loads(line)["sha256"])
    except (ValueError, KeyError, TypeError):
        return ""
