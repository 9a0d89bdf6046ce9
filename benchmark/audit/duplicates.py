"""Which tracks are the same recording: equal audio, or copies that were encoded anew, trimmed, or made louder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.audit.confirm import SAME, agreement
from benchmark.audit.fingerprint import SAMPLE_RATE, SECONDS, fingerprint
from benchmark.audit.search import candidates
from benchmark.audit.store import Pair, PrintStore
from benchmark.data.audio import load_mono
from benchmark.data.tracks import Track
from benchmark.exceptions import AudioError

if TYPE_CHECKING:
    import numpy as np

Progress = Callable[[int, int], None]
_AT_ONCE = 256


@dataclass(frozen=True)
class Recordings:
    """Which contents are one recording.

    ``of`` maps a content to that of the first copy; contents without copies are not in it. ``unheard`` are those that
    could not be decoded: nothing is known of them.
    """

    of: Mapping[str, str] = field(default_factory=dict)
    unheard: frozenset[str] = frozenset()

    def recording(self, track: Track) -> str:
        """Return what all copies of a track's recording have in common."""
        return self.of.get(track.content, track.content)

    def sets(self, tracks: Sequence[Track]) -> list[list[Track]]:
        """Return the tracks that are one recording, two or more at a time, in the order of ``tracks``."""
        together: dict[str, list[Track]] = {}
        for track in tracks:
            together.setdefault(self.recording(track), []).append(track)
        return [copies for copies in together.values() if len(copies) > 1]


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
    if pairs is not None:
        return Recordings(_joined(pairs))
    prints, unheard = _prints(by_content, store, progress or (lambda done, total: None))
    heard = [content for content in contents if content in prints]
    pairs = _confirmed([by_content[content] for content in heard], [prints[content] for content in heard])
    if not unheard:
        store.keep_search(contents, pairs)
    return Recordings(_joined(pairs), frozenset(unheard))


def _prints(
    tracks: Mapping[str, Track], store: PrintStore, progress: Progress
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Return the fingerprints of tracks by content, and the contents that cannot be decoded."""
    found = store.read(list(tracks))
    absent = [content for content in tracks if content not in found]
    unheard: list[str] = []
    # NumPy, soxr and libsndfile release the GIL.
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        for start in range(0, len(absent), _AT_ONCE):
            progress(start, len(absent))
            some = absent[start : start + _AT_ONCE]
            made = dict(zip(some, pool.map(_print, (tracks[content] for content in some)), strict=True))
            unheard += [content for content, words in made.items() if words is None]
            fresh = {content: words for content, words in made.items() if words is not None}
            store.write(fresh)
            found |= fresh
    if absent:
        progress(len(absent), len(absent))
    return found, unheard


def _print(track: Track) -> np.ndarray | None:
    try:
        return fingerprint(load_mono(track.path, SAMPLE_RATE, content=track.content))
    except AudioError:
        return None


def _confirmed(tracks: Sequence[Track], prints: Sequence[np.ndarray]) -> list[Pair]:
    """Return the contents of those candidates whose waveforms agree."""

    @lru_cache(maxsize=64)
    def heard(index: int) -> np.ndarray:
        track = tracks[index]
        return load_mono(track.path, SAMPLE_RATE, content=track.content)[: round(SECONDS * SAMPLE_RATE)]

    return [
        (tracks[match.first].content, tracks[match.second].content)
        for match in candidates(prints)
        if agreement(heard(match.first), heard(match.second), match.offset) >= SAME
    ]


def _joined(pairs: Iterable[Pair]) -> dict[str, str]:
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
