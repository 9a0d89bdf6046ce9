"""The store of one feature space: rows in one memory-mapped file, and an index from keys to rows."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.database import FAILURES, add_column, columns, connect, is_damage, remove
from benchmark.digests import checksum
from benchmark.exceptions import CacheError
from benchmark.files import is_full, make_folder, remove_leftovers, sync_folder, write_text

if TYPE_CHECKING:
    import numpy as np

    from benchmark.claims import Claims

DATA, INDEX, META = "data.bin", "index.sqlite", "meta.json"
PATIENCE_SECONDS = 2.0
_CHUNK = 500
_TABLE = (
    "CREATE TABLE IF NOT EXISTS rows (row INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, checksum INTEGER)"
)


def claims_folder(folder: Path) -> Path:
    """Return where those who write a store share the work: beside its folder, which may be removed and made again."""
    return folder.parent / f".{folder.name}.claims"


class FeatureStore:
    """Arrays of one shape by key; any number of processes add some, one at a time, and any number read.

    A row is written and synced before its key is committed, so a key never leads to a half-written row: after a
    crash, rows without a key are overwritten. With each key there is a checksum of it and its row, by which damage is
    seen; rows of older versions have none.
    """

    def __init__(self, folder: Path, shape: Sequence[int], dtype: str, describe: Mapping[str, Any]) -> None:
        self.folder = folder
        self.shape = tuple(shape)
        self.dtype = dtype
        self.row_bytes = prod(self.shape) * (1 if dtype == "uint8" else 4)
        self._describe = dict(describe)
        self._index = folder / INDEX
        self._verified: set[tuple[str, int]] = set()
        self._claims: Claims | None = None

    def rows(self, keys: Sequence[str], *, verify: bool = False) -> np.ndarray:
        """Return the row of each key, int64, -1 where there is none. A damaged index has none, with a warning.

        With ``verify``, rows are read and compared with their checksums, and a damaged one counts as absent; each is
        once for this object.

        Raises:
            CacheError: when the index or the rows cannot be read.
        """
        import numpy as np

        stored: dict[str, tuple[int, int | None]] = {}
        try:
            if self._index.is_file():
                stored = self._lookup(keys)
            if verify:
                stored = self._sound(stored)
        except FAILURES as error:
            if not is_damage(error, self._index):
                raise CacheError(
                    f"The feature cache {self.folder} cannot be read ({error}); choose another: --cache DIR."
                ) from error
            warnings.warn(f"{self._index} is damaged ({error}): features are computed again.", stacklevel=2)
        present = self._rows_on_disk()
        rows = np.array([stored[key][0] if key in stored else -1 for key in keys], np.int64)
        rows[(rows >= present) | (rows < 0)] = -1
        return rows

    def open_rows(self) -> np.ndarray:
        """Return all rows as a read-only memory map, shape (rows, *shape)."""
        import numpy as np

        count = self._rows_on_disk()
        if count == 0:
            return np.zeros((0, *self.shape), self.dtype)
        return np.memmap(self.folder / DATA, self.dtype, "r", shape=(count, *self.shape))

    def append(self, keys: Sequence[str], arrays: Sequence[np.ndarray]) -> None:
        """Add arrays; keys that are there already, with sound rows, are skipped. Call inside ``writing()``.

        Others that add some meanwhile are waited for.

        Raises:
            CacheError: when the disk is full or the folder cannot be written.
        """
        with self._alone():
            self._append(keys, arrays)

    def _append(self, keys: Sequence[str], arrays: Sequence[np.ndarray]) -> None:
        import numpy as np

        rows = self.rows(keys, verify=True)
        new: dict[str, bytes] = {}
        for key, array, row in zip(keys, arrays, rows, strict=True):
            if row >= 0:
                continue
            if array.shape != self.shape or array.dtype != self.dtype:
                raise CacheError(
                    f"Features of shape {array.shape} and type {array.dtype} do not fit {self.folder}, "
                    f"which holds {self.shape} and {self.dtype}."
                )
            new[key] = np.ascontiguousarray(array).tobytes()
        if not new:
            return
        try:
            try:
                self._write(new)
            except FAILURES as error:
                if not is_damage(error, self._index):
                    raise
                self._begin_anew()
                self._write(new)
        except FAILURES as error:
            raise self._unwritable(error, len(new) * self.row_bytes) from error

    def _write(self, new: Mapping[str, bytes]) -> None:
        with closing(self._connect()) as index:
            first = self._next_row(index)
            is_there = (self.folder / DATA).exists()
            with (self.folder / DATA).open("r+b" if is_there else "w+b") as data:
                data.seek(first * self.row_bytes)
                for content in new.values():
                    data.write(content)
                data.flush()
                os.fsync(data.fileno())
            if not is_there:
                sync_folder(self.folder)
            with index:
                index.executemany(
                    "INSERT OR REPLACE INTO rows (key, row, checksum) VALUES (?, ?, ?)",
                    [
                        (key, first + number, checksum(key, content))
                        for number, (key, content) in enumerate(new.items())
                    ],
                )

    @property
    def claims(self) -> Claims:
        """What this process has claimed. Only inside ``writing()``."""
        assert self._claims is not None
        return self._claims

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Make the store ready to be written, and have nobody prune it meanwhile. A damaged index is begun anew.

        Inside, ``claims`` shares the work with all others that write the store.

        Raises:
            CacheError: when the folder cannot be written.
        """
        # Who only reads makes none.
        from benchmark.claims import Claims

        with ExitStack() as stack:
            try:
                self._claims = stack.enter_context(Claims(claims_folder(self.folder)))
                with self._alone():
                    make_folder(self.folder)
                    remove_leftovers(self.folder)
                    self._write_meta()
                    self._check_index()
            except FAILURES as error:
                raise self._unwritable(error, 0) from error
            yield

    def take(self, name: str) -> bool:
        """Whether this process has a name from now on, which nobody else had. Call inside ``writing()``.

        Raises:
            CacheError: when the folder cannot be written.
        """
        try:
            return self.claims.take(name) is not None
        except OSError as error:
            raise self._unwritable(error, 0) from error

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep others from writing meanwhile; waits for them, after a while with a warning."""
        from filelock import FileLock, Timeout

        # It lies beside the folder, so that whoever removes the folder can hold it meanwhile.
        lock = FileLock(self.folder.parent / f".{self.folder.name}.lock")
        try:
            make_folder(self.folder.parent)
            try:
                lock.acquire(timeout=PATIENCE_SECONDS)
            except Timeout:
                warnings.warn(
                    f"Waiting for another process, which writes features to {self.folder}.", stacklevel=3
                )
                lock.acquire()
        except OSError as error:
            raise self._unwritable(error, 0) from error
        try:
            yield
        finally:
            lock.release()

    def touch(self) -> None:
        """Note that the store has been used, for pruning by age; one that cannot be written is never pruned."""
        with suppress(OSError):
            os.utime(self.folder / META)

    def _write_meta(self) -> None:
        told = json.loads(json.dumps({**self._describe, "shape": list(self.shape), "dtype": self.dtype}))
        try:
            known = json.loads((self.folder / META).read_text(encoding="utf-8"))
            is_current = {**known, **told} == known
        except (OSError, ValueError, TypeError):
            is_current = False
        if not is_current:
            write_text(self.folder / META, json.dumps({**told, "created": time.time()}, indent=1))
        self.touch()

    def _connect(self) -> sqlite3.Connection:
        index = connect(self._index, [_TABLE])
        try:
            add_column(index, "rows", "checksum", "INTEGER")
        except FAILURES:
            index.close()
            raise
        return index

    def _lookup(self, keys: Sequence[str]) -> dict[str, tuple[int, int | None]]:
        """Return the row and the checksum of each key that is there; the checksum is None where none is known."""
        stored: dict[str, tuple[int, int | None]] = {}
        with closing(connect(self._index)) as index:
            summed = "checksum" if "checksum" in columns(index, "rows") else "NULL"
            for start in range(0, len(keys), _CHUNK):
                some = list(keys[start : start + _CHUNK])
                marks = ",".join("?" * len(some))
                query = f"SELECT key, row, {summed} FROM rows WHERE key IN ({marks})"  # noqa: S608
                for key, row, known in index.execute(query, some):
                    # A damaged index may hold anything.
                    if isinstance(key, str) and isinstance(row, int) and isinstance(known, int | None):
                        stored[key] = (row, known)
        return stored

    def _sound(self, stored_rows: dict[str, tuple[int, int | None]]) -> dict[str, tuple[int, int | None]]:
        """Return those of ``stored_rows`` whose rows are what was written under their keys."""
        stored = self.open_rows()
        damaged = set()
        for key, (row, known) in sorted(stored_rows.items(), key=lambda entry: entry[1][0]):
            if known is None or not 0 <= row < len(stored) or (key, row) in self._verified:
                continue
            if checksum(key, stored[row].data) == known:
                self._verified.add((key, row))
            else:
                damaged.add(key)
        if damaged:
            warnings.warn(
                f"{len(damaged)} features in {self.folder} are damaged: they are computed again.",
                stacklevel=3,
            )
        return {key: entry for key, entry in stored_rows.items() if key not in damaged}

    def _check_index(self) -> None:
        """Begin anew if the index is damaged; its rows are computed again."""
        if not self._index.is_file():
            return
        try:
            with closing(self._connect()) as index:
                damaged = index.execute("PRAGMA integrity_check(1)").fetchone() != ("ok",)
        except FAILURES as error:
            if not is_damage(error, self._index):
                raise
            damaged = True
        if damaged:
            self._begin_anew()

    def _begin_anew(self) -> None:
        """Forget all rows. Readers keep those that they have open: a new file is made for new ones."""
        remove(self._index)
        (self.folder / DATA).unlink(missing_ok=True)
        self._verified.clear()

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
        if is_full(error):
            return CacheError(
                f"The disk is full: {needed / 1e6:.0f} MB of features do not fit into {self.folder}, where "
                f"{free / 1e6:.0f} MB are free. Free some ('bench cache prune', with --all if need be) or choose "
                "another place (--cache DIR or BENCH_CACHE); what is computed is kept."
            )
        return CacheError(
            f"The feature cache {self.folder} cannot be written ({error}); choose another: --cache DIR."
        )
