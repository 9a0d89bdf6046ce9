"""Near-duplicates among many fingerprints: an inverted index proposes pairs, the bit error rate decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import log2, sqrt
from typing import TYPE_CHECKING

from benchmark.data.recordings.fingerprint import HOP, SAMPLE_RATE, WINDOW, scrambled

if TYPE_CHECKING:
    import numpy as np

# A copy is at 0.08 to 0.17 as MP3 or Ogg, trimmed and louder. Music of one style with one beat gets there too, which
# is why the waveforms of what is proposed are compared.
ALIKE = 0.28
# So alike, another offset need not be tried.
SURE = 0.15
# Standard deviations that a short overlap must be better than chance.
SIGMAS = 6
FEWEST_WORDS = 8
# Words of a track that are looked up, about: of longer ones a part, chosen by what they are, so that copies agree.
SAMPLED = 160
# Each entry of the index meets the next few of its bucket: linear work, however many tracks share a word.
NEIGHBOURS = 8
SHIFTS = (0, 6, 12)
PROBE = 8
# So many words must agree: 3.5 s, or the whole overlap where it is shorter.
STRETCH = round(3.5 * SAMPLE_RATE / HOP)
_CHUNK = 1 << 20
_TRACKS_AT_ONCE = 4096
_WEAK = 0.36
# Few words say less: these are looked at first, and most chance pairs are gone.
_FIRST, _FIRST_WEAK = (-8, -24, 16, 40), 0.42


@dataclass(frozen=True)
class Match:
    """Two tracks, by index (``first < second``), that may be one recording.

    ``distance`` is the share of bits that differ where they agree most, 0 to ``ALIKE``; the second track begins
    ``offset`` words into the first, give or take one, seen from around word ``at`` of the first.
    """

    first: int
    second: int
    distance: float
    offset: int
    at: int


def candidates(prints: Sequence[np.ndarray]) -> list[Match]:
    """Return all pairs that may be the same recording, sorted.

    ``prints`` are sub-fingerprints, uint32 of shape (words,), as ``fingerprint`` makes them. Tracks without enough to
    be heard match nothing. Time and memory grow with the number of words, not with the number of pairs; of a set
    of many copies, pairs enough to connect them are found.
    """
    import numpy as np

    starts = np.concatenate([[0], np.cumsum([len(some) for some in prints])]).astype(np.int64)
    if starts[-1] == 0:
        return []
    words = np.concatenate(prints).astype(np.uint32, copy=False)
    best: dict[tuple[int, int], tuple[float, int, int]] = {}
    refused: set[tuple[int, int, int]] = set()
    for a, b, offset in _candidates(words, starts):
        if (a, b, offset) in refused or best.get((a, b), (1.0, 0, 0))[0] < SURE:
            continue
        nearest = aligned_distance(prints[a], prints[b], offset)
        if nearest is None:
            refused.add((a, b, offset))
        else:
            best[a, b] = min((*nearest, offset), best.get((a, b), (1.0, 0, 0)))
    return [Match(a, b, distance, offset, at) for (a, b), (distance, at, offset) in sorted(best.items())]


def threshold(words: int) -> float:
    """Return the share of differing bits, over so many words, up to which two tracks are the same recording.

    Windows overlap, so that about one frame in each half window is independent: an overlap that is short must be
    better than chance by ``SIGMAS`` standard deviations of that many fair coins.
    """
    if words < FEWEST_WORDS:
        return 0.0
    independent = 32 * (words * HOP + WINDOW) / (WINDOW / 2)
    return min(ALIKE, 0.5 - SIGMAS * 0.5 / sqrt(independent))


def aligned_distance(first: np.ndarray, second: np.ndarray, offset: int) -> tuple[float, int] | None:
    """Return the distance where ``second`` begins ``offset`` words into ``first`` (or near), None if too large.

    It is that of the stretch that agrees most, and comes with the middle of that stretch in the first track.
    """
    import numpy as np

    nearest = None
    for shift in (offset, offset - 1, offset + 1):
        begin = max(0, shift)
        words, others = first[begin:], second[max(0, -shift) :]
        length = min(len(words), len(others))
        words, others = words[:length], others[:length]
        heard = (words != 0) & (others != 0)
        stretch = min(length, STRETCH)
        bits = np.where(heard, np.bitwise_count(words ^ others), 0)
        counts, differing = (_sums(counted, stretch) for counted in (heard, bits))
        told = counts >= max(FEWEST_WORDS, stretch // 4)
        if not told.any():
            continue
        shares = np.where(told, differing / np.maximum(1, 32 * counts), 1.0)
        place = int(np.argmin(shares))
        inside = slice(place, place + stretch)
        # A steady sound repeats its words, and says no more in a minute than in a moment.
        distinct = min(len(np.unique(counted[inside][heard[inside]])) for counted in (words, others))
        distance = float(shares[place])
        if distance <= threshold(min(int(counts[place]), distinct)) and (
            nearest is None or distance < nearest[0]
        ):
            nearest = distance, begin + place + stretch // 2
    return nearest


def _sums(values: np.ndarray, length: int) -> np.ndarray:
    """Return the sums of so many neighbours."""
    import numpy as np

    total = np.concatenate([[0], np.cumsum(values, dtype=np.int64)])
    sums: np.ndarray = total[length:] - total[: len(total) - length]
    return sums


def _candidates(words: np.ndarray, starts: np.ndarray) -> Iterator[tuple[int, int, int]]:
    """Yield (track, later track, offset in words) of pairs that share part of a word and agree around it."""
    import numpy as np

    lengths = np.diff(starts)
    rates = np.exp2(np.floor(np.log2(np.maximum(1, lengths / SAMPLED)))).astype(np.uint32)
    width = int(min(32, max(18, log2(max(2, int((lengths / rates).sum()))) + 3)))
    for shift in dict.fromkeys(min(shift, 32 - width) for shift in SHIFTS):
        keys, places, owners = _index(words, starts, rates, shift, width)
        for step in range(1, NEIGHBOURS + 1):
            same = np.flatnonzero((keys[step:] == keys[:-step]) & (owners[step:] != owners[:-step]))
            for begin in range(0, len(same), _CHUNK):
                some = same[begin : begin + _CHUNK]
                left, right = places[some], places[some + step]
                yield from _plausible(words, starts, left, right, owners[some], owners[some + step])


def _plausible(
    words: np.ndarray,
    starts: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
) -> Iterator[tuple[int, int, int]]:
    """Yield the pairs whose words around the shared one differ less than by chance."""
    import numpy as np

    # In the order of the index, the second track begins so many words into the first.
    offsets = (left - starts[first]) - (right - starts[second])
    swapped = first > second
    a, b = np.where(swapped, second, first), np.where(swapped, first, second)
    places = np.stack([left, right, a, b, np.where(swapped, -offsets, offsets)]).astype(np.int64)
    owners = np.stack([first, second]).astype(np.int64)
    for steps, weak in ((_FIRST, _FIRST_WEAK), (range(-PROBE * 8, PROBE * 8 + 1, 8), _WEAK)):
        likely = _similar(words, starts, places[0], places[1], owners, steps) <= weak
        places, owners = places[:, likely], owners[:, likely]
    yield from map(tuple, np.unique(places[2:].T, axis=0).tolist())


def _similar(
    words: np.ndarray,
    starts: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
    owners: np.ndarray,
    steps: Iterable[int],
) -> np.ndarray:
    """Return the share of bits that differ in the words so many steps from ``left`` and ``right``, 0 without any."""
    import numpy as np

    differing = np.zeros(len(left), np.int64)
    compared = np.zeros(len(left), np.int64)
    bounds = [starts[owners[0]], starts[owners[0] + 1], starts[owners[1]], starts[owners[1] + 1]]
    for step in steps:
        first, second = left + step, right + step
        inside = (first >= bounds[0]) & (first < bounds[1]) & (second >= bounds[2]) & (second < bounds[3])
        bits = np.bitwise_count(words[np.where(inside, first, 0)] ^ words[np.where(inside, second, 0)])
        differing += np.where(inside, bits, 0)
        compared += 32 * inside
    shares: np.ndarray = differing / np.maximum(1, compared)
    return shares


def _index(
    words: np.ndarray, starts: np.ndarray, rates: np.ndarray, shift: int, width: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return keys (``width`` bits of words) in order, the places of these words, and the tracks that they are of.

    Left out are words of silence, and those that repeat the one before.
    """
    import numpy as np

    parts = []
    for begin in range(0, len(starts) - 1, _TRACKS_AT_ONCE):
        bounds = starts[begin : begin + _TRACKS_AT_ONCE + 1]
        some = words[bounds[0] : bounds[-1]]
        telling = some != 0
        telling[1:] &= some[1:] != some[:-1]
        places = np.flatnonzero(telling)
        keys = (some[places] >> np.uint32(shift)) & np.uint32((1 << width) - 1)
        owners = np.searchsorted(bounds - bounds[0], places, side="right") - 1 + begin
        # A rate divides all larger ones: what a long track keeps of a passage, a short one keeps too.
        kept = scrambled(keys) % rates[owners] == 0
        parts.append((keys[kept], places[kept] + bounds[0], owners[kept].astype(np.uint32)))
    keys, places, owners = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(keys, kind="stable")
    return keys[order], places[order], owners[order]
