"""What datasets supply: checked track by track before it is split and identified."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmark.exceptions import BrokenDatasetError
from benchmark.plugin.border import described, type_name
from benchmark.plugin.component import Component
from benchmark.plugin.tracks import Corpus, Track

_SHOWN = 20


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
    name = f"track {track.id!r}"
    number = f": its class's name, not its place among {len(classes)}" * isinstance(track.label, int)
    listed = ", ".join(sorted(classes)[:_SHOWN])
    wrong = {
        f"a track whose id is {_shown(track.id)} instead of a text": not (
            isinstance(track.id, str) and track.id
        ),
        f"two tracks with the id {track.id!r}": track.id in ids,
        f"{name} the label {_shown(track.label)} instead of a text{number}": not isinstance(track.label, str),
        f"{name} the label {track.label!r}, which is not in its classes ({listed})": track.label
        not in classes,
        f"{name} the path {_shown(track.path)}": not isinstance(track.path, str | os.PathLike),
        f"{name} the content {_shown(track.content)} instead of a hash of its samples": not (
            isinstance(track.content, str) and track.content
        ),
        f"{name} a length of {_shown(track.seconds)} seconds": not _is_length(track.seconds),
        f"{name} the group {_shown(track.group)} instead of a text or None": not _is_name(track.group),
        f"{name} the split {_shown(track.split)} instead of a text or None": not _is_name(track.split),
    }
    return next((problem for problem, is_so in wrong.items() if is_so), "")


def _shown(value: Any) -> str:
    return f"{value!r} ({type_name(value)})"


def _is_length(value: Any) -> bool:
    return isinstance(value, int | float) and 0 <= value < float("inf")


def _is_name(value: Any) -> bool:
    return value is None or isinstance(value, str)
