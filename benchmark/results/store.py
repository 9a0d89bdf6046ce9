"""Results on disk: one folder per cell, whole or absent."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.digests import sealed
from benchmark.exceptions import LostClaimError, ResultsError
from benchmark.files import (
    TEMPORARY,
    is_full,
    move,
    replaced_name,
    whole_folder,
)
from benchmark.record import CellRecord
from benchmark.results.folder import CELL, HISTORY, METRICS, PREDICTIONS, VALIDATION, write_history
from benchmark.results.intact import DAMAGED_STATUS, Damaged, digests_below, read_record
from benchmark.results.parquet import write_predictions

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.claims import Claims

DAMAGED = "damaged-"
_ID = re.compile(r".*-([0-9a-f]{12})")
_LONGEST = 80

Stamp = tuple[int, int]


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
        folders = {}
        for entry in sorted(entries, key=lambda entry: entry.name):
            match = _ID.fullmatch(entry.name)
            if match and not entry.name.startswith((TEMPORARY, DAMAGED)):
                folders[match[1]] = Path(entry.path)
        return folders

    def read(self, id_: str, folder: Path | None = None) -> CellRecord | Damaged | None:
        """Return the record of a cell, what is wrong with its folder, or None if there is none."""
        folder = folder or self._find(id_)
        return None if folder is None else read_record(id_, folder)

    def records(self) -> dict[str, CellRecord | Damaged]:
        """Return all records by id."""
        return {id_: read_record(id_, folder) for id_, folder in self.scan().items()}

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
                    write_predictions(predictions, folder / PREDICTIONS)
                if validation is not None:
                    write_predictions(validation, folder / VALIDATION)
                if history:
                    write_history(history, folder / HISTORY)
                if metrics is not None:
                    (folder / METRICS).write_text(_json(metrics), encoding="utf-8")
                if extra is not None:
                    extra(folder)
                filed = replace(record, files=digests_below(folder))
                (folder / CELL).write_text(_json(sealed(filed.to_json())), encoding="utf-8")
        except OSError as error:
            from benchmark.claims import is_held

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
        from benchmark.claims import FOLDER

        if any(self.folder.glob(f"{TEMPORARY}*")) or (self.folder / FOLDER).is_dir():
            with self.claims() as claims:
                if not claims.reap():
                    self.clean_leftovers()

    @contextmanager
    def claims(self) -> Iterator[Claims]:
        """Take part in the suite's work: make claims on cells, keep them, and free what the dead hold.

        Raises:
            ResultsError: when the folder cannot be written.
        """
        # Who only reads makes none.
        from benchmark.claims import FOLDER, Claims

        with ExitStack() as stack:
            try:
                claims = stack.enter_context(Claims(self.folder / FOLDER, self._put_back))
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
                who = ", ".join(
                    f"process {writer.pid} on {writer.host}, since {writer.since}" for writer in others
                )
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
            stamp = _stamp(folder) if folder is not None else None
            if stamp is not None:
                return stamp
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
