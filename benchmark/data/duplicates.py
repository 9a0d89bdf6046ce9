"""Recordings that are there more than once, and what becomes of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from benchmark.plugin.tracks import Corpus, LeftOut, Track

# Of tracks with the same reason.
_NAMED = 5


def copies_of(contents: Mapping[str, str]) -> list[list[str]]:
    """Return the names that share a content hash, two or more at a time, in the order of ``contents``.

    >>> copies_of({"a": "1", "b": "2", "c": "1"})
    [['a', 'c']]
    """
    names: defaultdict[str, list[str]] = defaultdict(list)
    for name, content in contents.items():
        names[content].append(name)
    return [copies for copies in names.values() if len(copies) > 1]


def with_duplicates(
    corpus: Corpus,
    sets: Sequence[Sequence[Track]],
    *,
    remove: bool,
    parts: Sequence[tuple[Track, Track]] = (),
    unheard: Mapping[str, str] | None = None,
) -> Corpus:
    """Return a corpus of which ``sets`` are copies of one recording each, with a note that lists them.

    With ``remove`` the first of each set is kept, and the others are left out. Of a set whose labels disagree none is
    kept: one of the labels is wrong, and nobody knows which. Of ``parts``, which are pairs of tracks with a part in
    common, one is left out: that which has something in common with most others (a medley), else the second. Tracks
    that are ``unheard``, by id with the reason, may be copies: a note says so.
    """
    corpus = replace(corpus, notes=(*corpus.notes, *_not_compared(unheard or {})))
    if not sets and not parts:
        some = " among the others" if unheard else ""
        return replace(corpus, notes=(*corpus.notes, f"No duplicates were found{some}."))
    listed = "; ".join(
        [
            *(" = ".join(_name(track, copies) for track in copies) for copies in sets),
            *(f"{first.id} has a part of {second.id}" for first, second in parts),
        ]
    )
    if not remove:
        return replace(corpus, notes=(*corpus.notes, f"{_count(sets, parts)}, kept: {listed}."))
    reasons = {track.id: _reason(track, copies) for copies in sets for track in _refused(copies)}
    reasons |= _medleys([pair for pair in parts if not {track.id for track in pair} & reasons.keys()])
    labels = {track.id: track.label for track in corpus.tracks}
    refused = {id_: LeftOut(id_, reason, labels[id_]) for id_, reason in sorted(reasons.items())}
    return replace(
        corpus,
        tracks=tuple(track for track in corpus.tracks if track.id not in refused),
        left_out=(*corpus.left_out, *refused.values()),
        notes=(
            *corpus.notes,
            f"{_count(sets, parts)}, of which {len(refused)} tracks were removed: {listed}.",
        ),
    )


def _not_compared(unheard: Mapping[str, str]) -> list[str]:
    return [f"Not looked into for duplicates: {reasoned(unheard)}."] if unheard else []


def reasoned(unheard: Mapping[str, str]) -> str:
    """Return names with the reasons, a few of each.

    >>> reasoned({"a": "hung for 2 s", "b": "hung for 2 s"})
    'a, b (hung for 2 s)'
    """
    by_reason: defaultdict[str, list[str]] = defaultdict(list)
    for name, reason in unheard.items():
        by_reason[reason].append(name)
    return "; ".join(
        f"{', '.join(names[:_NAMED])}{f' and {len(names) - _NAMED} more' * (len(names) > _NAMED)} ({reason})"
        for reason, names in by_reason.items()
    )


def _medleys(parts: Sequence[tuple[Track, Track]]) -> dict[str, str]:
    """Return which tracks to leave out, with the reason, so that no two that are left have a part in common."""
    left = [tuple(sorted(track.id for track in pair)) for pair in parts]
    refused: dict[str, str] = {}
    while left:
        partners: defaultdict[str, list[str]] = defaultdict(list)
        for first, second in left:
            partners[first].append(second)
            partners[second].append(first)
        # Of tracks with as many partners the last by id goes, as of copies.
        most = max(partners, key=lambda id_: (len(partners[id_]), id_))
        refused[most] = f"it has parts of {', '.join(sorted(partners[most]))}"
        left = [pair for pair in left if most not in pair]
    return refused


def _refused(copies: Sequence[Track]) -> Sequence[Track]:
    return copies if _disagree(copies) else copies[1:]


def _reason(track: Track, copies: Sequence[Track]) -> str:
    others = ", ".join(_name(other, copies) for other in copies if other.id != track.id)
    if _disagree(copies):
        return f"the same recording as {others}, and their labels disagree"
    return f"the same recording as {copies[0].id}, which is kept"


def _name(track: Track, copies: Sequence[Track]) -> str:
    return f"{track.id} ({track.label})" if _disagree(copies) else track.id


def _disagree(copies: Sequence[Track]) -> bool:
    return len({track.label for track in copies}) > 1


def _count(sets: Sequence[Sequence[Track]], parts: Sequence[tuple[Track, Track]]) -> str:
    recordings = "1 recording is" if len(sets) == 1 else f"{len(sets)} recordings are"
    overlapping = f" and {len(parts)} pairs of tracks have a part in common" if parts else ""
    return f"{recordings} there more than once{overlapping}"
