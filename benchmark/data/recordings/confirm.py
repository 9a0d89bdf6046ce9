"""Whether two tracks that seem alike are one recording: their waveforms decide, where fingerprints only propose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.data.recordings.fingerprint import HIGHEST, HOP, LOWEST, SAMPLE_RATE, fingerprint, moved
from benchmark.data.recordings.relatives import Relative
from benchmark.data.recordings.search import STRETCH, aligned_distance

if TYPE_CHECKING:
    import numpy as np

# So long two recordings must agree, or throughout an overlap of half of the shorter one.
STRETCH_SECONDS = 3.5
# Copies as MP3 or Ogg, trimmed, louder up to clipping, agree to 0.85 or more; loops of the same drums, and procedural
# music of one style, to 0.47 or less.
SAME = 0.7
# Clocks of two machines differ by less; also what is left of a change of speed once it was found to 0.1 %.
DRIFT = 0.0015
# A transposed copy has another waveform. Its words are those of the original but for this share of their bits: copies
# are at 0.04 to 0.18.
TRANSPOSED = 0.2
# Rates that are nearer to 1 may be no change of speed at all.
_UNCHANGED = 0.004
# What is tried around the rate that bits say, lest it be further off than ``DRIFT``.
_RATES = (0.0, 0.0015, -0.0015, 0.003, -0.003)
_WINDOW_SECONDS = 0.1
# Where both are 30 dB below the loudest window nothing is compared: there a codec keeps little of the waveform.
_QUIET = 1e-3
_SLACK = 3 * HOP
# Pieces that are aligned one by one, so short that no drift blurs them.
_PIECE = 1378
_ALIGNED = 0.6
# Samples that a piece may be off the common line, and how many lines through two pieces are tried.
_OFF_LINE = 1.0
_LINES = 4000
# Beyond half of the band that is left, so that straight lines between samples are close enough.
_FINE = 4


@dataclass(frozen=True)
class Agreement:
    """How alike two recordings are where they agree most, from 0 to 1, and for how many seconds they do."""

    level: float = 0.0
    seconds: float = 0.0


def agreement(first: np.ndarray, second: np.ndarray, words: int) -> float:
    """Return how alike two recordings are where they agree most, from 0 to 1: see ``compare``."""
    return compare(first, second, words).level


def compare(first: np.ndarray, second: np.ndarray, words: int, at: int | None = None) -> Agreement:
    """Return how alike two recordings are in the stretch of 3.5 s in which they agree most.

    It is the tenth percentile of the correlations in windows of 0.1 s, between 300 and 2000 Hz, once both are aligned
    to a fraction of a sample, and a difference between their clocks is taken out. Two loops of the same drums agree in
    many windows; only copies do in nearly all. Level and polarity do not matter. Where the overlap is shorter than
    that stretch it counts as a whole, if it is at least half of the shorter recording.

    Args:
        first: mono samples at the fingerprints' rate, shape (n,).
        second: those of the other recording, shape (m,).
        words: where the second begins in the first, in words of the fingerprint, give or take three.
        at: a word of the first near which that holds; elsewhere drift adds to it. By default all of the overlap.
    """
    import numpy as np

    start, end = max(0, words * HOP), min(len(first), words * HOP + len(second))
    shorter = min(len(first), len(second))
    if end - start < min(STRETCH_SECONDS * SAMPLE_RATE, shorter / 2):
        return Agreement()
    heard, other_heard = _in_band(first), _in_band(second)
    line = _line(heard, other_heard, words * HOP, start, end, (start + end) // 2 if at is None else at * HOP)
    if line is None:
        return Agreement()
    places, lags = line
    slope, shift = (
        np.polyfit(places, lags, 1) if np.ptp(places) > SAMPLE_RATE else (0.0, float(np.median(lags)))
    )
    # The second recording has at t - shift - slope * t what the first has at t.
    start = max(0, int(np.ceil(shift / (1 - slope))))
    end = min(len(first), int((len(second) - 1 + shift) / (1 - slope)))
    if end - start < min(STRETCH_SECONDS * SAMPLE_RATE, shorter / 2):
        return Agreement()
    when = np.arange(start, end)
    return _best_stretch(heard[start:end], _at(other_heard, when * (1 - slope) - shift))


def compare_relative(first: np.ndarray, second: np.ndarray, relative: Relative) -> Agreement:
    """Return how alike two recordings are that may be one at two speeds, or in two keys.

    Where the speed was changed, it is changed back, and the waveforms are compared. Where the key was changed and not
    the speed, no waveform is left: then the level is ``SAME`` or 0, and the words of the second with its bands moved
    decide.

    Args:
        first: mono samples at the fingerprints' rate, shape (n,).
        second: those of the other recording, shape (m,).
        relative: what the search says of them.
    """
    import soxr

    words, moved_words = fingerprint(first), moved(second, (relative.move,))[0]
    here, rate = _refined(words, moved_words, relative)
    if relative.move and abs(rate - 1) < _UNCHANGED:
        offset = relative.here - relative.there
        overlap = min(len(words), len(moved_words) + offset) - max(0, offset)
        nearest = aligned_distance(words, moved_words, offset)
        # In less than a stretch, other melodies over the same drums come as near.
        if overlap >= STRETCH and nearest is not None and nearest[0] <= TRANSPOSED:
            return Agreement(SAME, overlap * HOP / SAMPLE_RATE)
    best = Agreement()
    for off in _RATES:
        tried = rate * (1 + off)
        original = soxr.resample(second, SAMPLE_RATE, SAMPLE_RATE * tried, "HQ")
        agreed = compare(first, original, round(here - relative.there * tried), here)
        best = max(best, agreed, key=lambda agreed_so_far: agreed_so_far.level)
        if best.level >= SAME:
            break
    return best


def rate_of(words: np.ndarray, moved_words: np.ndarray, relative: Relative) -> float:
    """Return how many seconds of the first a second of the second takes, by all of their words."""
    return _refined(words, moved_words, relative)[1]


def _refined(words: np.ndarray, moved_words: np.ndarray, relative: Relative) -> tuple[int, float]:
    """Return the word near ``relative.here`` and the rate near ``relative.rate`` at which the most bits agree."""
    import numpy as np

    rates = relative.rate * (1 + np.arange(-70, 71) * 1e-4)
    ahead = np.round((np.arange(len(moved_words)) - relative.there)[None] * rates[:, None]).astype(int)
    best = (1.0, relative.here, relative.rate)
    for here in (relative.here, relative.here - 1, relative.here + 1):
        places = here + ahead
        usable = (places >= 0) & (places < len(words)) & (moved_words != 0)[None]
        bits = np.bitwise_count(words[np.where(usable, places, 0)] ^ moved_words[None])
        shares = np.where(usable, bits, 0).sum(1) / np.maximum(1, 32 * usable.sum(1))
        top = np.flatnonzero(shares == shares.min())
        best = min(best, (float(shares.min()), here, float(rates[top[len(top) // 2]])))
    return best[1:]


def _in_band(samples: np.ndarray) -> np.ndarray:
    """Return what is between 300 and 2000 Hz."""
    import numpy as np
    from scipy.fft import irfft, next_fast_len, rfft

    size = next_fast_len(len(samples), real=True)
    spectrum = rfft(samples.astype(np.float32), size)
    hertz = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    spectrum[(hertz < LOWEST) | (hertz > HIGHEST)] = 0
    filtered: np.ndarray = irfft(spectrum, size)[: len(samples)]
    return filtered


def _at(samples: np.ndarray, when: np.ndarray) -> np.ndarray:
    """Return a signal at times between its samples."""
    import numpy as np
    from scipy.fft import irfft, next_fast_len, rfft

    size = next_fast_len(len(samples), real=True)
    finer = irfft(rfft(samples, size), size * _FINE) * _FINE
    between: np.ndarray = np.interp(
        when * _FINE, np.arange(len(samples) * _FINE), finer[: len(samples) * _FINE]
    )
    return between


def _line(
    first: np.ndarray, second: np.ndarray, lag: int, start: int, end: int, anchor: int
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the places of pieces of the first recording that lie on one line, and their lags; None without any.

    Each piece is aligned by itself. Those that are one recording lie on a line whose slope is the clocks' difference;
    others lie anywhere.
    """
    import numpy as np

    starts = np.arange(start, end - _PIECE + 1, _PIECE) if end - start >= _PIECE else np.array([start])
    length = min(_PIECE, end - start)
    reach = _SLACK + int(DRIFT * max(anchor - start, end - anchor))
    lags, heights = _piece_lags(first, second, starts, length, lag, reach)
    places = starts + length / 2
    good = (heights >= _ALIGNED) & (np.abs(lags - lag) <= _SLACK + DRIFT * np.abs(places - anchor))
    places, lags, heights = places[good], lags[good], heights[good]
    if not len(places):
        return None
    i, j = np.triu_indices(len(places), 1)
    far = places[j] - places[i] > min(SAMPLE_RATE, 0.3 * np.ptp(places))
    i, j = i[far], j[far]
    if len(i) > _LINES:
        chosen = np.linspace(0, len(i) - 1, _LINES).astype(int)
        i, j = i[chosen], j[chosen]
    slopes = np.concatenate([[0.0] * len(places), (lags[j] - lags[i]) / (places[j] - places[i])])
    through = np.concatenate([np.arange(len(places)), i])
    gentle = np.abs(slopes) <= DRIFT
    slopes, through = slopes[gentle], through[gentle]
    best: tuple[float, np.ndarray] = (0.0, np.zeros(len(places), bool))
    for begin in range(0, len(slopes), 512):
        s, p = slopes[begin : begin + 512, None], through[begin : begin + 512]
        near = np.abs(lags[None] - lags[p][:, None] - s * (places[None] - places[p][:, None])) <= _OFF_LINE
        weights = (near * heights).sum(1)
        top = int(np.argmax(weights))
        if weights[top] > best[0]:
            best = (float(weights[top]), near[top])
    return places[best[1]], lags[best[1]]


