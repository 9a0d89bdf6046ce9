"""What datasets supply: checked track by track before it is split and identified."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmark.exceptions import BrokenDatasetError
from benchmark.plugin.border import described, type_name
from benchmark.plugin.component import Component
from benchmark.plugin.tracks import Corpus, Track

_NAMED = 20


def checked_corpus(dataset: Component, made: Any) -> Corpus:
    """Return what a dataset's ``load`` gave, sorted by the tracks' ids, if it is a corpus of which results can be made.

    Raises:
        BrokenDatasetError: when it is not.
    """

    def refuse(problem: str) -> BrokenDatasetError:
        return BrokenDatasetError(f"{described(dataset, 'load')}: load gave {problem}.")

    if not isinstance(made, Corpus):
        raise refuse(f"{type_name(made)} instead of a Corpus")
    for name in made.classes:
        if not isinstance(name, str) or not name.strip():
            raise refuse(f"a class {name!r} ({type_name(name)}) instead of a text")
    known = set(made.classes)
    if len(known) < len(made.classes):
        twice = next(name for name in made.classes if list(made.classes).count(name) > 1)
        raise refuse(f"class '{twice}' twice")
    ids: set[str] = set()
    for track in made.tracks:
        problem = "" if isinstance(track, Track) else f"{type_name(track)} instead of a Track"
        problem = problem or _track_problem(track, known, ids)
        if problem:
            raise refuse(problem)
        ids.add(track.id)
    # An order that varied would make another split, and another identity, each time.
    tracks = sorted((_with_path(track) for track in made.tracks), key=lambda track: track.id)
    return replace(made, tracks=tuple(tracks), classes=tuple(made.classes))


def _with_path(track: Track) -> Track:
    return track if isinstance(track.path, Path) else replace(track, path=Path(track.path))


def _track_problem(track: Track, classes: set[str], ids: set[str]) -> str:
    """Return the first thing that is wrong with a track, or nothing."""
    if not (isinstance(track.id, str) and track.id):
        return f"a track whose id is {_shown(track.id)} instead of a text"
    if track.id in ids:
        return f"two tracks with the id {track.id!r}"
    problem = next(_value_problems(track, classes), "")
    return problem and f"track {track.id!r} {problem}"


def _value_problems(track: Track, classes: set[str]) -> Iterator[str]:
    """Yield what is wrong with what a track has besides its id; a thing hangs on those before it."""
    if not isinstance(track.label, str):
        number = f": its class's name, not its place among {len(classes)}" * isinstance(track.label, int)
        yield f"the label {_shown(track.label)} instead of a text{number}"
    if track.label not in classes:
        known = ", ".join(sorted(classes)[:_NAMED])
        yield f"the label {track.label!r}, which is not in its classes ({known})"
    if not isinstance(track.path, str | os.PathLike):
        yield f"the path {_shown(track.path)}"
    if not (isinstance(track.content, str) and track.content):
        yield f"the content {_shown(track.content)} instead of a hash of its samples"
    if not _is_length(track.seconds):
        yield f"a length of {_shown(track.seconds)} seconds"
    if not _is_name(track.group):
        yield f"the group {_shown(track.group)} instead of a text or None"
    if not _is_name(track.split):
        yield f"the split {_shown(track.split)} instead of a text or None"


def _shown(value: Any) -> str:
    return f"{value!r} ({type_name(value)})"


def _is_length(value: Any) -> bool:
    return isinstance(value, int | float) and 0 <= value < float("inf")


def _is_name(value: Any) -> bool:
    return value is None or isinstance(value, str)
