"""Which tracks are the same recording: equal audio, or copies that were encoded anew, trimmed or altered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.data.looking import Looker, current_looker
from benchmark.data.recordings.pairs import confirmed
from benchmark.data.recordings.prints import Progress, prints_of
from benchmark.data.recordings.store import PrintStore
from benchmark.plugin.tracks import Track


@dataclass(frozen=True)
class Recordings:
    """Which contents are one recording.

    ``of`` maps a content to that of the first copy; contents without copies are not in it. ``unheard`` are those that
    could not be listened to, and why: nothing is known of them. ``overlaps`` are pairs that have only a part in common,
    as a medley and one of its songs, or an excerpt and its song; sorted.
    """

    of: Mapping[str, str] = field(default_factory=dict)
    unheard: Mapping[str, str] = field(default_factory=dict)
    overlaps: tuple[tuple[str, str], ...] = ()

    def recording(self, track: Track) -> str:
        """Return what all copies of a track's recording have in common."""
        return self.of.get(track.content, track.content)

    def sets(self, tracks: Sequence[Track]) -> list[list[Track]]:
        """Return the tracks that are one recording, two or more at a time, in the order of ``tracks``."""
        together: dict[str, list[Track]] = {}
        for track in tracks:
            together.setdefault(self.recording(track), []).append(track)
        return [copies for copies in together.values() if len(copies) > 1]

    def related(self, tracks: Sequence[Track]) -> list[list[Track]]:
        """Return the tracks that are one recording or have a part in common, directly or through others."""
        pairs = [(first.content, second.content) for first, second in self.partly(tracks)]
        pairs += [(copies[0].content, copy.content) for copies in self.sets(tracks) for copy in copies[1:]]
        return Recordings(_joined(pairs)).sets(tracks)

    def partly(self, tracks: Sequence[Track]) -> list[tuple[Track, Track]]:
        """Return the pairs of tracks that have only a part in common.

        What a copy of one of them has in common with the other is for that copy to show: a track with a few seconds of
        another song in it is a copy of its own song, which has none of them.
        """
        by_content: dict[str, list[Track]] = {}
        for track in tracks:
            by_content.setdefault(track.content, []).append(track)
        return [
            (track, twin)
            for first, second in self.overlaps
            if self.of.get(first, first) != self.of.get(second, second)
            for track in by_content.get(first, ())
            for twin in by_content.get(second, ())
        ]


def find_recordings(
    tracks: Iterable[Track], cache: Path, progress: Progress | None = None, looker: Looker | None = None
) -> Recordings:
    """Return which tracks are the same recording; what was found out before is remembered in ``cache``.

    ``progress`` is told how many of how many fingerprints are made, if some are missing. ``looker`` is what listens to
    the tracks, by default what was set for all files (``looking_by``).

    Raises:
        CacheError: when the cache cannot be read or written.
    """
    looker = looker or current_looker()
    by_content = {track.content: track for track in tracks}
    contents = sorted(by_content)
    store = PrintStore(cache)
    if looker.again:
        store.forget_lost(contents)
    unheard: dict[str, str] = {}
    pairs = store.search(contents)
    if pairs is None:
        prints, unheard = prints_of(by_content, store, looker, progress or (lambda done, total: None))
        heard = [content for content in contents if content in prints]
        pairs = store.search(heard) if unheard else None
        if pairs is None:
            pairs, lost = confirmed(
                [by_content[content] for content in heard], [prints[content] for content in heard], looker
            )
            unheard |= lost
            store.keep_lost(lost)
            if not lost:
                store.keep_search(heard, pairs)
    overlaps = sorted((first, second) for first, second, whole in pairs if not whole)
    same = _joined((first, second) for first, second, whole in pairs if whole)
    return Recordings(same, unheard, tuple(overlaps))


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return, for each content of a pair, the least of all that are connected with it.

    >>> _joined([("b", "c"), ("a", "b")])
    {'b': 'a', 'c': 'a', 'a': 'a'}
    """
    parent: dict[str, str] = {}

    def root(content: str) -> str:
        parent.setdefault(content, content)
        while parent[content] != content:
            parent[content] = parent[parent[content]]
            content = parent[content]
        return content

    for first, second in pairs:
        least, other = sorted((root(first), root(second)))
        parent[other] = least
    return {content: root(content) for content in parent}
