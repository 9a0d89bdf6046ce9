"""Find the cell that a person means: by its folder, its id, or the beginning of its label."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmark.exceptions import ResultsError, UsageError
from benchmark.record import CellRecord
from benchmark.results.folder import CELL, MODEL
from benchmark.results.intact import Damaged, damaged_model
from benchmark.results.store import ResultsStore, slug

_ID_DIGITS = 12
_SHOWN = 8


@dataclass(frozen=True)
class KeptCell:
    """A finished cell whose model was kept: its folder and its record."""

    folder: Path
    record: CellRecord

    @property
    def model(self) -> Path:
        """Where the model was stored."""
        return self.folder / MODEL


def find_cell(text: str, results: Path) -> KeptCell:
    """Return the kept cell that ``text`` names.

    Args:
        text: a cell's folder, or the beginning of its id or of its label (``cnn masks 0``), perhaps after the
            name of its suite and a slash.
        results: the folder of all results.

    Raises:
        UsageError: when no cell, or more than one, is called so.
        ResultsError: when the cell is damaged, not ok, or its model was not kept.
    """
    record, folder = find_finished(text, results)
    if not (folder / MODEL).is_dir():
        raise ResultsError(
            f"The model of cell {folder.name} was not kept. Train it again and keep it: "
            f"bench run SUITE --keep-models --force, SUITE being the file of suite '{record.suite}'."
        )
    reason = damaged_model(folder, record)
    if reason:
        raise ResultsError(
            f"The model of cell {folder.name} cannot be used: {reason}. Train it again and keep it: "
            f"bench run SUITE --keep-models --force, SUITE being the file of suite '{record.suite}'."
        )
    return KeptCell(folder, record)


def find_finished(text: str, results: Path) -> tuple[CellRecord, Path]:
    """Return the record and the folder of the cell that ``text`` names, whether its model was kept or not.

    Raises:
        UsageError: when no cell, or more than one, is called so.
        ResultsError: when the cell is damaged, or not ok.
    """
    given = Path(text).expanduser()
    folder = given.resolve() if (given / CELL).is_file() else _only(text, results)
    record = ResultsStore(folder.parent.parent, folder.parent.name).read(folder.name[-_ID_DIGITS:], folder)
    if record is None or isinstance(record, Damaged):
        raise ResultsError(f"{folder} is damaged: {record.reason if record else 'it is gone'}.")
    if record.status != "ok":
        reason = f": {record.error.message}" if record.error else ""
        raise ResultsError(f"Cell {folder.name} has no model: it ended as '{record.status}'{reason}")
    return record, folder


def _only(text: str, results: Path) -> Path:
    suite, slash, wanted = text.rpartition("/")
    folders = list(_matching(wanted, results, suite if slash else None))
    exact = [folder for folder in folders if folder.name[: -_ID_DIGITS - 1] == slug(wanted)]
    if len(exact) == 1 or len(folders) == 1:
        return (exact if len(exact) == 1 else folders)[0]
    if not folders:
        raise UsageError(
            f"There is no cell '{text}' in {results}. Give a cell's folder, or the beginning of its id or label; "
            f"'bench status SUITE' lists them, and another place of results is --results DIR.{_suites(results)}"
        )
    names = "".join(f"\n  {folder.parent.name}/{folder.name}" for folder in folders[:_SHOWN])
    more = f"\n  and {len(folders) - _SHOWN} more" if len(folders) > _SHOWN else ""
    raise UsageError(f"'{text}' may be any of {len(folders)} cells; give more of one:{names}{more}")


def _matching(wanted: str, results: Path, suite: str | None) -> Iterator[Path]:
    beginning = slug(wanted)
    for name in _suite_folders(results):
        if suite is None or name == suite:
            for id_, folder in ResultsStore(results, name).scan().items():
                if id_.startswith(wanted.lower()) or folder.name.startswith(beginning):
                    yield folder


def _suite_folders(results: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in os.scandir(results) if entry.is_dir())
    except OSError:
        return []


def _suites(results: Path) -> str:
    names = [name for name in _suite_folders(results) if ResultsStore(results, name).scan()]
    return f" Suites with results there: {', '.join(names)}." if names else ""
