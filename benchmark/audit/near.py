"""The near-duplicates among the tracks of a suite; fingerprints are kept in the cache, by audio content."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from benchmark.audit.confirm import SAME, agreement
from benchmark.audit.fingerprint import MAX_WORDS, SAMPLE_RATE, SECONDS, VERSION, fingerprint
from benchmark.audit.search import candidates
from benchmark.data.audio import load_mono
from benchmark.data.prepare import Run
from benchmark.data.store import FeatureStore
from benchmark.exceptions import AudioError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from benchmark.data.tracks import Track

_AT_ONCE = 64


@dataclass(frozen=True)
class NearDuplicates:
    """Pairs of contents that are one recording, with how alike they are (0.8 to 1), and tracks not compared."""

    pairs: tuple[tuple[str, str, float], ...] = ()
    unheard: tuple[str, ...] = ()


def find_near_duplicates(
    tracks: Iterable[Track], cache: Path, run: Run, progress: Callable[[int, int], None]
) -> NearDuplicates:
    """Return the near-duplicates among tracks of different content.

    ``run`` maps a function over argument tuples, in order or not; ``progress`` is told how many of how many new
    fingerprints are made. A track whose file cannot be read any more is named, and compared with none.

    Raises:
        CacheError: when the cache cannot be read or written.
    """
    by_content = {track.content: track for track in tracks}
    contents = sorted(by_content)
    store = fingerprint_store(cache)
    unheard = _fill(store, contents, by_content, run, progress)
    rows = store.rows(contents)
    known = [content for content, row in zip(contents, rows, strict=True) if row >= 0]
    stored = store.open_rows()
    # Copied, because a memory map would keep its file open as long as there are matches.
    prints = [stored[row, 1 : 1 + stored[row, 0]].copy() for row in rows if row >= 0]
    asked = [(by_content[known[m.first]], by_content[known[m.second]], m.offset) for m in candidates(prints)]
    pairs = sorted(pair for pair in run(compare, asked) if pair[2] >= SAME)
    return NearDuplicates(tuple(pairs), tuple(unheard))


def compare(first: Track, second: Track, offset: int) -> tuple[str, str, float]:
    """Return the contents of two tracks and how alike their waveforms are, 0 to 1; 0 where one cannot be read."""
    try:
        samples = [_samples(track.path, track.content) for track in (first, second)]
    except AudioError:
        return first.content, second.content, 0.0
    return first.content, second.content, agreement(samples[0], samples[1], offset)


@lru_cache(maxsize=32)
def _samples(path: Path, content: str) -> np.ndarray:
    """Return what of a track has a fingerprint; ``content`` tells a file that has changed from what it was."""
    return load_mono(path, SAMPLE_RATE)[: round(SECONDS * SAMPLE_RATE)]


def fingerprint_store(cache: Path) -> FeatureStore:
    """Return the store of fingerprints: the number of words, then the words, then zeros."""
    describe = {"name": "fingerprint", "version": str(VERSION), "parameters": {}}
    folder = cache / "features" / f"fingerprint-{VERSION}"
    return FeatureStore(folder, (1 + MAX_WORDS,), "uint32", describe)


def padded_fingerprint(path: Path, content: str) -> tuple[str, np.ndarray | None]:
    """Return a file's content and its fingerprint as it is stored, None where the file cannot be read."""
    import numpy as np

    try:
        words = fingerprint(load_mono(path, SAMPLE_RATE))
    except AudioError:
        return content, None
    row = np.zeros(1 + MAX_WORDS, np.uint32)
    row[0], row[1 : 1 + len(words)] = len(words), words
    return content, row


def _fill(
    store: FeatureStore,
    contents: list[str],
    tracks: dict[str, Track],
    run: Run,
    progress: Callable[[int, int], None],
) -> list[str]:
    """Make the fingerprints that are not stored; return the names of tracks that have none."""
    if not _absent(store, contents):
        if contents:
            store.touch()
        return []
    unheard = []
    with store.writing():
        absent = _absent(store, contents)
        waiting: list[tuple[str, np.ndarray]] = []
        arguments = ((tracks[content].path, content) for content in absent)
        for done, (content, row) in enumerate(run(padded_fingerprint, arguments), 1):
            if row is None:
                unheard.append(tracks[content].id)
            else:
                waiting.append((content, row))
            if len(waiting) == _AT_ONCE or done == len(absent):
                store.append([key for key, _ in waiting], [each for _, each in waiting])
                waiting.clear()
            progress(done, len(absent))
    return unheard


def _absent(store: FeatureStore, contents: list[str]) -> list[str]:
    return [content for content, row in zip(contents, store.rows(contents), strict=True) if row < 0]
