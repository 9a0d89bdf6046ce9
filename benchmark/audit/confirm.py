"""Whether two tracks that seem alike are one recording: their waveforms decide, where fingerprints only propose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmark.audit.fingerprint import HIGHEST, HOP, LOWEST, SAMPLE_RATE

if TYPE_CHECKING:
    import numpy as np

# The overlap must be half of the shorter one, or so long.
LONG_SECONDS = 5.0
# Copies as MP3 or Ogg, trimmed, louder up to clipping, agree to 0.85 or more; loops of the same drums, and procedural
# music of one style, to 0.47 or less.
SAME = 0.7
_WINDOW_SECONDS = 0.1
# Where both are 30 dB below the loudest window nothing is compared: there a codec keeps little of the waveform.
_QUIET = 1e-3
_SLACK = 3 * HOP
_FINE = 8


def agreement(first: np.ndarray, second: np.ndarray, words: int) -> float:
    """Return how alike two recordings are throughout their overlap, from 0 to 1.

    It is the tenth percentile of the correlations in windows of 0.1 s, between 300 and 2000 Hz, once both are aligned
    to a fraction of a sample. Two loops of the same drums agree in many windows; only copies do in nearly all.
    Level and polarity do not matter.

    Args:
        first: mono samples at the fingerprints' rate, shape (n,).
        second: those of the other recording, shape (m,).
        words: where the second begins in the first, in words of the fingerprint, give or take three.
    """
    import numpy as np

    size = 1 << (len(first) + len(second)).bit_length()
    hertz = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    in_band = (hertz >= LOWEST) & (hertz <= HIGHEST)
    one = np.where(in_band, np.fft.rfft(first, size), 0)
    other = np.where(in_band, np.fft.rfft(second, size), 0)
    lag = _best_lag(one * np.conj(other), hertz / SAMPLE_RATE, size, words * HOP)
    start, end = max(0, round(lag)), min(len(first), round(lag) + len(second))
    if end - start < min(LONG_SECONDS * SAMPLE_RATE, min(len(first), len(second)) / 2):
        return 0.0
    shifted = np.fft.irfft(other * np.exp(-2j * np.pi * hertz / SAMPLE_RATE * lag), size)
    return _windowed(np.fft.irfft(one, size)[start:end], shifted[start:end])


def _best_lag(cross: np.ndarray, cycles: np.ndarray, size: int, around: int) -> float:
    """Return the lag in samples near ``around`` at which two spectra correlate most; ``cycles`` are per sample."""
    import numpy as np

    product = np.fft.irfft(cross, size)
    lags = np.arange(around - _SLACK, around + _SLACK + 1)
    coarse = lags[np.argmax(np.abs(product[lags % size]))]
    fine = coarse + np.arange(-_FINE, _FINE + 1) / _FINE
    band = np.flatnonzero(cross)
    if not len(band):
        return float(coarse)
    step = 2j * np.pi * cycles[band]
    heights = [abs(float((cross[band] * np.exp(step * lag)).real.sum())) for lag in fine]
    return float(fine[int(np.argmax(heights))])


def _windowed(one: np.ndarray, other: np.ndarray) -> float:
    import numpy as np

    width = round(_WINDOW_SECONDS * SAMPLE_RATE)
    count = len(one) // width
    if not count:
        return 0.0
    one, other = (each[: count * width].reshape(count, width) for each in (one, other))
    products, ones, others = (one * other).sum(1), (one**2).sum(1), (other**2).sum(1)
    if ones.max() <= 0 or others.max() <= 0:
        return 0.0
    heard = (ones > _QUIET * ones.max()) | (others > _QUIET * others.max())
    found = np.abs(products[heard]) / np.maximum(np.sqrt(ones[heard] * others[heard]), 1e-20)
    return float(np.percentile(found, 10))
