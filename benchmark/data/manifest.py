"""Manifests: a CSV file that says for each recording of a folder what it is."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Mapping, Sequence
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
MOST_BYTES = 256_000_000
_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class ManifestLine:
    """One line of a manifest. ``path`` is relative to the dataset's root, with ``/``."""

    path: str
    label: str
    track_id: str
    group: str | None = None
    split: str | None = None
    licence: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A manifest as it was written: all its columns in their order, and its lines as texts by column."""

    columns: tuple[str, ...]
    rows: tuple[dict[str, str], ...]
    marked: bool = False  # whether it begins with a byte order mark, as spreadsheets want it


def read_manifest(file: Path, root: Path | None = None) -> list[ManifestLine]:
    """Return the lines of a manifest.

    ``path`` and ``label`` are required columns; ``track_id`` (default: the path), ``group``, ``split``
    (train, validation, test) and ``licence`` are read where they are there; other columns are ignored. Spaces around
    a field do not count, but for a path below ``root`` that is there with them.

    Raises:
        DatasetError: with ``file:line`` of everything that is wrong; when the file is none, or too large.
    """
    entries = _entries(file, root)
    if not entries:
        raise DatasetError(f"{file}: the manifest lists no recording.")
    return entries


def read_table(file: Path) -> Table:
    """Return the manifest of the folder that it lies in as it was written; it may list nothing yet.

    Raises:
        DatasetError: as ``read_manifest``.
    """
    _entries(file, file.parent)
    text = _text(file)
    reader = csv.DictReader(io.StringIO(text.removeprefix(_MARK), newline=""), restval="", strict=True)
    return Table(tuple(reader.fieldnames or ()), tuple(reader), text.startswith(_MARK))


def write_manifest(
    file: Path,
    rows: Iterable[Mapping[str, object]],
    columns: Sequence[str] = COLUMNS,
    *,
    marked: bool = False,
) -> None:
    """Write rows with the keys of ``columns`` (missing ones stay empty), whole or not at all.

    Raises:
        DatasetError: when the folder cannot be written to.
    """
    try:
        encoding = "utf-8-sig" if marked else "utf-8"
        with whole_file(file) as temporary, temporary.open("w", newline="", encoding=encoding) as stream:
            stream.write(_line(columns))
            stream.writelines(_line([row.get(column, "") for column in columns]) for row in rows)
    except OSError as error:
        raise DatasetError(f"{file}: cannot be written: {error.strerror or error}.") from error


def _line(fields: Sequence[object]) -> str:
    """Return a line of a CSV file; the writer quotes those characters only that its own ends of line have."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow(fields)
    return buffer.getvalue().removesuffix("\r\n") + "\n"


def leaves_root(path: str) -> bool:
    """Return whether a relative path, read as POSIX or as Windows does, points outside its folder."""
    windows = PureWindowsPath(path)
    return (
        PurePosixPath(path).is_absolute()
        or bool(windows.drive or windows.root)
        or ".." in windows.parts  # Windows takes both separators
        or "\0" in path
    )


def _text(file: Path) -> str:
    """Return the text of a file that is one: a pipe would block, and a device may never end."""
    try:
        if not file.is_file():
            file.stat()
            raise DatasetError(f"{file}: a folder, pipe or device; a manifest must be a file.")
        with file.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise DatasetError(f"{file}: cannot be read: {error.strerror or error}.") from error
    if len(data) > MOST_BYTES:
        raise DatasetError(
            f"{file}: larger than {MOST_BYTES // 1_000_000} MB; a manifest has a line per recording."
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DatasetError(f"{file}: cannot be read as a CSV file in UTF-8: {error}.") from error


def _entries(file: Path, root: Path | None) -> list[ManifestLine]:
    stream = io.StringIO(_text(file).removeprefix(_MARK), newline="")
    try:
        entries, problems = _read(csv.DictReader(stream, strict=True), file, root)
    except csv.Error as error:
        raise DatasetError(f"{file}: cannot be read as a CSV file in UTF-8: {error}.") from error
    if problems:
        more = f"\n… and {len(problems) - MANY} more." if len(problems) > MANY else ""
        raise DatasetError("\n".join(str(problem) for problem in problems[:MANY]) + more)
    return entries


def _read(
    reader: csv.DictReader[str], file: Path, root: Path | None
) -> tuple[list[ManifestLine], list[Problem]]:
    missing = [column for column in REQUIRED if column not in (reader.fieldnames or ())]
    if missing:
        text = "' and no column '".join(missing)
        only = (reader.fieldnames or [""])[0]
        commas = " Fields are separated by commas." if ";" in only or "\t" in only else ""
        raise DatasetError(
            f"{file}:1: the manifest has no column '{text}'. "
            f"Its first line must name its columns; known are {', '.join(COLUMNS)}.{commas}"
        )
    entries: list[ManifestLine] = []
    problems: list[Problem] = []
    lines: dict[tuple[str, str], int] = {}
    for row in reader:
        entry, wrong = _entry(row, root)
        if entry is not None:
            for column, value in (("path", entry.path), ("track_id", entry.track_id)):
                first = lines.setdefault((column, value), reader.line_num)
                if first != reader.line_num:
                    wrong.append(f"{column} '{value}' is there twice; first in line {first}.")
            entries.append(entry)
        problems += [Problem(f"{file}:{reader.line_num}", message) for message in wrong]
    return entries, problems


def _entry(row: Mapping[str | None, str | None], root: Path | None) -> tuple[ManifestLine | None, list[str]]:
    value = {key: (row.get(key) or "").strip() for key in COLUMNS}
    wrong: list[str] = []
    if None in row:
        wrong.append("more fields than the first line names columns. Put fields with commas in quotes.")
    wrong += [f"'{column}' is empty." for column in REQUIRED if not value[column]]
    written = _path_of(row.get("path") or "", root)
    if leaves_root(written):
        wrong.append(f"path '{written}' leaves the dataset's folder; paths must be relative and stay inside.")
    if value["split"] and value["split"].lower() not in SPLITS:
        wrong.append(f"split '{value['split']}' is none of train, validation, test.")
    if wrong:
        return None, wrong
    path = PurePosixPath(written).as_posix()
    split = SPLITS.get(value["split"].lower())
    # A name that is the path's keeps the spaces that the path keeps.
    track_id = path if row.get("track_id") == row.get("path") else value["track_id"] or path
    return ManifestLine(path, value["label"], track_id, value["group"] or None, split, value["licence"]), []


def _path_of(written: str, root: Path | None) -> str:
    plain = written.strip()
    if root is not None and plain != written and not leaves_root(written) and os.path.exists(root / written):
        return written
    return plain
