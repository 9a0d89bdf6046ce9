"""Sounds: tones, plucked strings, drums and rooms as float32 arrays. Nothing here knows about genres."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

TABLE = 2048
EQ_BANDS = (60.0, 150.0, 400.0, 1000.0, 2500.0, 6000.0, 11000.0)


@dataclass(frozen=True, slots=True)
class Timbre:
    """The colour of an instrument.

    Attributes:
        rolloff: harmonic k has the amplitude k ** -rolloff.
        even: amplitude of even harmonics relative to odd ones (0 is hollow, like a clarinet).
        attack: seconds to full level.
        decay: seconds for the level to fall by e; infinity holds it.
        vibrato: depth in semitones, at 5.5 Hz.
        drive: gain before a tanh that all notes of a chord go through together; 0 for none.
        plucked: a Karplus-Strong string in place of a table of harmonics.
    """

    rolloff: float = 1.0
    even: float = 1.0
    attack: float = 0.005
    decay: float = float("inf")
    vibrato: float = 0.0
    drive: float = 0.0
    plucked: bool = False


def chord(
    frequencies: tuple[float, ...], seconds: float, rate: int, timbre: Timbre, rng: np.random.Generator
) -> np.ndarray:
    """Return notes sounding together, peak about 1, shape (round(seconds * rate),)."""
    import numpy as np

    n = max(8, round(seconds * rate))
    mix = np.zeros(n, np.float32)
    for frequency in frequencies:
        mix += pluck(frequency, n, rate, timbre, rng) if timbre.plucked else tone(frequency, n, rate, timbre)
    mix /= len(frequencies) ** 0.5
    if timbre.drive:
        np.tanh(mix * np.float32(timbre.drive), out=mix)
    return fade_out(mix, rate)


def tone(frequency: float, n: int, rate: int, timbre: Timbre) -> np.ndarray:
    """Return one sustained or decaying note of harmonics below 0.45 of the sample rate, shape (n,)."""
    import numpy as np

    highest = max(1, min(40, int(0.45 * rate / frequency)))
    k = np.arange(1, highest + 1)
    spectrum = np.zeros(TABLE // 2 + 1, np.complex64)
    # Phases of 1, 4, 9, … radians spread the energy over the period, so that the table has no tall spike.
    spectrum[1 : highest + 1] = np.where(k % 2, 1.0, timbre.even) * k**-timbre.rolloff * np.exp(1j * k * k)
    table = np.fft.irfft(spectrum, TABLE)
    table = (table / np.abs(table).max()).astype(np.float32)
    t = np.arange(n)
    phase = t * (frequency * TABLE / rate)
    if timbre.vibrato:
        depth = frequency * TABLE * timbre.vibrato * np.log(2) / 12 / (2 * np.pi * 5.5)
        phase += depth * np.sin(t * (2 * np.pi * 5.5 / rate))
    note: np.ndarray = table[phase.astype(np.int64) & (TABLE - 1)]
    return note * envelope(n, rate, timbre.attack, timbre.decay)


def pluck(frequency: float, n: int, rate: int, timbre: Timbre, rng: np.random.Generator) -> np.ndarray:
    """Return a plucked string, shape (n,).

    Karplus and Strong (1983): a noise burst of one period that is averaged with its neighbour each time
    round; whole periods are computed at once.
    """
    import numpy as np

    period = max(2, round(rate / frequency - 0.5))
    loss = np.float32(0.5 * np.exp(-period / (rate * min(timbre.decay, 4.0))))
    turns = -(-n // period)
    string = np.empty((turns, period), np.float32)
    burst = rng.standard_normal(period).astype(np.float32)
    for _ in range(round(2 * timbre.rolloff)):
        burst = 0.5 * (burst + np.roll(burst, 1))
    string[0] = burst / (np.abs(burst).max() + 1e-9)
    for turn in range(1, turns):
        above, row = string[turn - 1], string[turn]
        row[1:] = above[1:]
        row[1:] += above[:-1]
        row[0] = above[0] + above[-1]
        row *= loss
    return string.reshape(-1)[:n]


def kick(rate: int, pitch: float, seconds: float) -> np.ndarray:
    """Return a bass drum: a sine that falls to ``pitch`` Hz."""
    import numpy as np

    t = np.arange(round(seconds * rate)) / rate
    phase = 2 * np.pi * (pitch * t + 0.03 * 4 * pitch * (1 - np.exp(-t / 0.03)))
    return (np.sin(phase) * np.exp(-t * 4 / seconds)).astype(np.float32)


def snare(rate: int, brightness: float, seconds: float, rng: np.random.Generator) -> np.ndarray:
    """Return a snare drum: noise and a 190 Hz skin; ``brightness`` 0..1 weighs the noise."""
    import numpy as np

    t = np.arange(round(seconds * rate)) / rate
    noise = brightness * rng.standard_normal(len(t)) * np.exp(-t * 5 / seconds)
    skin = (1 - 0.6 * brightness) * np.sin(2 * np.pi * 190 * t) * np.exp(-t * 9 / seconds)
    return (0.6 * noise + skin).astype(np.float32)


def cymbal(rate: int, seconds: float, rng: np.random.Generator, ring: float = 0.0) -> np.ndarray:
    """Return a hi-hat or cymbal: noise without its low end; ``ring`` 0..1 adds metal partials."""
    import numpy as np

    n = round(seconds * rate)
    t = np.arange(n) / rate
    hiss = np.diff(rng.standard_normal(n + 2), 2) * 0.35
    if ring:
        partials = sum(np.sin(2 * np.pi * f * t) for f in (3170.0, 4190.0, 5270.0, 6830.0))
        hiss = (1 - ring) * hiss + ring * 0.5 * partials
    return (hiss * np.exp(-t * 5 / seconds)).astype(np.float32)


def envelope(n: int, rate: int, attack: float, decay: float) -> np.ndarray:
    """Return a level that rises linearly for ``attack`` seconds and falls exponentially from the start."""
    import numpy as np

    level = np.ones(n, np.float32)
    if decay != float("inf"):
        level = np.exp(np.arange(n, dtype=np.float32) * np.float32(-1 / (decay * rate)))
    rise = min(n, max(2, round(attack * rate)))
    level[:rise] *= np.linspace(0, 1, rise, dtype=np.float32)
    return level


def fade_out(note: np.ndarray, rate: int) -> np.ndarray:
    """Return the note with its last 8 ms brought to nothing, so that it does not click."""
    import numpy as np

    fade = min(len(note), round(0.008 * rate))
    note[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    return note


def room(
    mix: np.ndarray, rate: int, rng: np.random.Generator, *, eq: Sequence[float], wet: float, seconds: float
) -> np.ndarray:
    """Return a mix (n,) heard in a room: an equaliser and a reverberation, in one multiplication of spectra.

    ``eq`` holds the gain in dB at ``EQ_BANDS``, interpolated over the logarithm of frequency. The
    reverberation is noise that decays by 60 dB in ``seconds``, of energy ``wet`` squared relative to the mix.
    """
    import numpy as np
    from scipy import fft

    tail = round(seconds * rate)
    size = fft.next_fast_len(len(mix) + tail, real=True)
    # 1,025 points describe the equaliser; interpolating it in the logarithm for every bin would cost more
    # than the transforms.
    coarse = np.linspace(0, rate / 2, 1025)
    decibels = np.interp(np.log(np.maximum(coarse, 20.0)), np.log(EQ_BANDS), eq)
    gain = np.interp(np.linspace(0, 1024, size // 2 + 1), np.arange(1025), 10 ** (decibels / 20))
    impulse = rng.standard_normal(tail, dtype=np.float32)
    impulse *= np.exp(np.arange(tail, dtype=np.float32) * np.float32(-6.9 / tail))
    impulse *= np.float32(wet / (np.linalg.norm(impulse) + 1e-9))
    impulse[0] += 1
    spectrum = fft.rfft(mix, size) * fft.rfft(impulse, size) * gain.astype(np.float32)
    heard: np.ndarray = fft.irfft(spectrum, size)[: len(mix)]
    return heard
