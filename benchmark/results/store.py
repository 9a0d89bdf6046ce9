"""Results on disk: one folder per cell, whole or absent."""

from __future__ import annotations

import csv
import errno
import json
import os
import re
import shutil
import stat
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.claims import FOLDER as CLAIMS
from benchmark.claims import Claims, is_held
from benchmark.digests import DIGEST, file_digest, is_intact, known_digest, sealed
from benchmark.exceptions import LostClaimError, NewerRecordError, ResultsError
from benchmark.files import (
    TEMPORARY,
    is_full,
    move,
    replaced_name,
    whole_folder,
)
from benchmark.record import CellRecord
from benchmark.suite.cell import identity
from benchmark.versions import NEWEST, version_of

if TYPE_CHECKING:
    import pandas as pd

CELL, METRICS, PREDICTIONS, HISTORY = "cell.json", "metrics.json", "predictions.parquet", "history.csv"
# What a cell said of its validation part, in the form of its predictions; older results have none.
VALIDATION = "validation.parquet"
MODEL = "model"
_CHECKED = (PREDICTIONS, VALIDATION, HISTORY, METRICS)
DAMAGED = "damaged-"
DAMAGED_STATUS = "damaged"
_ID = re.compile(r".*-([0-9a-f]{12})")
_LONGEST = 80
_TEXTS = ("set", "track", "group", "label")
# Of predictions: ten thousand tracks by ten thousand classes, and names as long as file systems have them.
MOST_VALUES, MOST_BYTES, LONGEST_NAME = 100_000_000, 2_000_000_000, 10_000
# Of a record: far more than its longest traceback.
MOST_RECORD_BYTES = 50_000_000


Stamp = tuple[int, int]


@dataclass(frozen=True)
class Damaged:
    """A result folder that cannot be used, and why."""

    path: Path
    reason: str


