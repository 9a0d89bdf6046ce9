"""Whether a cell's folder is what was filed: digests of its record and of each file that the record knows."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.digests import DIGEST, file_digest, is_intact, known_digest
from benchmark.exceptions import NewerRecordError
from benchmark.record import CellRecord
from benchmark.results.folder import CELL, HISTORY, METRICS, MODEL, PREDICTIONS, VALIDATION, text_of
from benchmark.suite.cell import identity
from benchmark.versions import NEWEST, version_of

DAMAGED_STATUS = "damaged"
_CHECKED = (PREDICTIONS, VALIDATION, HISTORY, METRICS)


@dataclass(frozen=True)
class Damaged:
    """A result folder that cannot be used, and why."""

    path: Path
    reason: str


def damaged_model(folder: Path, record: CellRecord) -> str:
    """Return what is wrong with a kept model's files, or an empty text; of records without digests nothing is known."""
    names = [file for file in (folder / MODEL).rglob("*") if file.is_file()]
    present = {file.relative_to(folder).as_posix() for file in names}
    filed = {name for name in record.files if name.startswith(f"{MODEL}/")}
    return next(
        (reason for name in sorted(present | filed) if (reason := _changed(folder, name, record))), ""
    )


def read_record(id_: str, folder: Path) -> CellRecord | Damaged:
    """Return the record in a folder if it is that of the cell ``id_``, and all files are as filed; or what is wrong.

    Raises:
        NewerRecordError: when it is whole, and of a later version than this program knows.
    """
    try:
        content = json.loads(text_of(folder / CELL))
        if not isinstance(content, dict):
            raise ValueError("it is no JSON object")
        reason = _edited(content, folder)
        record = CellRecord.from_json(content) if not reason else None
    except FileNotFoundError:
        return Damaged(folder, f"{CELL} is missing")
    except (OSError, UnicodeDecodeError) as error:
        return Damaged(folder, f"{CELL} cannot be read: {error}")
    except (ValueError, RecursionError) as error:
        return Damaged(folder, f"{CELL} is not a record of a cell ({error})")
    reason = reason or (_misfiled(id_, folder, record) if record else "")
    return record if record and not reason else Damaged(folder, reason)


def _misfiled(id_: str, folder: Path, record: CellRecord) -> str:
    """Return why a record is not of the cell ``id_`` and the files beside it, or an empty text."""
    if record.id != id_ or identity(record.spec) != id_:
        return f"{CELL} has been changed: its specification does not give the id {id_}"
    if not record.files and record.status == "ok":
        return _incomplete(folder)
    return next((why for name in _CHECKED if (why := _changed(folder, name, record))), "")


def _edited(content: Mapping[str, Any], folder: Path) -> str:
    """Return what is wrong with the text of a record, judging by its own digest.

    Raises:
        NewerRecordError: when it is whole, and of a later version than this program knows.
    """
    version = version_of(content)
    if (version > 1 or DIGEST in content) and not is_intact(content):
        return f"{CELL} is not what was filed: it has been edited, or damaged on the disk"
    if version > NEWEST:
        raise NewerRecordError(
            f"{folder / CELL} was written by a later version of genrebench: its record is of version {version}, and "
            f"this program reads versions up to {NEWEST}. Install the later version, or choose another results folder "
            "with --results DIR or BENCH_RESULTS."
        )
    if content.get("status") == "ok" and version > 1 and PREDICTIONS not in content.get("files", ()):
        return f"{CELL} does not say what its predictions were"
    return ""


def _changed(folder: Path, name: str, record: CellRecord) -> str:
    """Return how a file differs from what was filed, or an empty text."""
    if not record.files:
        return ""
    file = f"{folder}/{name}"
    filed = record.files.get(name)
    try:
        if filed is None:
            return f"{name} was put there later" if os.path.lexists(file) else ""
        changed = known_digest(file) != filed
    except FileNotFoundError:
        return f"{name} is missing"
    except OSError as error:
        return f"{name} cannot be read: {error}"
    return f"{name} is not what was filed: it has been edited, or damaged on the disk" if changed else ""


def digests_below(folder: Path) -> dict[str, str]:
    """Return the digest of each file in a folder and below, by its path there."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file_digest(file) for file in files}


def _incomplete(folder: Path) -> str:
    """Return what is wrong with predictions without a digest, judging by the marks at both ends of a Parquet file."""
    try:
        if not stat.S_ISREG((folder / PREDICTIONS).stat().st_mode):
            return f"{PREDICTIONS} is no file"
        with (folder / PREDICTIONS).open("rb") as file:
            head = file.read(4)
            file.seek(-4, os.SEEK_END)
            return "" if head == file.read(4) == b"PAR1" else f"{PREDICTIONS} is truncated or no Parquet file"
    except FileNotFoundError:
        return f"{PREDICTIONS} is missing"
    except OSError:
        return f"{PREDICTIONS} is empty or cannot be read"
