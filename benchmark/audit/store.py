"""What is remembered of recordings, by their content: fingerprints, and which recordings were found to be one."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.audit.fingerprint import VERSION
from benchmark.exceptions import CacheError

if TYPE_CHECKING:
    import numpy as np

# Two contents, and whether they are one recording nearly throughout: else they only have a part in common.
Pair = tuple[str, str, bool]
# About 150,000 clips of 30 s; beyond it, what was stored first is forgotten.
MOST_BYTES = 2_000_000_000
_CHUNK = 500
_TABLES = (
    "CREATE TABLE IF NOT EXISTS prints (content TEXT PRIMARY KEY, words BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS searches (key TEXT PRIMARY KEY, pairs TEXT NOT NULL)",
)


class PrintStore:
    """Fingerprints and findings below the cache folder. A damaged file is begun anew: all of it can be made again."""

    def __init__(self, cache: Path) -> None:
        self.folder = cache / "fingerprints" / f"v{VERSION}"
        self._file = self.folder / "prints.sqlite"

    def read(self, contents: Sequence[str]) -> dict[str, np.ndarray]:
        """Return the fingerprints that are stored, by content.

        Raises:
            CacheError: when the cache cannot be read or written.
        """
        import numpy as np

        found: dict[str, np.ndarray] = {}
        with self._connection() as base:
            for start in range(0, len(contents), _CHUNK):
                some = contents[start : start + _CHUNK]
                marks = ",".join("?" * len(some))
                query = f"SELECT content, words FROM prints WHERE content IN ({marks})"  # noqa: S608
                found |= {
                    content: np.frombuffer(words, "<u4") for content, words in base.execute(query, some)
                }
        return found

    def write(self, prints: Mapping[str, np.ndarray]) -> None:
        """Store fingerprints.

        Raises:
            CacheError: when the cache cannot be written.
        """
        rows = [(content, words.astype("<u4").tobytes()) for content, words in prints.items()]
        with self._connection() as base, base:
            base.executemany("INSERT OR REPLACE INTO prints VALUES (?, ?)", rows)
            if self._file.stat().st_size > MOST_BYTES:
                keep = (
                    "SELECT rowid FROM prints ORDER BY rowid DESC LIMIT (SELECT count(*) * 3 / 4 FROM prints)"
                )
                base.execute(f"DELETE FROM prints WHERE rowid NOT IN ({keep})")  # noqa: S608

    def search(self, contents: Iterable[str]) -> list[Pair] | None:
        """Return the pairs that were found among exactly these recordings, or None if they were not searched yet.

        Raises:
            CacheError: when the cache cannot be read or written.
        """
        with self._connection() as base:
            row = base.execute("SELECT pairs FROM searches WHERE key = ?", [_key(contents)]).fetchone()
        return (
            None if row is None else [(first, second, whole) for first, second, whole in json.loads(row[0])]
        )

    def keep_search(self, contents: Iterable[str], pairs: Sequence[Pair]) -> None:
        """Remember the pairs that were found among these recordings.

        Raises:
            CacheError: when the cache cannot be written.
        """
        with self._connection() as base, base:
            base.execute("INSERT OR REPLACE INTO searches VALUES (?, ?)", [_key(contents), json.dumps(pairs)])

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        from filelock import FileLock

        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            # Whoever prunes the cache holds the lock beside the folder.
            with FileLock(self.folder.parent / f".{self.folder.name}.lock"):
                self.folder.mkdir(exist_ok=True)
                with closing(self._opened()) as base:
                    yield base
        except (OSError, sqlite3.DatabaseError) as error:
            full = "full" in str(error) or getattr(error, "errno", None) == 28
            free = shutil.disk_usage(next(p for p in self.folder.parents if p.exists())).free / 1e6
            why = f"the disk is full, {free:.0f} MB are free" if full else str(error)
            raise CacheError(
                f"Fingerprints cannot be kept in {self.folder} ({why}); choose another cache: --cache DIR."
            ) from error

    def _opened(self) -> sqlite3.Connection:
        base = sqlite3.connect(self._file, timeout=60)
        try:
            for table in _TABLES:
                base.execute(table)
            base.execute("SELECT count(*) FROM searches").fetchone()
        except sqlite3.OperationalError:
            base.close()
            raise
        except sqlite3.DatabaseError:
            base.close()
            for name in (self._file, f"{self._file}-journal"):
                Path(name).unlink(missing_ok=True)
            base = sqlite3.connect(self._file, timeout=60)
            for table in _TABLES:
                base.execute(table)
        os.utime(self._file)
        return base


def _key(contents: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(contents)).encode()).hexdigest()