class ResultsStore:
    """The results of one suite, in ``root/<suite>/<label>-<id>/``: found by id, labels are decoration."""

    def __init__(self, root: Path, suite: str) -> None:
        self.folder = root / suite

    def scan(self) -> dict[str, Path]:
        """Return the folder of each id; of several with one id, the last by name."""
        try:
            entries = list(os.scandir(self.folder))
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise _unreadable(error, self.folder) from error
        found = {}
        for entry in sorted(entries, key=lambda entry: entry.name):
            match = _ID.fullmatch(entry.name)
            if match and not entry.name.startswith((TEMPORARY, DAMAGED)):
                found[match[1]] = Path(entry.path)
        return found

    def read(self, id_: str, folder: Path | None = None) -> CellRecord | Damaged | None:
        """Return the record of a cell, what is wrong with its folder, or None if there is none."""
        folder = folder or self._find(id_)
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
        validation: pd.DataFrame | None = None,
        extra: Callable[[Path], None] | None = None,
        claim: Path | None = None,
    ) -> Path:
        """File a result; ``extra`` may add files to the folder. An older result is replaced at the end.

        ``claim`` is the one under which that is done where others may write the results too (see ``claims``): nothing
        is filed, or replaced, once others have taken it over.

        Raises:
            LostClaimError: when the claim is lost; what others filed is as it was.
            ResultsError: when the folder cannot be written; no half result is left.
        """
        final = self.folder_of(record)
        try:
            with whole_folder(final, replaces=self._find(record.id), within=claim) as folder:
                if predictions is not None:
                    _write_predictions(predictions, folder / PREDICTIONS)
                if validation is not None:
                    _write_predictions(validation, folder / VALIDATION)
                if history:
                    _write_history(history, folder / HISTORY)
                if metrics is not None:
                    (folder / METRICS).write_text(_json(metrics), encoding="utf-8")
                if extra is not None:
                    extra(folder)
                filed = replace(record, files=_digests(folder))
                (folder / CELL).write_text(_json(sealed(filed.to_json())), encoding="utf-8")
        except OSError as error:
            if claim is not None and not is_held(claim):
                raise LostClaimError(
                    f"The result of {record.id} is not filed: this process was stopped for so long that others took it "
                    "for dead, and the cell over."
                ) from error
            raise _unwritable(error, self.folder) from error
        return final

    def folder_of(self, record: CellRecord) -> Path:
        """Return the folder that a result is filed in."""
        return self._place(record.id, record.labels)

    def set_aside(self, id_: str) -> None:
        """Rename a damaged folder, so that its cell counts as missing and nothing is lost."""
        folder = self._find(id_)
        if folder is None:
            return
        target = folder.with_name(DAMAGED + folder.name)
        number = 1
        while target.exists():
            number += 1
            target = folder.with_name(f"{DAMAGED}{number}-{folder.name}")
        try:
            move(folder, target)
        except OSError as error:
            raise _unwritable(error, self.folder) from error

    def clean_leftovers(self) -> None:
        """Remove what writers left that were killed, and put back what they were about to replace.

        Call while nobody else makes claims: what claimants left is found without it.
        """
        for leftover in self.folder.glob(f"{TEMPORARY}*"):
            self._put_back(leftover)
            if leftover.is_dir() and not leftover.is_symlink():
                shutil.rmtree(leftover, ignore_errors=True)
            else:
                leftover.unlink(missing_ok=True)

    def tidy(self) -> None:
        """Remove what the dead left, if there is anything and nobody works at the suite."""
        if any(self.folder.glob(f"{TEMPORARY}*")) or (self.folder / CLAIMS).is_dir():
            with self.claims() as claims:
                if not claims.reap():
                    self.clean_leftovers()

    @contextmanager
    def claims(self) -> Iterator[Claims]:
        """Take part in the suite's work: make claims on cells, keep them, and free what the dead hold.

        Raises:
            ResultsError: when the folder cannot be written.
        """
        with ExitStack() as stack:
            try:
                claims = stack.enter_context(Claims(self.folder / CLAIMS, self._put_back))
            except OSError as error:
                raise _unwritable(error, self.folder) from error
            yield claims

    @contextmanager
    def alone(self) -> Iterator[Claims]:
        """Take part in the suite's work where nobody else does.

        Raises:
            ResultsError: when others do (they are named), or the folder cannot be written.
        """
        with self.claims() as claims:
            others = claims.reap()
            if others:
                who = ", ".join(f"process {each.pid} on {each.host}, since {each.since}" for each in others)
                raise ResultsError(
                    f"Others are writing {self.folder}: {who}. Wait for them, or choose another folder with "
                    "--results DIR."
                )
            yield claims

    def take(self, claims: Claims, id_: str) -> Path | None:
        """Claim a cell; return the claim, or None where somebody else has it.

        Raises:
            ResultsError: when the folder cannot be written.
        """
        try:
            return claims.take(id_)
        except OSError as error:
            raise _unwritable(error, self.folder) from error

    def stamps(self) -> dict[str, Stamp | None]:
        """Return the stamp of each cell that has a result."""
        return {id_: _stamp(folder) for id_, folder in self.scan().items()}

    def stamp(self, id_: str, labels: Mapping[str, str] | None = None) -> Stamp | None:
        """Return what tells a result from any that is filed after it, or None where there is none.

        With ``labels`` it is asked for by its name first: a list of names may be an old one where disks are remote.
        """
        for folder in (self._place(id_, labels) if labels is not None else None, self._find(id_)):
            found = _stamp(folder) if folder is not None else None
            if found is not None:
                return found
        return None

    def _put_back(self, leftover: Path) -> None:
        """Give a result its name again that was about to be replaced, if its cell has no other."""
        name = replaced_name(leftover.name)
        match = _ID.fullmatch(name or "")
        if name and match and self._find(match[1]) is None:
            move(leftover, self.folder / name)

    def _place(self, id_: str, labels: Mapping[str, str]) -> Path:
        return self.folder / f"{slug(' '.join(labels.values()))}-{id_}"

    def _find(self, id_: str) -> Path | None:
        """Return the folder of one id without looking at the others' names more than needed."""
        try:
            with os.scandir(self.folder) as entries:
                names = [entry.name for entry in entries if entry.name.endswith(f"-{id_}")]
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unreadable(error, self.folder) from error
        usable = [name for name in names if not name.startswith((TEMPORARY, DAMAGED))]
        return self.folder / max(usable) if usable else None


def _stamp(folder: Path) -> Stamp | None:
    try:
        state = os.stat(folder / CELL)
    except OSError:
        return None
    return state.st_ino, state.st_mtime_ns


