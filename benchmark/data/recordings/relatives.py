"""Faster, slower and transposed copies among many recordings: words of moved bands propose pairs of tracks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log2
from typing import TYPE_CHECKING

from benchmark.data.recordings.fingerprint import KEPT_BITS, KEPT_SHIFT, MOVES, STEP, scrambled

if TYPE_CHECKING:
    import numpy as np

# Each word meets the first few of the same key only: linear work, however many tracks share a word.
NEIGHBOURS = 4
# Share of bits that may differ in the words around, and in all of the sketch: copies are at 0.03 to 0.21, and what else
# music has in common begins at 0.28.
_WEAK, _ALIKE = 0.36, 0.25
_AROUND, _FEWEST = (*range(-6, 0), *range(1, 7)), 6
# Few words say less: these are looked at first, and most chance hits are gone.
_FIRST, _FIRST_WEAK = (-2, -1, 1, 2), 0.42
# Further away another speed would count.
_NEAR = 300
_CHUNK = 1 << 18
# As many as 55,000 clips of 30 s have; of more, fewer words each are looked up, so that time and memory stay bounded.
_MOST_ROWS = 40_000_000


@dataclass(frozen=True)
class Relative:
    """Two tracks, by index, that may be one recording at two speeds or in two keys.

    ``move`` says by how many sixths of a band, 1 % each, the second is higher. A second of it takes ``rate`` seconds in
    the first: about ``STEP**move`` where it was sped up, and 1 where it was transposed. ``distance`` is the share of
    bits that differ, and word ``there`` of the second is word ``here`` of the first.
    """

    first: int
    second: int
    distance: float
    move: int
    rate: float
    here: int
    there: int


@dataclass(frozen=True)
class _Sketches:
    """The sketches of all tracks below each other, and the fingerprints: words of track i are from ``starts[i]``."""

    owners: np.ndarray
    moves: np.ndarray
    places: np.ndarray
    words: np.ndarray
    prints: np.ndarray
    starts: np.ndarray


def relatives(prints: Sequence[np.ndarray], sketches: Sequence[np.ndarray]) -> list[Relative]:
    """Return all pairs that may be one recording at another speed (up to 6 %) or in another key (up to 2 semitones).

    Each pair is there once, as it is most alike; sorted. See ``fingerprint`` for ``prints`` and ``sketches``. Time and
    memory grow with the number of words, not with the number of pairs.
    """
    import numpy as np

    if not sum(len(sketch) for sketch in sketches):
        return []
    table, owners = _table(sketches)
    every = _Sketches(
        owners,
        (table[:, 0] >> np.uint32(16)).astype(np.uint8),
        (table[:, 0] & np.uint32(0xFFFF)).astype(np.int32),
        np.ascontiguousarray(table[:, 1]),
        np.concatenate(list(prints)).astype(np.uint32, copy=False),
        np.concatenate([[0], np.cumsum([len(words) for words in prints])]).astype(np.int64),
    )
    best: dict[tuple[int, int], Relative] = {}
    tried: set[tuple[int, int, int, int]] = set()
    for here, there in _hits(every):
        for row, other_row in _plausible(every, here, there):
            a, b = int(every.owners[row]), int(every.owners[other_row])
            pair, spot = (min(a, b), max(a, b)), int(every.places[row] - every.places[other_row]) // 8
            key = (a, b, int(every.moves[other_row]), spot)
            if key in tried:
                continue
            tried.add(key)
            relative = _refined(every, row, other_row)
            if relative is not None and (pair not in best or relative.distance < best[pair].distance):
                best[pair] = relative
    return sorted(best.values(), key=lambda relative: (relative.first, relative.second))


def _table(sketches: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of all sketches, and the track that each is of; of very many, a part that copies share."""
    import numpy as np

    rows = sum(len(sketch) for sketch in sketches)
    thinner = 1 << max(0, int(np.ceil(np.log2(rows / _MOST_ROWS)))) if rows > _MOST_ROWS else 1
    kept = list(sketches)
    if thinner > 1:
        # Other bits than those that made the sketch decide, and the same ones for all tracks.
        mask = np.uint32((1 << KEPT_BITS) - 1)
        kept = [
            sketch[
                (scrambled((sketch[:, 1] >> np.uint32(KEPT_SHIFT)) & mask) >> np.uint32(12)) % thinner == 0
            ]
            for sketch in sketches
        ]
    owners = np.repeat(np.arange(len(kept), dtype=np.int32), [len(sketch) for sketch in kept])
    return np.concatenate(kept), owners


