"""What is remembered of recordings, by their content: fingerprints, and which recordings were found to be one."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from benchmark.data.recordings.fingerprint import VERSION
from benchmark.database import FAILURES, add_column, connect, is_damage, remove
from benchmark.digests import checksum
from benchmark.exceptions import CacheError
from benchmark.files import is_full, make_folder

if TYPE_CHECKING:
    import numpy as np

# Two contents, and whether they are one recording nearly throughout: else they only have a part in common.
Pair = tuple[str, str, bool]
T = TypeVar("T")
# About 150,000 clips of 30 s; beyond it, what was stored first is forgotten.
MOST_BYTES = 2_000_000_000
_CHUNK = 500
_TABLES = (
    "CREATE TABLE IF NOT EXISTS prints (content TEXT PRIMARY KEY, words BLOB NOT NULL, checksum INTEGER)",
    "CREATE TABLE IF NOT EXISTS searches (key TEXT PRIMARY KEY, pairs TEXT NOT NULL, checksum INTEGER)",
    "CREATE TABLE IF NOT EXISTS lost (content TEXT PRIMARY KEY, reason TEXT NOT NULL, checksum INTEGER)",
)


class PrintStore:
    """Fingerprints and findings below the cache folder, each with a checksum of it and its key.

    What is damaged counts as absent, and a damaged file is begun anew: all of it can be made again.
    """

    def __init__(self, cache: Path) -> None:
        self.folder = cache / "fingerprints" / f"v{VERSION}"
        self._file = self.folder / "prints.sqlite"
        self._is_checked = False

    def read(self, contents: Sequence[str]) -> dict[str, np.ndarray]:
        """Return the fingerprints that are stored, by content.

        Raises:
            CacheError: when the cache cannot be read or written.
        """
        import numpy as np

        def read(base: sqlite3.Connection) -> dict[str, np.ndarray]:
            prints: dict[str, np.ndarray] = {}
            for start in range(0, len(contents), _CHUNK):
                some = contents[start : start + _CHUNK]
                marks = ",".join("?" * len(some))
                query = f"SELECT content, words, checksum FROM prints WHERE content IN ({marks})"  # noqa: S608
                prints |= {
                    content: np.frombuffer(words, "<u4")
                    for content, words, known in base.execute(query, some)
                    if _is_sound(content, words, known) and len(words) % 4 == 0
                }
            return prints

        return self._use(read)

    def write(self, prints: Mapping[str, np.ndarray]) -> None:
        """Store fingerprints.

        Raises:
            CacheError: when the cache cannot be written.
        """
        stored = {content: words.astype("<u4").tobytes() for content, words in prints.items()}
        rows = [(content, words, checksum(content, words)) for content, words in stored.items()]

        def write(base: sqlite3.Connection) -> None:
            # What is to be written was looked for: an index that is damaged may hide it for ever.
            if not self._is_checked and base.execute("PRAGMA integrity_check(1)").fetchone() != ("ok",):
                raise sqlite3.DatabaseError("its pages do not fit together")
            self._is_checked = True
            with base:
                base.executemany(
                    "INSERT OR REPLACE INTO prints (content, words, checksum) VALUES (?, ?, ?)", rows
                )
                if self._file.stat().st_size > MOST_BYTES:
                    newest = "ORDER BY rowid DESC LIMIT (SELECT count(*) * 3 / 4 FROM prints)"
                    keep = f"SELECT rowid FROM prints {newest}"  # noqa: S608
                    base.execute(f"DELETE FROM prints WHERE rowid NOT IN ({keep})")  # noqa: S608

        self._use(write)

    def lost(self, contents: Sequence[str]) -> dict[str, str]:
        """Return why nothing is known of recordings that hung or killed whoever looked at them, by content.

        Raises:
            CacheError: when the cache cannot be read or written.
        """
        wanted = set(contents)

        def read(base: sqlite3.Connection) -> dict[str, str]:
            return {
                content: reason
                for content, reason, known in base.execute("SELECT content, reason, checksum FROM lost")
                if content in wanted
                and isinstance(reason, str)
                and _is_sound(content, reason.encode(), known)
            }

        return self._use(read)

    def keep_lost(self, reasons: Mapping[str, str]) -> None:
        """Remember which recordings are lost, by content, and why.

        Raises:
            CacheError: when the cache cannot be written.
        """
        rows = [(content, reason, checksum(content, reason.encode())) for content, reason in reasons.items()]

        def write(base: sqlite3.Connection) -> None:
            with base:
                base.executemany(
                    "INSERT OR REPLACE INTO lost (content, reason, checksum) VALUES (?, ?, ?)", rows
                )

        if rows:
            self._use(write)

    def forget_lost(self, contents: Iterable[str]) -> None:
        """Have recordings that are lost be tried again.

        Raises:
            CacheError: when the cache cannot be written.
        """
        rows = [(content,) for content in contents]

        def write(base: sqlite3.Connection) -> None:
            with base:
                base.executemany("DELETE FROM lost WHERE content = ?", rows)

        self._use(write)

    def search(self, contents: Iterable[str]) -> list[Pair] | None:
        """Return the pairs that were found among exactly these recordings, or None if they were not searched yet.

        Raises:
            CacheError: when the cache cannot be read or written.
        """
        key = _key(contents)
        query = "SELECT pairs, checksum FROM searches WHERE key = ?"
        row = self._use(lambda base: base.execute(query, [key]).fetchone())
        if row is None or not isinstance(row[0], str) or not _is_sound(key, row[0].encode(), row[1]):
            return None
        try:
            return [(first, second, whole) for first, second, whole in json.loads(row[0])]
        except (ValueError, TypeError):
            return None

    def keep_search(self, contents: Iterable[str], pairs: Sequence[Pair]) -> None:
        """Remember the pairs that were found among these recordings.

        Raises:
            CacheError: when the cache cannot be written.
        """
        key, text = _key(contents), json.dumps(pairs)
        row = (key, text, checksum(key, text.encode()))

        def write(base: sqlite3.Connection) -> None:
            with base:
                base.execute("INSERT OR REPLACE INTO searches (key, pairs, checksum) VALUES (?, ?, ?)", row)

        self._use(write)

    def _use(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Return what ``work`` does with the file, which is begun anew where it is damaged."""
        from filelock import FileLock

        try:
            make_folder(self.folder.parent)
            # Whoever prunes the cache holds the lock beside the folder.
            with FileLock(self.folder.parent / f".{self.folder.name}.lock"):
                make_folder(self.folder)
                try:
                    return self._worked(work)
                except FAILURES as error:
                    if not is_damage(error, self._file):
                        raise
                    remove(self._file)
                    return self._worked(work)
        except FAILURES as error:
            free = shutil.disk_usage(next(p for p in self.folder.parents if p.exists())).free / 1e6
            why = f"the disk is full, {free:.0f} MB are free" if is_full(error) else str(error)
            raise CacheError(
                f"Fingerprints cannot be kept in {self.folder} ({why}); choose another cache: --cache DIR."
            ) from error

    def _worked(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with closing(connect(self._file, _TABLES)) as base:
            for table in ("prints", "searches"):
                add_column(base, table, "checksum", "INTEGER")
            done = work(base)
        os.utime(self._file)
        return done


def _is_sound(key: object, content: object, known: object) -> bool:
    """Whether what was read is what was stored under its key; of rows of older versions nothing is known."""
    if not isinstance(key, str) or not isinstance(content, bytes):
        return False
    return known is None or known == checksum(key, content)


def _key(contents: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(contents)).encode()).hexdigest()