def read_table(folder: Path, name: str = PREDICTIONS) -> Any:
    """Return a cell's predictions as an Arrow table: columns set, track, group, label, and ``p:<class>``.

    ``name`` is the file: ``PREDICTIONS`` or ``VALIDATION``.

    Raises:
        ResultsError: when the file is missing or damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = folder / name
    try:
        with pq.ParquetFile(file, page_checksum_verification=True, read_dictionary=list(_TEXTS)) as opened:
            _refuse_bomb(opened.metadata)
            return _unfolded(opened.read(use_threads=False))
    except (OSError, ValueError, pa.ArrowException) as error:
        raise ResultsError(f"{file} cannot be read: {error}") from error


def _refuse_bomb(metadata: Any) -> None:
    """Raise before memory is taken for more than predictions can be; values that repeat take little of a file."""
    groups = [metadata.row_group(index) for index in range(metadata.num_row_groups)]
    values = max(metadata.num_rows, sum(group.num_rows for group in groups)) * metadata.num_columns
    size = sum(group.total_byte_size for group in groups)
    if values > MOST_VALUES or size > MOST_BYTES:
        raise ValueError(f"it unfolds into {values:,} values ({size:,} bytes), which no predictions are")


def _unfolded(table: Any) -> Any:
    """Return a table with texts in place of numbers of texts, unless these are longer than names can be."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for name in _TEXTS:
        index = table.schema.get_field_index(name)
        if index < 0 or not pa.types.is_dictionary(table.schema.types[index]):
            continue
        chunks = table[name].chunks
        longest = max(
            (pc.max(pc.binary_length(chunk.dictionary)).as_py() or 0 for chunk in chunks), default=0
        )
        if longest > LONGEST_NAME:
            raise ValueError(f"its column {name} has a value of {longest:,} bytes")
        table = table.set_column(index, name, table[name].cast(table.schema.types[index].value_type))
    return table


def read_predictions(folder: Path) -> pd.DataFrame:
    """Return ``read_table`` as a data frame.

    Raises:
        ResultsError: when the file is missing or damaged.
    """
    return read_table(folder).to_pandas()


def read_history(folder: Path) -> list[dict[str, str]]:
    """Return a cell's epochs, as text; empty without a history."""
    try:
        if not (folder / HISTORY).is_file():  # A pipe would be waited for.
            return []
        with (folder / HISTORY).open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error):
        return []


def read_metrics(folder: Path) -> dict[str, dict[str, float]] | None:
    """Return a cell's metrics by evaluation set and label, or None where the file is missing or damaged."""
    try:
        found = json.loads((folder / METRICS).read_text(encoding="utf-8"))
        return {
            name: {label: float(value) for label, value in values.items()} for name, values in found.items()
        }
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def damaged_model(folder: Path, record: CellRecord) -> str:
    """Return what is wrong with a kept model's files, or an empty text; of records without digests nothing is known."""
    names = [file for file in (folder / MODEL).rglob("*") if file.is_file()]
    found = {file.relative_to(folder).as_posix() for file in names}
    filed = {name for name in record.files if name.startswith(f"{MODEL}/")}
    return next((reason for name in sorted(found | filed) if (reason := _changed(folder, name, record))), "")


def _read(id_: str, folder: Path) -> CellRecord | Damaged:
    try:
        content = json.loads(_record_text(folder / CELL))
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


def _digests(folder: Path) -> dict[str, str]:
    """Return the digest of each file in a folder and below, by its path there."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file_digest(file) for file in files}


def _record_text(file: Path) -> str:
    """Return the text of a file; one that would never end, or fill the memory, is as good as unreadable."""
    state = file.stat()
    if not stat.S_ISREG(state.st_mode) or state.st_size > MOST_RECORD_BYTES:
        raise OSError(errno.EINVAL, "it is no file that a record can be")
    return file.read_text(encoding="utf-8")


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


def _write_predictions(predictions: pd.DataFrame, file: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pandas(predictions, preserve_index=False), file, write_page_checksum=True)


def _write_history(history: Sequence[Mapping[str, Any]], file: Path) -> None:
    columns = list(dict.fromkeys(name for epoch in history for name in epoch))
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows(history)


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def slug(label: str) -> str:
    """Return the part of a folder's name that is made of a label: lower-case letters, digits and dashes."""
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-").lower()[:_LONGEST].rstrip("-") or "cell"
    # A label may say "damaged"; the folder of a good result must not.
    return f"cell-{name}" if f"{name}-".startswith(DAMAGED) else name


def _unreadable(error: OSError, folder: Path) -> ResultsError:
    return ResultsError(
        f"{folder} cannot be read ({error.strerror}); it should be a folder of results. Choose another one with "
        "--results DIR or BENCH_RESULTS."
    )


def _unwritable(error: OSError, folder: Path) -> ResultsError:
    if is_full(error):
        return ResultsError(
            f"The disk is full: {folder} cannot be written. Finished cells are kept; free some space and "
            "start again."
        )
    if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
        return ResultsError(
            f"{folder} cannot be written ({error.strerror}). Choose another results folder with "
            "--results DIR or BENCH_RESULTS."
        )
    return ResultsError(f"{folder} cannot be written: {error}")
