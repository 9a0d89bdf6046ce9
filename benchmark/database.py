"""SQLite files that hold what can be made again: what of them is damaged is begun anew."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path

# What using a database raises; Python cannot even read some messages about a damaged one.
FAILURES = (OSError, sqlite3.Error, UnicodeDecodeError)
# What is wrong with the machine, and not with the file.
_ELSEWHERE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_AUTH,
    sqlite3.SQLITE_NOLFS,
}


def connect(file: Path, tables: Iterable[str] = ()) -> sqlite3.Connection:
    """Open a database; with ``tables``, statements that make them, it may be made, else it must be there.

    A transaction that has ended is on the disk.

    Raises:
        FAILURES: when it cannot be opened, or is damaged (see ``is_damage``).
    """
    if not tables:
        return sqlite3.connect(f"{file.resolve().as_uri()}?mode=rw", timeout=60, uri=True)
    base = sqlite3.connect(file, timeout=60)
    try:
        # FULL leaves the journal's name to be removed later: if power goes before that, the transaction is undone.
        base.execute("PRAGMA synchronous = EXTRA")
        for table in tables:
            base.execute(table)
    except FAILURES:
        base.close()
        raise
    return base


def columns(base: sqlite3.Connection, table: str) -> list[str]:
    """Return the names of a table's columns."""
    return [name for _, name, *_ in base.execute(f"PRAGMA table_info({table})")]


def add_column(base: sqlite3.Connection, table: str, column: str, kind: str) -> None:
    """Add a column to a table that was made by a version that had none such; its values are NULL."""
    if column not in columns(base, table):
        with base:
            base.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")


def is_damage(error: Exception, file: Path) -> bool:
    """Whether an error says that the file is damaged, and not that the disk is full or that others hold it."""
    if isinstance(error, OSError):
        return False
    # Python's own complaints, about text that is not UTF-8, have no code.
    code = (getattr(error, "sqlite_errorcode", None) or sqlite3.SQLITE_CORRUPT) & 0xFF
    if code == sqlite3.SQLITE_READONLY:
        return os.access(file, os.W_OK) and os.access(file.parent, os.W_OK)
    return code not in _ELSEWHERE


def remove(file: Path) -> None:
    """Remove a database, and what belongs to it and to no other."""
    for ending in ("", "-journal", "-wal", "-shm"):
        file.with_name(file.name + ending).unlink(missing_ok=True)
