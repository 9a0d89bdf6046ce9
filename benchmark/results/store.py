"""Results on disk: one folder per cell, whole or absent."""

from __future__ import annotations

import csv
import errno
import json
import os
import re
import shutil
import socket
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.exceptions import ResultsError
from benchmark.results.record import CellRecord
from benchmark.suite.cell import identity

if TYPE_CHECKING:
    import pandas as pd

CELL, METRICS, PREDICTIONS, HISTORY = "cell.json", "metrics.json", "predictions.parquet", "history.csv"
LOCK, HOLDER = ".lock", ".lock.json"
TEMPORARY, DAMAGED = ".tmp-", "damaged-"
DAMAGED_STATUS = "damaged"
_ID = re.compile(r".*-([0-9a-f]{12})")
_LONGEST = 80


@dataclass(frozen=True)
class Damaged:
    """A result folder that cannot be used, and why."""

    path: Path
    reason: str


class ResultsStore:
    """The results of one suite, in ``root/<suite>/<label>-<id>/``. Folders are found by id; labels are decoration."""

    def __init__(self, root: Path, suite: str) -> None:
        self.folder = root / suite

    def scan(self) -> dict[str, Path]:
        """Return the folder of each id."""
        try:
            entries = list(os.scandir(self.folder))
        except FileNotFoundError:
            return {}
        found = {}
        for entry in sorted(entries, key=lambda entry: entry.name):
            match = _ID.fullmatch(entry.name)
            if match and not entry.name.startswith((TEMPORARY, DAMAGED)):
                found[match[1]] = Path(entry.path)
        return found

    def read(self, id_: str, folder: Path | None = None) -> CellRecord | Damaged | None:
        """Return the record of a cell, what is wrong with its folder, or None if there is none."""
        folder = folder or self.scan().get(id_)
        return None if folder is None else _read(id_, folder)

    def records(self) -> dict[str, CellRecord | Damaged]:
        """Return all records by id."""
        return {id_: _read(id_, folder) for id_, folder in self.scan().items()}

    def statuses(self) -> dict[str, str]:
        """Return the status of each cell: its record's, or ``damaged``."""
        return {
            id_: DAMAGED_STATUS if isinstance(record, Damaged) else record.status
            for id_, record in self.records().items()
        }

    def write(
        self,
        record: CellRecord,
        *,
        predictions: pd.DataFrame | None,
        history: Sequence[Mapping[str, Any]],
        metrics: Mapping[str, Mapping[str, float]] | None,
        extra: Callable[[Path], None] | None = None,
    ) -> Path:
        """File a result; ``extra`` may put further files into the folder. An older result is replaced at the end.

        Raises:
            ResultsError: when the folder cannot be written; no half result is left.
        """
        temporary = self.folder / f"{TEMPORARY}{record.id}-{os.getpid()}"
        final = self.folder / f"{_slug(' '.join(record.labels.values()))}-{record.id}"
        try:
            shutil.rmtree(temporary, ignore_errors=True)
            temporary.mkdir(parents=True)
            if predictions is not None:
                _write_predictions(predictions, temporary / PREDICTIONS)
            if history:
                _write_history(history, temporary / HISTORY)
            if metrics is not None:
                _write_json(metrics, temporary / METRICS)
            if extra is not None:
                extra(temporary)
            _write_json(record.to_json(), temporary / CELL)
            self._replace(record.id, temporary, final)
        except OSError as error:
            shutil.rmtree(temporary, ignore_errors=True)
            raise _unwritable(error, self.folder) from error
        return final

    def set_aside(self, id_: str) -> None:
        """Rename a damaged folder, so that its cell counts as missing and nothing is lost."""
        folder = self.scan().get(id_)
        if folder is not None:
            target = folder.with_name(DAMAGED + folder.name)
            number = 1
            while target.exists():
                number += 1
                target = folder.with_name(f"{DAMAGED}{number}-{folder.name}")
            folder.rename(target)

    def clean_leftovers(self) -> None:
        """Remove what writers left that were killed. Call inside ``lock()``."""
        for leftover in self.folder.glob(f"{TEMPORARY}*"):
            shutil.rmtree(leftover, ignore_errors=True)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the suite's results for one run.

        Raises:
            ResultsError: when another run holds them (it is named), or the folder cannot be written.
        """
        from filelock import FileLock, Timeout

        lock = FileLock(self.folder / LOCK)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
            holder = {
                "pid": os.getpid(),
                "host": socket.gethostname(),
                "since": datetime.now(UTC).isoformat(timespec="seconds"),
            }
            _write_json(holder, self.folder / HOLDER)
        except Timeout as error:
            raise ResultsError(
                f"Another run is writing {self.folder}{_holder(self.folder)}. Wait for it, or choose another folder "
                "with --results DIR."
            ) from error
        except OSError as error:
            lock.release()
            raise _unwritable(error, self.folder) from error
        try:
            yield
        finally:
            (self.folder / HOLDER).unlink(missing_ok=True)
            lock.release()

    def _replace(self, id_: str, temporary: Path, final: Path) -> None:
        older = self.scan().get(id_)
        if older is None:
            temporary.rename(final)
            return
        aside = self.folder / f"{TEMPORARY}old-{id_}-{os.getpid()}"
        older.rename(aside)
        temporary.rename(final)
        shutil.rmtree(aside, ignore_errors=True)


def read_predictions(folder: Path) -> pd.DataFrame:
    """Return a cell's predictions: columns set, track, group, label, and ``p:<class>``.

    Raises:
        ResultsError: when the file is missing or damaged.
    """
    import pandas as pd
    import pyarrow

    try:
        return pd.read_parquet(folder / PREDICTIONS)
    except (OSError, ValueError, pyarrow.ArrowException) as error:
        raise ResultsError(f"{folder / PREDICTIONS} cannot be read: {error}") from error


def read_history(folder: Path) -> list[dict[str, str]]:
    """Return a cell's epochs, as text; empty without a history."""
    try:
        with (folder / HISTORY).open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error):
        return []