def _hits(every: _Sketches) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield rows of unmoved words, and rows of moved ones of other tracks that have the same key."""
    import numpy as np

    unmoved = np.flatnonzero(every.moves == 0)
    asking = np.flatnonzero(every.moves != 0)
    width = int(min(26, max(KEPT_BITS, log2(max(2, len(unmoved))) + 4)))
    shift = max(0, KEPT_SHIFT - (width - KEPT_BITS) // 2)
    # Sorting keys with their rows as one number is several times faster than sorting rows by keys.
    known, asked = (_sorted(every.words, rows, shift, width) for rows in (unmoved, asking))
    known_keys = known >> np.uint64(32)
    for begin in range(0, len(asked), _CHUNK):
        some = asked[begin : begin + _CHUNK]
        keys = some >> np.uint64(32)
        low = np.searchsorted(known_keys, keys, side="left")
        for step in range(NEIGHBOURS):
            spot = np.minimum(low + step, len(known) - 1)
            same = (known_keys[spot] == keys) & (low + step < len(known))
            here = (known[spot[same]] & np.uint64(0xFFFFFFFF)).astype(np.int64)
            there = (some[same] & np.uint64(0xFFFFFFFF)).astype(np.int64)
            apart = every.owners[here] != every.owners[there]
            if apart.any():
                yield here[apart], there[apart]


def _sorted(words: np.ndarray, rows: np.ndarray, shift: int, width: int) -> np.ndarray:
    import numpy as np

    keys = (words[rows] >> np.uint32(shift)) & np.uint32((1 << width) - 1)
    return np.sort((keys.astype(np.uint64) << np.uint64(32)) | rows.astype(np.uint64))


def _plausible(every: _Sketches, here: np.ndarray, there: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield the hits around which sketched words of the second agree with the first, at one speed or the other."""
    import numpy as np

    scales = STEP ** np.array(MOVES, float)
    for transposed in (False, True):
        rows, others = here, there
        for steps, weak in ((_FIRST, _FIRST_WEAK), (_AROUND, _WEAK)):
            rates = np.ones(len(others)) if transposed else scales[every.moves[others]]
            compared, share = _similar(every, rows, others, rates, steps)
            likely = (compared >= min(_FEWEST, len(steps) // 2)) & (share <= weak)
            rows, others = rows[likely], others[likely]
        yield from zip(rows.tolist(), others.tolist(), strict=True)


def _similar(
    every: _Sketches, here: np.ndarray, there: np.ndarray, rates: np.ndarray, steps: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Return how many of the sketched words so many steps from ``there`` can be compared, and the bits that differ."""
    import numpy as np

    owners, moves, spots = every.owners[there], every.moves[there], every.places[there]
    begin, end = every.starts[every.owners[here]], every.starts[every.owners[here] + 1]
    middle = begin + every.places[here]
    differing, compared = np.zeros(len(here), np.int64), np.zeros(len(here), np.int64)
    for step in steps:
        other = np.clip(there + step, 0, len(every.owners) - 1)
        ahead = every.places[other] - spots
        place = middle + np.rint(ahead * rates).astype(np.int64)
        usable = (every.owners[other] == owners) & (every.moves[other] == moves) & (np.abs(ahead) <= _NEAR)
        usable &= (place >= begin) & (place < end) & (other != there)
        bits = np.bitwise_count(every.prints[np.where(usable, place, 0)] ^ every.words[other])
        differing += np.where(usable, bits, 0)
        compared += usable
    return compared, differing / np.maximum(1, 32 * compared)


def _refined(every: _Sketches, here: int, there: int) -> Relative | None:
    """Return a hit with the rate at which all of the second's sketch agrees best with the first, or None."""
    import numpy as np

    a, b, move = int(every.owners[here]), int(every.owners[there]), int(every.moves[there])
    own = np.flatnonzero(every.owners[_around(every, there)] == b) + _around(every, there).start
    own = own[every.moves[own] == move]
    ahead = every.places[own] - every.places[there]
    scale = STEP ** MOVES[move]
    rates = np.concatenate([scale * (1 + np.arange(-14, 15) * 5e-4), 1 + np.arange(-2, 3) * 5e-4])
    begin, end = every.starts[a], every.starts[a + 1]
    places = begin + every.places[here] + np.round(ahead[None] * rates[:, None]).astype(np.int64)
    usable = (places >= begin) & (places < end)
    bits = np.bitwise_count(every.prints[np.where(usable, places, 0)] ^ every.words[own][None])
    counts = usable.sum(1)
    shares = np.where(counts >= _FEWEST, np.where(usable, bits, 0).sum(1) / np.maximum(1, 32 * counts), 1.0)
    # Of rates that agree equally well the middle one is the likeliest.
    top = np.flatnonzero(shares == shares.min())
    best = int(top[len(top) // 2])
    if shares[best] > _ALIKE:
        return None
    return Relative(
        a,
        b,
        float(shares[best]),
        MOVES[move],
        float(rates[best]),
        int(every.places[here]),
        int(every.places[there]),
    )


def _around(every: _Sketches, row: int) -> slice:
    """Return the rows of a row's track."""
    import numpy as np

    owner = every.owners[row]
    return slice(
        int(np.searchsorted(every.owners, owner, "left")), int(np.searchsorted(every.owners, owner, "right"))
    )
