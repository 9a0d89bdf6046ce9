"""Each severity is what its table says, in its physical unit, measured on what comes out."""

from __future__ import annotations

import numpy as np
import pytest

from bench_corruptions.bands import BandlimitPhone, LowPass
from bench_corruptions.codecs import Mp3
from bench_corruptions.levels import Clipping, Gain, Noise
from bench_corruptions.rooms import Reverb
from bench_corruptions.times import Pitch, SilenceGaps, Speed
from benchmark import Corruption
from benchmark.plugin.manager import Plugins

RATE = 22_050
SEVERITIES = range(1, 6)


def tone(hertz: float, seconds: float = 4.0, level: float = 0.4) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE)).astype(np.float32)


@pytest.fixture(scope="module")
def music() -> np.ndarray:
    """Return eight seconds with partials, beats and hiss, as loud as music is."""
    rng = np.random.default_rng(0)
    seconds = np.arange(8 * RATE) / RATE
    tones = sum(np.sin(2 * np.pi * 110 * k * seconds) / k for k in range(1, 60))
    made = tones + 2 * np.exp(-8 * (seconds % 0.5)) * rng.standard_normal(len(seconds))
    return (0.9 * made / np.abs(made).max()).astype(np.float32)


def worn(corruption: Corruption, samples: np.ndarray, severity: int, seed: int = 3) -> np.ndarray:
    return corruption.apply(samples, RATE, np.random.default_rng(seed), corruption.amount(severity))


def decibels(power: float) -> float:
    return float(10 * np.log10(power))


def power(samples: np.ndarray) -> float:
    return float(np.mean(np.asarray(samples, np.float64) ** 2))


