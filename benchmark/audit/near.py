"""The near-duplicates among the tracks of a suite, as pairs of contents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

from benchmark.data.recordings.find import find_recordings

if TYPE_CHECKING:
    from pathlib import Path

    from benchmark.data.looking import Looker
    from benchmark.plugin.tracks import Track


@dataclass(frozen=True)
class NearDuplicates:
    """Pairs of different contents that are one recording, and why contents could not be compared with others.

    ``parts`` are pairs that have a part in common and are not one recording, as a medley and one of its songs.
    """

    pairs: tuple[tuple[str, str], ...] = ()
    unheard: Mapping[str, str] = field(default_factory=dict)
    parts: tuple[tuple[str, str], ...] = ()


def find_near_duplicates(
    tracks: Iterable[Track], cache: Path, progress: Callable[[int, int], None], looker: Looker | None = None
) -> NearDuplicates:
    """Return the near-duplicates among tracks of different content; fingerprints are kept in ``cache``.

    ``progress`` is told how many of how many new fingerprints are made. A track whose file cannot be read any more, or
    that ``looker`` had to give up (see ``find_recordings``), is named, and compared with none.

    Raises:
        CacheError: when the cache cannot be read or written.
    """
    by_content = {track.content: track for track in tracks}
    recordings = find_recordings(by_content.values(), cache, progress, looker)
    together: defaultdict[str, list[str]] = defaultdict(list)
    for content in sorted(by_content):
        if content in recordings.of:
            together[recordings.of[content]].append(content)
    pairs = sorted(pair for copies in together.values() for pair in combinations(copies, 2))
    parts = sorted(
        (first.content, second.content) for first, second in recordings.partly(list(by_content.values()))
    )
    return NearDuplicates(tuple(pairs), recordings.unheard, tuple(parts))
