"""Time and memory of the near-duplicate search on simulated fingerprints, with copies planted.

Run: python benchmarks/duplicates.py [tracks] [seconds per track]
"""

from __future__ import annotations

import resource
import sys
import time

import numpy as np

from benchmark.audit.search import candidates

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


def main(count: int = 100_000, seconds: int = 30) -> None:
    """Print how long the search takes, what it needs, and how many of the planted copies it finds."""
    rng = np.random.default_rng(1)
    words = min(seconds * WORDS_PER_SECOND, 1280)
    prints: list[np.ndarray] = []
    while len(prints) < count:
        prints += list(simulated(min(2000, count - len(prints)), words, rng))
    planted = {(index, index + count // 2) for index in range(0, count // 2, max(1, count // 200))}
    for first, second in planted:
        prints[second] = noisy_copy(prints[first], rng)
    started = time.perf_counter()
    found = {(match.first, match.second) for match in candidates(prints)}
    took = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{count} tracks of {seconds} s: {took:.1f} s, peak {peak:.0f} MB; "
        f"{len(found & planted)} of {len(planted)} copies found, {len(found - planted)} false alarms"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
