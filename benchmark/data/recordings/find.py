"""Which tracks are the same recording: equal audio, or copies that were encoded anew, trimmed or altered."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.data.audio import load_mono
from benchmark.data.recordings.confirm import DRIFT, SAME, Agreement, compare, compare_relative, rate_of
from benchmark.data.recordings.fingerprint import SAMPLE_RATE, SECONDS, fingerprint_and_sketch
from benchmark.data.recordings.relatives import Relative, relatives
from benchmark.data.recordings.search import Match, candidates
from benchmark.data.recordings.store import Pair, PrintStore
from benchmark.exceptions import AudioError
from benchmark.plugin.tracks import Track

if TYPE_CHECKING:
    import numpy as np

Progress = Callable[[int, int], None]
_AT_ONCE = 256
# Two recordings that agree in so much of the longer one are one. Two that each share that much with a third one share
# something with each other, so that copies of copies are copies; the songs of a medley are not.
_WHOLE = 0.6
# Under this name a recording's sketch is stored beside its fingerprint.
_SKETCH = "{} sketch"


@dataclass(frozen=True)
class Recordings:
    """Which contents are one recording.

    ``of`` maps a content to that of the first copy; contents without copies are not in it. ``unheard`` are those that
    could not be decoded: nothing is known of them. ``overlaps`` are pairs that have only a part in common, as a medley
    and one of its songs, or an excerpt and its song; sorted.
    """

    of: Mapping[str, str] = field(default_factory=dict)
    unheard: frozenset[str] = frozenset()
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
        pairs = [(one.content, other.content) for one, other in self.partly(tracks)]
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
            (one, other)
            for first, second in self.overlaps
            if self.of.get(first, first) != self.of.get(second, second)
            for one in by_content.get(first, ())
            for other in by_content.get(second, ())
        ]


def find_recordings(tracks: Iterable[Track], cache: Path, progress: Progress | None = None) -> Recordings:
    """Return which tracks are the same recording; what was found out before is remembered in ``cache``.

    ``progress`` is told how many of how many fingerprints are made, if some are missing.

    Raises:
        CacheError: when the cache cannot be read or written.
    """
    by_content = {track.content: track for track in tracks}
    contents = sorted(by_content)
    store = PrintStore(cache)
    pairs = store.search(contents)
    unheard: list[str] = []
    if pairs is None:
        prints, unheard = _prints(by_content, store, progress or (lambda done, total: None))
        heard = [content for content in contents if content in prints]
        pairs = _confirmed([by_content[each] for each in heard], [prints[each] for each in heard])
        if not unheard:
            store.keep_search(contents, pairs)
    overlaps = sorted((first, second) for first, second, whole in pairs if not whole)
    same = _joined((first, second) for first, second, whole in pairs if whole)
    return Recordings(same, frozenset(unheard), tuple(overlaps))


_Print = tuple["np.ndarray", "np.ndarray"]


def _prints(
    tracks: Mapping[str, Track], store: PrintStore, progress: Progress
) -> tuple[dict[str, _Print], list[str]]:
    """Return the fingerprints and sketches of tracks by content, and the contents that cannot be decoded."""
    stored = store.read([name for content in tracks for name in (content, _SKETCH.format(content))])
    found = {
        content: (stored[content], stored[_SKETCH.format(content)].reshape(-1, 2))
        for content in tracks
        if content in stored and _SKETCH.format(content) in stored
    }
    absent = [content for content in tracks if content not in found]
    unheard: list[str] = []
    # NumPy, soxr and libsndfile release the GIL.
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        for start in range(0, len(absent), _AT_ONCE):
            progress(start, len(absent))
            some = absent[start : start + _AT_ONCE]
            made = dict(zip(some, pool.map(_print, (tracks[content] for content in some)), strict=True))
            unheard += [content for content, each in made.items() if each is None]
            fresh = {content: each for content, each in made.items() if each is not None}
            store.write(
                {content: words for content, (words, _) in fresh.items()}
                | {_SKETCH.format(content): sketch.ravel() for content, (_, sketch) in fresh.items()}
            )
            found |= fresh
    if absent:
        progress(len(absent), len(absent))
    return found, unheard


def _print(track: Track) -> _Print | None:
    try:
        return fingerprint_and_sketch(load_mono(track.path, SAMPLE_RATE, content=track.content))
    except AudioError:
        return None


def _confirmed(tracks: Sequence[Track], prints: Sequence[_Print]) -> list[Pair]:
    """Return the contents of those candidates that are one recording when they are listened to."""

    @lru_cache(maxsize=64)
    def heard(index: int) -> np.ndarray:
        track = tracks[index]
        return load_mono(track.path, SAMPLE_RATE, content=track.content)[: round(SECONDS * SAMPLE_RATE)]

    def is_whole(pair: tuple[int, int], agreed: Agreement) -> bool:
        return agreed.seconds * SAMPLE_RATE >= _WHOLE * max(len(heard(each)) for each in pair)

    words = [each for each, _ in prints]
    found: dict[tuple[int, int], bool] = {}
    for match in candidates(words):
        agreed = _agreement(heard(match.first), heard(match.second), match, words)
        if agreed.level >= SAME:
            pair = (match.first, match.second)
            found[pair] = is_whole(pair, agreed)
    for relative in relatives(words, [sketch for _, sketch in prints]):
        pair = min(relative.first, relative.second), max(relative.first, relative.second)
        if pair not in found:
            agreed = compare_relative(heard(relative.first), heard(relative.second), relative)
            if agreed.level >= SAME:
                found[pair] = is_whole(pair, agreed)
    return [
        (tracks[first].content, tracks[second].content, whole)
        for (first, second), whole in sorted(found.items())
    ]


def _agreement(first: np.ndarray, second: np.ndarray, match: Match, words: Sequence[np.ndarray]) -> Agreement:
    """Return how alike two recordings are, also where one runs a little faster than clocks differ."""
    agreed = compare(first, second, match.offset, match.at)
    if agreed.level >= SAME:
        return agreed
    found = Relative(match.first, match.second, match.distance, 0, 1.0, match.at, match.at - match.offset)
    rate = rate_of(words[match.first], words[match.second], found)
    return compare_relative(first, second, found) if abs(rate - 1) > DRIFT / 2 else agreed


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
        one, other = sorted((root(first), root(second)))
        parent[other] = one
    return {content: root(content) for content in parent}
