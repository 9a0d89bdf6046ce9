"""The store of one feature space: rows in one memory-mapped file, and an index from keys to rows."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sqlite3
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.exceptions import CacheError

if TYPE_CHECKING:
    import numpy as np

DATA, INDEX, META = "data.bin", "index.sqlite", "meta.json"
PATIENCE_SECONDS = 2.0
_CHUNK = 500
_TABLE = "CREATE TABLE IF NOT EXISTS rows (row INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE)"


class FeatureStore:
    """Arrays of one shape by key; one process writes at a time, any number read.

    A row is written and flushed before its key is committed, so a key never leads to a half-written row: after a
    crash, rows without a key are overwritten.
    """

    def __init__(self, folder: Path, shape: Sequence[int], dtype: str, describe: Mapping[str, Any]) -> None:
        self.folder = folder
        self.shape = tuple(shape)
        self.dtype = dtype
        self.row_bytes = prod(self.shape) * (1 if dtype == "uint8" else 4)
        self._describe = dict(describe)

    def rows(self, keys: Sequence[str]) -> np.ndarray:
        """Return the row of each key, int64, -1 where there is none. A damaged index has none, with a warning.

        Raises:
            CacheError: when the index cannot be read.
        """
        import numpy as np

        found: dict[str, int] = {}
        try:
            if (self.folder / INDEX).is_file():
                found = self._lookup(keys)
        except (OSError, sqlite3.OperationalError) as error:
            raise CacheError(
                f"The feature cache {self.folder} cannot be read ({error}); choose another: --cache DIR."
            ) from error
        except sqlite3.DatabaseError as error:
            file = self.folder / INDEX
            warnings.warn(f"{file} is damaged ({error}): features are computed again.", stacklevel=2)
        present = self._rows_on_disk()
        rows = np.array([found.get(key, -1) for key in keys], np.int64)
        rows[rows >= present] = -1
        return rows

    def open_rows(self) -> np.ndarray:
        """Return all rows as a read-only memory map, shape (rows, *shape)."""
        import numpy as np

        count = self._rows_on_disk()
        if count == 0:
            return np.zeros((0, *self.shape), self.dtype)
        return np.memmap(self.folder / DATA, self.dtype, "r", shape=(count, *self.shape))

    def append(self, keys: Sequence[str], arrays: Sequence[np.ndarray]) -> None:
        """Add arrays; keys that are there already are skipped. Call inside ``writing()``.

        Raises:
            CacheError: when the disk is full or the folder cannot be written.
        """
        import numpy as np

        rows = self.rows(keys)
        new = {key: array for key, array, row in zip(keys, arrays, rows, strict=True) if row < 0}
        if not new:
            return
        try:
            with closing(self._connect()) as index:
                first = self._next_row(index)
                with (self.folder / DATA).open("r+b" if (self.folder / DATA).exists() else "w+b") as data:
                    data.seek(first * self.row_bytes)
                    for array in new.values():
                        if array.shape != self.shape or array.dtype != self.dtype:
                            raise CacheError(
                                f"Features of shape {array.shape} and type {array.dtype} do not fit {self.folder}, "
                                f"which holds {self.shape} and {self.dtype}."
                            )
                        data.write(np.ascontiguousarray(array).tobytes())
                    data.flush()
                    os.fsync(data.fileno())
                with index:
                    index.executemany(
                        "INSERT OR REPLACE INTO rows (key, row) VALUES (?, ?)",
                        [(key, first + number) for number, key in enumerate(new)],
                    )
        except (OSError, sqlite3.DatabaseError) as error:
            raise self._unwritable(error, len(new) * self.row_bytes) from error

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the store for writing; waits for another writer, with a warning. A damaged index is begun anew.

        Raises:
            CacheError: when the folder cannot be written.
        """
        from filelock import FileLock, Timeout

        # It lies beside the folder, so that whoever removes the folder can hold it meanwhile.
        lock = FileLock(self.folder.parent / f".{self.folder.name}.lock")
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire(timeout=PATIENCE_SECONDS)
            except Timeout:
                warnings.warn(
                    f"Waiting for another process, which computes features in {self.folder}.", stacklevel=3
                )
                lock.acquire()
        except OSError as error:
            raise self._unwritable(error, 0) from error
        try:
            try:
                self.folder.mkdir(exist_ok=True)
                self._write_meta()
                self._check_index()
            except (OSError, sqlite3.DatabaseError) as error:
                raise self._unwritable(error, 0) from error
            yield
        finally:
            lock.release()

    def touch(self) -> None:
        """Note that the store has been used, for pruning by age; one that cannot be written is never pruned."""
        with suppress(OSError):
            os.utime(self.folder / META)

    def _write_meta(self) -> None:
        meta = {**self._describe, "shape": list(self.shape), "dtype": self.dtype, "created": time.time()}
        if not (self.folder / META).is_file():
            temporary = self.folder / f"{META}.{os.getpid()}"
            temporary.write_text(json.dumps(meta, indent=1), encoding="utf-8")
            temporary.replace(self.folder / META)
        self.touch()

    def _connect(self) -> sqlite3.Connection:
        index = sqlite3.connect(self.folder / INDEX, timeout=60)
        try:
            index.execute(_TABLE)
        except sqlite3.DatabaseError:
            index.close()
            raise
        return index

    def _lookup(self, keys: Sequence[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        with closing(self._connect()) as index:
            for start in range(0, len(keys), _CHUNK):
                some = list(keys[start : start + _CHUNK])
                marks = ",".join("?" * len(some))
                found.update(index.execute(f"SELECT key, row FROM rows WHERE key IN ({marks})", some))  # noqa: S608
        return found

    def _check_index(self) -> None:
        """Begin anew if the index is damaged; its rows are computed again."""
        if not (self.folder / INDEX).is_file():
            return
        try:
            with closing(self._connect()) as index:
                damaged = index.execute("PRAGMA quick_check(1)").fetchone() != ("ok",)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            damaged = True
        if damaged:
            # A journal belongs to the index that it was written for. Readers keep the rows that they have open: a
            # new file is made for new rows.
            for name in (INDEX, f"{INDEX}-journal", DATA):
                (self.folder / name).unlink(missing_ok=True)

    def _next_row(self, index: sqlite3.Connection) -> int:
        """Return the first row that no key leads to; forget keys of rows that the file has lost."""
        present = self._rows_on_disk()
        with index:
            index.execute("DELETE FROM rows WHERE row >= ?", (present,))
        (last,) = index.execute("SELECT max(row) FROM rows").fetchone()
        return 0 if last is None else last + 1

    def _rows_on_disk(self) -> int:
        try:
            return (self.folder / DATA).stat().st_size // self.row_bytes
        except FileNotFoundError:
            return 0

    def _unwritable(self, error: Exception, needed: int) -> CacheError:
        existing = next(folder for folder in (self.folder, *self.folder.parents) if folder.exists())
        free = shutil.disk_usage(existing).free
        if getattr(error, "errno", None) == errno.ENOSPC or "full" in str(error):
            return CacheError(
                f"The disk is full: {needed / 1e6:.0f} MB of features do not fit into {self.folder}, where "
                f"{free / 1e6:.0f} MB are free. Free some ('bench cache prune', with --all if need be) or choose "
                "another place (--cache DIR or BENCH_CACHE); what is computed is kept."
            )
        return CacheError(
            f"The feature cache {self.folder} cannot be written ({error}); choose another: --cache DIR."
        )
