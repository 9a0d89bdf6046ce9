from __future__ import annotations

import numpy as np
import pytest

from bench_augmentations import Gain, Noise, Reverb

RATE = 22_050


def clip() -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * 330 * np.arange(2 * RATE) / RATE)).astype(np.float32)


def decibels(power: float) -> float:
    return 10 * np.log10(power)


@pytest.mark.parametrize("colour", ["white", "pink"])
def test_noise_is_as_far_below_the_clip_as_was_asked(colour: str) -> None:
    augmentation = Noise(snr=[30, 3, -5], colour=colour)
    for settings in augmentation.copies():
        noise = augmentation.apply(clip(), np.random.default_rng(1), **settings) - clip()
        assert decibels(np.mean(clip() ** 2) / np.mean(noise**2)) == pytest.approx(settings["snr"], abs=0.01)


def test_white_noise_has_equal_power_in_equal_bands_and_pink_noise_in_equal_octaves() -> None:
    powers = {}
    for colour in ("white", "pink"):
        noise = Noise(snr=[0], colour=colour).apply(clip(), np.random.default_rng(2), snr=0) - clip()
        spectrum = np.abs(np.fft.rfft(noise)) ** 2
        frequencies = np.fft.rfftfreq(len(noise), 1 / RATE)
        powers[colour] = [
            spectrum[(frequencies >= low) & (frequencies < 2 * low)].sum() for low in (500, 1000, 2000, 4000)
        ]
    octaves = np.log2(np.array(powers["white"][1:]) / powers["white"][:-1])
    np.testing.assert_allclose(octaves, 1, atol=0.15)
    np.testing.assert_allclose(np.log2(np.array(powers["pink"][1:]) / powers["pink"][:-1]), 0, atol=0.15)


def test_a_silent_clip_stays_silent() -> None:
    assert not Noise().apply(np.zeros(100, np.float32), np.random.default_rng(0), snr=10).any()


def test_gain_is_in_decibels_and_does_not_clip() -> None:
    louder = Gain().apply(clip() * 3, np.random.default_rng(0), decibels=6.0)
    assert decibels(np.mean(louder**2) / np.mean((clip() * 3) ** 2)) == pytest.approx(6, abs=1e-3)
    assert louder.max() > 1


@pytest.mark.parametrize("seconds", [0.3, 1.0])
def test_a_room_falls_by_sixty_decibels_in_its_time(seconds: float) -> None:
    room = Reverb(wet=0.5).room(seconds, np.random.default_rng(3))
    assert np.sum(room**2) == pytest.approx(0.5)
    # Schroeder (1965): the energy that is still to come, fitted from -5 to -25 dB.
    left = 10 * np.log10(np.cumsum(room[::-1] ** 2)[::-1] / np.sum(room**2))
    fitted = (left < -5) & (left > -25)
    slope = np.polyfit(np.flatnonzero(fitted) / RATE, left[fitted], 1)[0]
    assert -60 / slope == pytest.approx(seconds, rel=0.05)


@pytest.mark.parametrize("augmentation", [Noise(), Gain(), Reverb()], ids=lambda each: each.name)
def test_the_same_generator_gives_the_same_clip_and_leaves_the_original(augmentation) -> None:
    original = clip()
    original.setflags(write=False)
    for settings in augmentation.copies():
        one, other = (augmentation.apply(original, np.random.default_rng(5), **settings) for _ in range(2))
        np.testing.assert_array_equal(one, other)
        assert one.dtype == np.float32
        assert one.shape == original.shape
