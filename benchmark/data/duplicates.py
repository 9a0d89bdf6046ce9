"""Recordings that are there more than once, and what becomes of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from benchmark.data.tracks import Corpus, LeftOut, Track


def copies_of(contents: Mapping[str, str]) -> list[list[str]]:
    """Return the names that share a content hash, two or more at a time, in the order of ``contents``.

    >>> copies_of({"a": "1", "b": "2", "c": "1"})
    [['a', 'c']]
    """
    names: defaultdict[str, list[str]] = defaultdict(list)
    for name, content in contents.items():
        names[content].append(name)
    return [copies for copies in names.values() if len(copies) > 1]


def with_duplicates(corpus: Corpus, sets: Sequence[Sequence[Track]], *, remove: bool) -> Corpus:
    """Return a corpus of which ``sets`` are copies of one recording each, with a note that lists them.

    With ``remove`` the first of each set is kept, and the others are left out. Of a set whose labels disagree none is
    kept: one of the labels is wrong, and nobody knows which.
    """
    if not sets:
        return replace(corpus, notes=(*corpus.notes, "No duplicates were found."))
    listed = "; ".join(" = ".join(_name(track, copies) for track in copies) for copies in sets)
    if not remove:
        return replace(corpus, notes=(*corpus.notes, f"{_count(sets)}, kept: {listed}."))
    refused = {track.id: _left_out(track, copies) for copies in sets for track in _refused(copies)}
    return replace(
        corpus,
        tracks=tuple(track for track in corpus.tracks if track.id not in refused),
        left_out=(*corpus.left_out, *(out for _, out in sorted(refused.items()))),
        notes=(*corpus.notes, f"{_count(sets)}, of which {len(refused)} tracks were removed: {listed}."),
    )


def _refused(copies: Sequence[Track]) -> Sequence[Track]:
    return copies if _disagree(copies) else copies[1:]


def _left_out(track: Track, copies: Sequence[Track]) -> LeftOut:
    return LeftOut(track.id, _reason(track, copies), track.label)


def _reason(track: Track, copies: Sequence[Track]) -> str:
    others = ", ".join(_name(other, copies) for other in copies if other.id != track.id)
    if _disagree(copies):
        return f"the same recording as {others}, and their labels disagree"
    return f"the same recording as {copies[0].id}, which is kept"


def _name(track: Track, copies: Sequence[Track]) -> str:
    return f"{track.id} ({track.label})" if _disagree(copies) else track.id


def _disagree(copies: Sequence[Track]) -> bool:
    return len({track.label for track in copies}) > 1


def _count(sets: Sequence[Sequence[Track]]) -> str:
    recordings = "1 recording is" if len(sets) == 1 else f"{len(sets)} recordings are"
    return f"{recordings} there more than once"
