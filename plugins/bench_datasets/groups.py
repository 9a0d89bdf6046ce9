"""Who plays on which clip, from a list of the user's: Sturm's index of GTZAN, or a CSV or TSV of files and artists."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from benchmark import DatasetError, Problem

# How Sturm's index divides its lines: blues.00002.wav ::: John Lee Hooker ::: Think Twice Before You Go
_INDEX = ":::"
_HEADERS = ("file", "filename", "path", "track", "track_id", "clip")
_NOBODY = ("", "?", "-", "unknown", "unknown artist", "n/a", "none")


def read_groups(file: Path) -> dict[str, str]:
    """Return the group of each clip that a list names: by the clip's name without folder and suffix, in small letters.

    A line has a file and its artist, or any other source recording that is not to be on two sides of a split;
    whatever follows is not read. Between them are commas, tabs, or ``:::``. Lines that begin with ``#`` are comments,
    and a first line may name the columns. Artists that differ in case and spaces only are one; an empty one, ``?`` or
    ``unknown`` is nobody.

    Raises:
        DatasetError: with ``file:line`` of everything that is wrong.
    """
    groups: dict[str, str] = {}
    problems: list[Problem] = []
    try:
        lines = list(_lines(file.read_text(encoding="utf-8-sig")))
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{file} cannot be read as a list of files and artists: {error}") from error
    for number, parts in lines:
        if len(parts) < 2:
            message = "a line is 'FILE, ARTIST' (or with a tab or ':::' between them), found one part only."
            problems.append(Problem(f"{file}:{number}", message))
            continue
        name, group = parts[0].strip(), " ".join(parts[1].split()).casefold()
        if not groups and not problems and name.casefold() in _HEADERS:
            continue
        clip = clip_name(name)
        if group in _NOBODY:
            continue
        if groups.setdefault(clip, group) != group:
            message = f"{clip} is by '{group}' here, and by '{groups[clip]}' further up."
            problems.append(Problem(f"{file}:{number}", message))
    if problems:
        shown = "".join(f"\n  {problem}" for problem in problems[:20])
        raise DatasetError(f"The list of groups is wrong:{shown}")
    if not groups:
        raise DatasetError(f"{file} names no artist of any file; a line is 'blues.00000.wav, ARTIST'.")
    return groups


def clip_name(name: str) -> str:
    """Return what a file is called without folder and suffix, in small letters.

    >>> clip_name("genres/blues/Blues.00000.wav"), clip_name("blues.00000")
    ('blues.00000', 'blues.00000')
    """
    path = PurePosixPath(name.replace("\\", "/"))
    return (path.stem if path.suffix.lower() in (".wav", ".au", ".mp3", ".ogg") else path.name).lower()


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the parts of each line that says something, with its number."""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if _INDEX in line:
            yield number, line.split(_INDEX)
        elif "\t" in line:
            yield number, line.split("\t")
        else:
            yield number, next(csv.reader([line], skipinitialspace=True))