def peak(samples: np.ndarray) -> float:
    """Return the strongest frequency in hertz, between the bins of the spectrum."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 8 * len(samples)))
    return float(spectrum.argmax() * RATE / (8 * len(samples)))


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("colour", ["white", "pink"])
def test_noise_lies_so_many_decibels_below_the_track(music: np.ndarray, severity: int, colour: str) -> None:
    corruption = Noise(colour=colour)
    ratio = decibels(power(music) / power(worn(corruption, music, severity) - music))
    assert ratio == pytest.approx(corruption.amount(severity), abs=0.5)


def test_all_severities_have_the_same_noise_but_for_its_level(music: np.ndarray) -> None:
    first, last = (worn(Noise(), music, severity) - music for severity in (2, 5))
    assert np.corrcoef(first, last)[0, 1] > 0.999


@pytest.mark.parametrize("severity", SEVERITIES)
def test_every_frame_of_an_mp3_has_the_bit_rate(music: np.ndarray, severity: int) -> None:
    data = Mp3().encode(music, RATE, Mp3().amount(severity))
    rates = frame_rates(data)
    assert len(rates) > 300
    assert set(rates) == {Mp3().amount(severity)}


def frame_rates(data: bytes) -> list[int]:
    """Return the bit rate in the header of each frame of MPEG-2, Layer III at 22,050 Hz (ISO 13818-3)."""
    table = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
    at, rates = data.index(b"\xff\xf3"), []
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] & 0xFE == 0xF2:
        rate, padding = table[data[at + 2] >> 4], (data[at + 2] >> 1) & 1
        rates.append(rate)
        at += 72_000 * rate // RATE + padding
    return rates


@pytest.mark.parametrize("severity", SEVERITIES)
def test_mp3_stays_in_time_and_as_long(music: np.ndarray, severity: int) -> None:
    decoded = worn(Mp3(), music, severity)
    assert decoded.shape == music.shape
    at = {
        lag: np.corrcoef(music[5000:-5000], np.roll(decoded, lag)[5000:-5000])[0, 1]
        for lag in (-2, -1, 0, 1, 2)
    }
    assert max(at, key=at.__getitem__) == 0


@pytest.mark.parametrize("severity", SEVERITIES)
def test_a_low_pass_halves_the_power_at_its_cut_off(severity: int) -> None:
    cutoff = LowPass().amount(severity)
    assert half_power(lambda hertz: worn(LowPass(), tone(hertz), severity), cutoff) == pytest.approx(
        cutoff, rel=0.02
    )
    octave = decibels(power(worn(LowPass(), tone(0.5 * cutoff), severity)) / power(tone(0.5 * cutoff)))
    assert octave == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("severity", SEVERITIES)
def test_a_telephone_halves_the_power_at_both_ends_of_its_band(severity: int) -> None:
    high = BandlimitPhone().amount(severity)
    for end in (high, 1_020_000 / high):
        measured = half_power(lambda hertz: worn(BandlimitPhone(), tone(hertz), severity), end)
        assert measured == pytest.approx(end, rel=0.02)


def half_power(filtered, near: float) -> float:
    """Return the frequency near ``near`` at which a tone loses half of its power."""
    tried = near * np.linspace(0.9, 1.1, 21)
    lost = [decibels(power(filtered(hertz)[RATE:]) / power(tone(hertz)[RATE:])) for hertz in tried]
    order = np.argsort(lost)
    return float(np.interp(-3.01, np.array(lost)[order], tried[order]))


def test_the_telephone_s_own_band_is_severity_3() -> None:
    assert BandlimitPhone().amount(3) == 3_400


@pytest.mark.parametrize("severity", SEVERITIES)
def test_gain_is_in_decibels(music: np.ndarray, severity: int) -> None:
    change = decibels(power(worn(Gain(), music, severity)) / power(music))
    assert change == pytest.approx(Gain().amount(severity), abs=0.05)


@pytest.mark.parametrize("severity", SEVERITIES)
def test_so_many_per_cent_of_the_samples_are_clipped(music: np.ndarray, severity: int) -> None:
    clipped = worn(Clipping(), music, severity)
    level = np.abs(clipped).max()
    share = 100 * np.mean(np.abs(music) > level)
    assert share == pytest.approx(Clipping().amount(severity), abs=0.1)
    assert np.array_equal(clipped[np.abs(music) <= level], music[np.abs(music) <= level])


@pytest.mark.parametrize("severity", SEVERITIES)
def test_a_room_falls_by_60_decibels_in_its_time(severity: int) -> None:
    seconds = Reverb().amount(severity)
    click = np.zeros(int(1.5 * seconds * RATE), np.float32)
    click[0] = 1
    tail = worn(Reverb(), click, severity)[1:].astype(np.float64)
    # Schroeder 1965: the energy that is still to come; its slope from -5 to -25 dB, as in ISO 3382 (T20).
    decay = np.cumsum(tail[::-1] ** 2)[::-1]
    level = 10 * np.log10(decay[decay > 0] / decay[0])
    used = np.flatnonzero((level < -5) & (level > -25))
    slope = np.polyfit(used / RATE, level[used], 1)[0]
    assert -60 / slope == pytest.approx(seconds, rel=0.05)


def test_the_energy_of_a_room_is_that_which_is_asked_for() -> None:
    click = np.zeros(4 * RATE, np.float32)
    click[0] = 1
    tail = worn(Reverb(wet=0.5), click, 3) - click
    assert np.sum(tail.astype(np.float64) ** 2) == pytest.approx(0.5, rel=0.01)


@pytest.mark.parametrize("severity", SEVERITIES)
def test_speed_makes_a_track_shorter_and_higher(severity: int) -> None:
    factor = 1 + Speed().amount(severity) / 100
    changed = worn(Speed(), tone(440), severity)
    assert len(changed) == pytest.approx(len(tone(440)) / factor, rel=0.001)
    assert peak(changed) == pytest.approx(440 * factor, rel=0.002)


@pytest.mark.parametrize("severity", SEVERITIES)
def test_pitch_rises_by_semitones_and_the_length_stays(severity: int) -> None:
    changed = worn(Pitch(), tone(440), severity)
    assert len(changed) == len(tone(440))
    semitones = 12 * np.log2(peak(changed[RATE:-RATE]) / 440)
    assert semitones == pytest.approx(Pitch().amount(severity), abs=0.1)


@pytest.mark.parametrize("severity", SEVERITIES)
def test_so_many_per_cent_are_silent(music: np.ndarray, severity: int) -> None:
    changed = worn(SilenceGaps(), music, severity)
    silent = changed != music
    assert 100 * np.mean((changed == 0) & (silent | (music == 0))) == pytest.approx(
        SilenceGaps().amount(severity), abs=0.1
    )
    if severity > 1:
        milder = worn(SilenceGaps(), music, severity - 1)
        assert not changed[milder != music].any()


def test_there_are_ten_of_five_severities_each() -> None:
    registry = Plugins().registry
    assert registry.names("corruption") == [
        "bandlimit-phone", "clipping", "gain", "low-pass", "mp3", "noise", "pitch", "reverb", "silence-gaps", "speed",
    ]  # fmt: skip
    assert {len(registry.spec("corruption", name).create(registry).severities)
            for name in registry.names("corruption")} == {5}  # fmt: skip