def read_metrics(folder: Path) -> dict[str, dict[str, float]] | None:
    """Return a cell's metrics by evaluation set and label, or None where the file is missing or damaged."""
    try:
        return json.loads((folder / METRICS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _read(id_: str, folder: Path) -> CellRecord | Damaged:
    try:
        record = CellRecord.from_json(json.loads((folder / CELL).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Damaged(folder, f"{CELL} is missing")
    except (OSError, UnicodeDecodeError) as error:
        return Damaged(folder, f"{CELL} cannot be read: {error}")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return Damaged(folder, f"{CELL} is not a record of a cell ({type(error).__name__}: {error})")
    if record.id != id_ or identity(record.spec) != id_:
        return Damaged(folder, f"{CELL} has been changed: its specification does not give the id {id_}")
    if record.status == "ok":
        reason = _incomplete(folder)
        if reason:
            return Damaged(folder, reason)
    return record


def _incomplete(folder: Path) -> str:
    """Return what is wrong with the predictions, judging by the file's ends: a whole Parquet file has marks at both."""
    try:
        with (folder / PREDICTIONS).open("rb") as file:
            head = file.read(4)
            file.seek(-4, os.SEEK_END)
            return "" if head == file.read(4) == b"PAR1" else f"{PREDICTIONS} is truncated or no Parquet file"
    except FileNotFoundError:
        return f"{PREDICTIONS} is missing"
    except OSError:
        return f"{PREDICTIONS} is empty or cannot be read"


def _write_predictions(predictions: pd.DataFrame, file: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pandas(predictions, preserve_index=False), file)


def _write_history(history: Sequence[Mapping[str, Any]], file: Path) -> None:
    columns = list(dict.fromkeys(name for epoch in history for name in epoch))
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows(history)


def _write_json(value: Any, file: Path) -> None:
    file.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _slug(label: str) -> str:
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-").lower()[:_LONGEST].rstrip("-") or "cell"


def _holder(folder: Path) -> str:
    try:
        holder = json.loads((folder / HOLDER).read_text(encoding="utf-8"))
        return f": process {holder['pid']} on {holder['host']}, since {holder['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _unwritable(error: OSError, folder: Path) -> ResultsError:
    if error.errno == errno.ENOSPC:
        return ResultsError(
            f"The disk is full: {folder} cannot be written. Finished cells are kept; free some space and start again."
        )
    if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
        return ResultsError(
            f"{folder} cannot be written ({error.strerror}). Choose another results folder with --results DIR or "
            "BENCH_RESULTS."
        )
    return ResultsError(f"{folder} cannot be written: {error}")