def _piece_lags(
    first: np.ndarray, second: np.ndarray, starts: np.ndarray, length: int, lag: int, reach: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return, for each piece of the first recording, where it fits the second best, and how well, from 0 to 1."""
    import numpy as np
    from scipy.fft import irfft, next_fast_len, rfft

    padded = np.concatenate(
        [np.zeros(reach + length, np.float32), second, np.zeros(reach + length, np.float32)]
    )
    energy = np.concatenate([[0.0], np.cumsum(np.square(padded, dtype=np.float64))])
    size = next_fast_len(length + 2 * reach, real=True)
    lags, heights = np.zeros(len(starts)), np.zeros(len(starts))
    for begin in range(0, len(starts), 256):
        some = starts[begin : begin + 256]
        # Where a piece's range begins in the padded recording.
        base = np.clip(some - lag + length, 0, len(padded) - length - 2 * reach)
        pieces = first[some[:, None] + np.arange(length)]
        ranges = padded[base[:, None] + np.arange(length + 2 * reach)]
        products = irfft(np.conj(rfft(pieces, size)) * rfft(ranges, size), size)[:, : 2 * reach + 1]
        spots = base[:, None] + np.arange(2 * reach + 1)
        norms = np.sqrt(np.maximum(energy[spots + length] - energy[spots], 0))
        norms *= np.sqrt(np.square(pieces, dtype=np.float64).sum(1))[:, None]
        fits = np.abs(products) / np.maximum(norms, 1e-9)
        top = fits.argmax(1)
        rows = np.arange(len(some))
        heights[begin : begin + 256] = fits[rows, top]
        lags[begin : begin + 256] = some - (base + top - reach - length) + _between(fits, rows, top)
    return lags, heights


def _between(fits: np.ndarray, rows: np.ndarray, top: np.ndarray) -> np.ndarray:
    """Return how far before its sample each maximum lies, by a parabola through its neighbours."""
    import numpy as np

    inside = np.clip(top, 1, fits.shape[1] - 2)
    left, middle, right = (fits[rows, inside + step] for step in (-1, 0, 1))
    bend = left - 2 * middle + right
    shift = np.where(bend < 0, 0.5 * (left - right) / np.where(bend < 0, bend, 1), 0)
    offsets: np.ndarray = -np.where(inside == top, np.clip(shift, -0.5, 0.5), 0)
    return offsets


def _best_stretch(first: np.ndarray, second: np.ndarray) -> Agreement:
    """Return how alike two aligned signals are in their best stretch, and how long they agree in all."""
    import numpy as np

    width = round(_WINDOW_SECONDS * SAMPLE_RATE)
    count = len(first) // width
    if not count:
        return Agreement()
    first, second = (signal[: count * width].reshape(count, width) for signal in (first, second))
    products, ones, others = (first * second).sum(1), (first**2).sum(1), (second**2).sum(1)
    if ones.max() <= 0 or others.max() <= 0:
        return Agreement()
    heard = (ones > _QUIET * ones.max()) | (others > _QUIET * others.max())
    correlations = np.abs(products) / np.maximum(np.sqrt(ones * others), 1e-20)
    length = min(count, round(STRETCH_SECONDS / _WINDOW_SECONDS))
    stretches = np.sort(
        np.lib.stride_tricks.sliding_window_view(np.where(heard, correlations, np.inf), length), axis=1
    )
    # Windows of silence are sorted to the end, and a stretch of little else says nothing.
    compared = np.isfinite(stretches).sum(1)
    level = stretches[np.arange(len(stretches)), np.maximum(0, (compared - 1) // 10)]
    level = np.where(2 * compared >= length, level, 0.0)
    share = (correlations[heard] >= SAME).mean() if heard.any() else 0.0
    return Agreement(float(level.max()), float(share * count * _WINDOW_SECONDS))
