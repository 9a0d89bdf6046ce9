"""The near-duplicates among the tracks of a suite, as pairs of contents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from benchmark.data.recordings.find import find_recordings

if TYPE_CHECKING:
    from pathlib import Path

    from benchmark.plugin.tracks import Track


@dataclass(frozen=True)
class NearDuplicates:
    """Pairs of different contents that are one recording, and the names of tracks that could not be compared.

    ``parts`` are pairs that have a part in common and are not one recording, as a medley and one of its songs.
    """

    pairs: tuple[tuple[str, str], ...] = ()
    unheard: tuple[str, ...] = ()
    parts: tuple[tuple[str, str], ...] = ()


def find_near_duplicates(
    tracks: Iterable[Track], cache: Path, progress: Callable[[int, int], None]
) -> NearDuplicates:
    """Return the near-duplicates among tracks of different content; fingerprints are kept in ``cache``.

    ``progress`` is told how many of how many new fingerprints are made. A track whose file cannot be read any more is
    named, and compared with none.

    Raises:
        CacheError: when the cache cannot be read or written.
    """
    by_content = {track.content: track for track in tracks}
    found = find_recordings(by_content.values(), cache, progress)
    together: defaultdict[str, list[str]] = defaultdict(list)
    for content in sorted(by_content):
        if content in found.of:
            together[found.of[content]].append(content)
    pairs = sorted(pair for copies in together.values() for pair in combinations(copies, 2))
    parts = sorted((one.content, other.content) for one, other in found.partly(list(by_content.values())))
    unheard = sorted(by_content[each].id for each in found.unheard)
    return NearDuplicates(tuple(pairs), tuple(unheard), tuple(parts))
