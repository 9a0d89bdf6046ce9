"""Time and memory of the near-duplicate search on simulated fingerprints, with copies planted.

Run: python benchmarks/duplicates.py [tracks] [seconds per track]
"""

from __future__ import annotations

import resource
import sys
import time

import numpy as np

from benchmark.data.recordings.fingerprint import MOVES, STEP
from benchmark.data.recordings.relatives import relatives
from benchmark.data.recordings.search import candidates

BIT_ERRORS, WORDS_PER_SECOND = 0.12, 43


def simulated(count: int, words: int, rng: np.random.Generator) -> np.ndarray:
    """Return words, uint32 (count, words), that change as slowly as those of music: a bit flips each eighth word."""
    flips = np.zeros((count, words), np.uint32)
    for bit in range(32):
        flips |= (rng.random((count, words), np.float32) < 0.125).astype(np.uint32) << np.uint32(bit)
    flips[:, 0] = rng.integers(0, 1 << 32, count, dtype=np.uint32)
    return np.bitwise_xor.accumulate(flips, axis=1)


def noisy_copy(words: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a fingerprint as of a copy: a dozen words trimmed; errors come in runs, as real ones do."""
    runs = np.repeat(rng.random((len(words) // 8 + 1, 32)) < BIT_ERRORS, 8, axis=0)[: len(words)]
    noise = np.packbits(runs, axis=1).view(">u4")[:, 0].astype(np.uint32)
    return (words ^ noise)[12:]


def simulated_sketch(words: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a sketch, uint32 (n, 2), of as many words as real ones have; moved words are like no others."""
    parts = []
    for move in range(len(MOVES)):
        places = np.sort(rng.choice(len(words), int(rng.integers(29, 58)), replace=False))
        own = words[places] if move == 0 else rng.integers(0, 1 << 32, len(places), dtype=np.uint32)
        parts.append(np.stack([(move << 16) + places, own], axis=1))
    return np.concatenate(parts).astype(np.uint32)


def faster_copy(sketch: np.ndarray, rng: np.random.Generator, move: int = 3) -> np.ndarray:
    """Return a sketch as of a copy that is faster by ``move`` sixths of a band: moved back its words are alike."""
    own = sketch[sketch[:, 0] >> 16 == 0]
    noise = (
        np.packbits(rng.random((len(own), 32)) < BIT_ERRORS / 2, axis=1).view(">u4")[:, 0].astype(np.uint32)
    )
    places = np.round((own[:, 0] & 0xFFFF) / STEP**move).astype(np.uint32)
    moved = np.stack([(np.uint32(MOVES.index(move)) << 16) + places, own[:, 1] ^ noise], axis=1)
    rest = sketch[sketch[:, 0] >> 16 != MOVES.index(move)]
    both = np.concatenate([moved, rest]).astype(np.uint32)
    return both[np.argsort(both[:, 0], kind="stable")]


def main(count: int = 100_000, seconds: int = 30) -> None:
    """Print how long the search takes, what it needs, and how many of the planted copies it finds."""
    rng = np.random.default_rng(1)
    words = min(seconds * WORDS_PER_SECOND, 1280)
    prints: list[np.ndarray] = []
    while len(prints) < count:
        prints += list(simulated(min(2000, count - len(prints)), words, rng))
    sketches = [simulated_sketch(each, rng) for each in prints]
    planted = {(index, index + count // 2) for index in range(0, count // 2, max(1, count // 200))}
    for first, second in planted:
        prints[second] = noisy_copy(prints[first], rng)
    faster = {(first + 1, second + 1) for first, second in planted if second + 1 < count}
    for first, second in faster:
        sketches[second] = faster_copy(sketches[first], rng)
    started = time.perf_counter()
    found = {(match.first, match.second) for match in candidates(prints)}
    between = time.perf_counter()
    related = {
        (min(each.first, each.second), max(each.first, each.second)) for each in relatives(prints, sketches)
    }
    ended = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    alarms = len(found - planted) + len(related - faster)
    print(
        f"{count} tracks of {seconds} s: {between - started:.1f} s for copies, {ended - between:.1f} s for faster and "
        f"transposed ones, peak {peak:.0f} MB; {len(found & planted)} of {len(planted)} and {len(related & faster)} of "
        f"{len(faster)} found, {alarms} false alarms"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
