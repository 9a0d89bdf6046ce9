"""Audio fingerprints: equal recordings have similar ones, whatever their codec, level, or first half second."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

VERSION = 2
SAMPLE_RATE = 5512
WINDOW, HOP = 2048, 128
# Of longer recordings the rest is not looked at, so that a fingerprint has at most 52 kB.
SECONDS = 300.0
_FRAMES_AT_ONCE = 2048
BANDS, LOWEST, HIGHEST = 33, 300.0, 2000.0
# Frames apart, about 93 ms: a difference between neighbours would be mostly noise of the codec.
LAG = 4
# Relative to full scale; below it there is nothing to be recognised by.
SILENCE = 1e-4
# Bands are moved in sixths of a band, 1 % each: by up to 7 % either way, and by 12 %, which is two semitones.
STEP = (HIGHEST / LOWEST) ** (1 / (6 * BANDS))
MOVES = (0, -12, *range(-7, 0), *range(1, 8), 12)
# Words of a sketch that are kept for each move of a recording, about, and of a longer one in so many words.
SKETCHED, _SKETCHED_OF = 36, 1280
# The bits of a word that decide whether it is kept, the same for all moves.
KEPT_SHIFT, KEPT_BITS = 7, 18


def fingerprint(samples: np.ndarray) -> np.ndarray:
    """Return a fingerprint, uint32 of shape (words,): a difference hash of each column of the spectrogram.

    ``samples`` are mono at ``SAMPLE_RATE``, shape (n,).

    Each word says, for 33 bands from 300 to 2000 Hz, in which neighbours' energy difference grew over 93 ms
    (J. Haitsma, T. Kalker: A Highly Robust Audio Fingerprinting System, ISMIR 2002). There is a word each 23 ms of
    the first five minutes, where something is to be heard: silent frames have the word 0. A track of less than about
    half a second has none.
    """
    return moved(samples, (0,))[0]


def moved(samples: np.ndarray, moves: Sequence[int]) -> np.ndarray:
    """Return fingerprints with all bands moved by so many sixths of a band, uint32 of shape (moves, words).

    A recording that is 1 % higher has, with bands that are moved by 1, about the words that it had before.
    """
    import numpy as np

    frames = _frames(samples[: round(SECONDS * SAMPLE_RATE)])
    if len(frames) <= LAG:
        return np.zeros((len(moves), 0), np.uint32)
    slopes: list[list[np.ndarray]] = [[] for _ in moves]
    for start in range(0, len(frames), _FRAMES_AT_ONCE):
        power = np.abs(np.fft.rfft(_windowed(frames[start : start + _FRAMES_AT_ONCE]))) ** 2
        for move, rows in zip(moves, slopes, strict=True):
            rows.append(_slopes(power, move))
    energy = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    ends = np.arange(LAG, len(frames)) * HOP + WINDOW
    heard = energy[ends] - energy[ends - WINDOW] > SILENCE**2 * WINDOW
    return np.stack([np.where(heard, _words(np.concatenate(rows)), 0) for rows in slopes])


def fingerprint_and_sketch(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a fingerprint, and a few words of each of ``MOVES`` to recognise faster, slower or transposed copies by.

    The sketch is uint32 of shape (n, 2): the index of the move in the upper 16 bits and the place of the word (its
    number in the fingerprint) in the lower ones, and the word; sorted. Which ones are kept depends on the words, so
    that copies keep the same ones.
    """
    import numpy as np

    every = moved(samples, MOVES)
    sketches = []
    for index, words in enumerate(every):
        telling = words != 0
        telling[1:] &= words[1:] != words[:-1]
        places = np.flatnonzero(telling)
        keys = (words[places] >> np.uint32(KEPT_SHIFT)) & np.uint32((1 << KEPT_BITS) - 1)
        rate = 2 ** max(0, round(np.log2(max(1, min(len(words), _SKETCHED_OF)) / SKETCHED)))
        places = places[scrambled(keys) % np.uint32(rate) == 0]
        sketches.append(np.stack([(index << 16) + places, words[places]], axis=1))
    return every[0], np.concatenate(sketches).astype(np.uint32)


def scrambled(keys: np.ndarray) -> np.ndarray:
    """Return the upper half of each key's product with a large odd number: all bits of the key count."""
    import numpy as np

    product = keys.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return (product >> np.uint64(40)).astype(np.uint32)


def _words(slope: np.ndarray) -> np.ndarray:
    """Return which bits grew, as words of 32 bits."""
    import numpy as np

    bits = slope[LAG:] > slope[:-LAG]
    return np.packbits(bits, axis=1).view(">u4")[:, 0].astype(np.uint32)


def _windowed(frames: np.ndarray) -> np.ndarray:
    import numpy as np

    tapered: np.ndarray = frames * np.hanning(WINDOW).astype(np.float32)
    return tapered


def _slopes(power: np.ndarray, move: int) -> np.ndarray:
    """Return how much louder each band is than the one below it, shape (frames, bands - 1)."""
    import numpy as np

    bands = np.add.reduceat(power, _edges(move), axis=1)[:, :BANDS]
    return np.diff(np.log(bands + 1e-9), axis=1)


def _frames(samples: np.ndarray) -> np.ndarray:
    import numpy as np

    if len(samples) < WINDOW:
        return np.zeros((0, WINDOW), np.float32)
    return np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP]


def _edges(move: int) -> np.ndarray:
    """Return the first bin of each band, and that after the last one."""
    import numpy as np

    hertz = LOWEST * (HIGHEST / LOWEST) ** (np.arange(BANDS + 1) / BANDS) * STEP**move
    bins: np.ndarray = np.round(hertz * WINDOW / SAMPLE_RATE).astype(int)
    return bins
