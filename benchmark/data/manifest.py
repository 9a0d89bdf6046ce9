"""Manifests: a CSV file that says for each recording of a folder what it is."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from benchmark.exceptions import DatasetError, Problem
from benchmark.files import whole_file

MANIFEST = "manifest.csv"
COLUMNS = (
    "path",
    "label",
    "track_id",
    "group",
    "split",
    "licence",
    "seconds",
    "sample_rate",
    "channels",
    "content",
)
REQUIRED = ("path", "label")
SPLITS = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "test": "test",
}
MANY = 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a manifest. ``path`` is relative to the dataset's root, with ``/``."""

    path: str
    label: str
    track_id: str
    group: str | None = None
    split: str | None = None
    licence: str = ""


def read_manifest(file: Path) -> list[Entry]:
    """Return the lines of a manifest.

    ``path`` and ``label`` are required columns; ``track_id`` (default: the path), ``group``, ``split``
    (train, validation, test) and ``licence`` are read where they are there; other columns are ignored.

    Raises:
        DatasetError: with ``file:line`` of everything that is wrong.
    """
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            entries, problems = _read(csv.DictReader(stream, strict=True), file)
    except (UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{file}: cannot be read as a CSV file in UTF-8: {error}.") from error
    except OSError as error:
        raise DatasetError(f"{file}: cannot be read: {error.strerror or error}.") from error
    if problems:
        more = f"\n… and {len(problems) - MANY} more." if len(problems) > MANY else ""
        raise DatasetError("\n".join(str(problem) for problem in problems[:MANY]) + more)
    if not entries:
        raise DatasetError(f"{file}: the manifest lists no recording.")
    return entries


def write_manifest(file: Path, rows: Iterable[Mapping[str, object]]) -> None:
    """Write rows with the keys of ``COLUMNS`` (missing ones stay empty), whole or not at all.

    Raises:
        DatasetError: when the folder cannot be written to.
    """
    try:
        with whole_file(file) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, COLUMNS, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    except OSError as error:
        raise DatasetError(f"{file}: cannot be written: {error.strerror or error}.") from error


def leaves_root(path: str) -> bool:
    """Return whether a relative path, read as POSIX or as Windows does, points outside its folder."""
    windows = PureWindowsPath(path)
    return (
        PurePosixPath(path).is_absolute()
        or bool(windows.drive or windows.root)
        or ".." in windows.parts  # Windows takes both separators
        or "\0" in path
    )


def _read(reader: csv.DictReader[str], file: Path) -> tuple[list[Entry], list[Problem]]:
    missing = [column for column in REQUIRED if column not in (reader.fieldnames or ())]
    if missing:
        text = "' and no column '".join(missing)
        raise DatasetError(
            f"{file}:1: the manifest has no column '{text}'. "
            f"Its first line must name its columns; known are {', '.join(COLUMNS)}."
        )
    entries: list[Entry] = []
    problems: list[Problem] = []
    lines: dict[tuple[str, str], int] = {}
    for row in reader:
        entry, wrong = _entry(row)
        if entry is not None:
            for column, value in (("path", entry.path), ("track_id", entry.track_id)):
                first = lines.setdefault((column, value), reader.line_num)
                if first != reader.line_num:
                    wrong.append(f"{column} '{value}' is there twice; first in line {first}.")
            entries.append(entry)
        problems += [Problem(f"{file}:{reader.line_num}", message) for message in wrong]
    return entries, problems


def _entry(row: Mapping[str | None, str | None]) -> tuple[Entry | None, list[str]]:
    value = {key: (row.get(key) or "").strip() for key in COLUMNS}
    wrong: list[str] = []
    if None in row:
        wrong.append("more fields than the first line names columns. Put fields with commas in quotes.")
    wrong += [f"'{column}' is empty." for column in REQUIRED if not value[column]]
    if leaves_root(value["path"]):
        wrong.append(
            f"path '{value['path']}' leaves the dataset's folder; paths must be relative and stay inside."
        )
    if value["split"] and value["split"].lower() not in SPLITS:
        wrong.append(f"split '{value['split']}' is none of train, validation, test.")
    if wrong:
        return None, wrong
    path = PurePosixPath(value["path"]).as_posix()
    split = SPLITS.get(value["split"].lower())
    track_id = value["track_id"] or path
    return Entry(path, value["label"], track_id, value["group"] or None, split, value["licence"]), []
