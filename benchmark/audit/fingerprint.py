"""Audio fingerprints: equal recordings have similar ones, whatever their codec, level, or first half second."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

VERSION = 1
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


def fingerprint(samples: np.ndarray) -> np.ndarray:
    """Return a fingerprint, uint32 of shape (words,): a difference hash of each column of the spectrogram.

    ``samples`` are mono at ``SAMPLE_RATE``, shape (n,).

    Each word says, for 33 bands from 300 to 2000 Hz, in which neighbours' energy difference grew over 93 ms
    (J. Haitsma, T. Kalker: A Highly Robust Audio Fingerprinting System, ISMIR 2002). There is a word each 23 ms of
    the first five minutes, where something is to be heard: silent frames have the word 0. A track of less than about
    half a second has none.
    """
    import numpy as np

    frames = _frames(samples[: round(SECONDS * SAMPLE_RATE)])
    if len(frames) <= LAG:
        return np.zeros(0, np.uint32)
    starts = range(0, len(frames), _FRAMES_AT_ONCE)
    slope = np.concatenate([_slopes(frames[start : start + _FRAMES_AT_ONCE]) for start in starts])
    bits = slope[LAG:] > slope[:-LAG]
    words = np.packbits(bits, axis=1).view(">u4")[:, 0].astype(np.uint32)
    energy = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    ends = np.arange(LAG, len(frames)) * HOP + WINDOW
    heard = energy[ends] - energy[ends - WINDOW] > SILENCE**2 * WINDOW
    found: np.ndarray = np.where(heard, words, 0).astype(np.uint32)
    return found


def _slopes(frames: np.ndarray) -> np.ndarray:
    """Return how much louder each band is than the one below it, shape (frames, bands - 1)."""
    import numpy as np

    power = np.abs(np.fft.rfft(frames * np.hanning(WINDOW).astype(np.float32))) ** 2
    bands = np.add.reduceat(power, _edges(), axis=1)[:, :BANDS]
    return np.diff(np.log(bands + 1e-9), axis=1)


def _frames(samples: np.ndarray) -> np.ndarray:
    import numpy as np

    if len(samples) < WINDOW:
        return np.zeros((0, WINDOW), np.float32)
    return np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP]


def _edges() -> np.ndarray:
    """Return the first bin of each band, and that after the last one."""
    import numpy as np

    hertz = LOWEST * (HIGHEST / LOWEST) ** (np.arange(BANDS + 1) / BANDS)
    bins: np.ndarray = np.round(hertz * WINDOW / SAMPLE_RATE).astype(int)
    return bins
