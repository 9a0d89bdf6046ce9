from __future__ import annotations

import numpy as np
import pytest

from bench_augmentations import Codec
from bench_datasets.formats import Mp3, Ogg

RATE = 22_050


def clip(seconds: float = 2.0) -> np.ndarray:
    time = np.arange(round(seconds * RATE)) / RATE
    noise = np.random.default_rng(0).normal(0, 0.02, len(time))
    return (0.3 * np.sin(2 * np.pi * 440 * time) + noise).astype(np.float32)


def coded(**settings: float) -> np.ndarray:
    return Codec().apply(clip(), np.random.default_rng(0), **settings)


@pytest.mark.parametrize("bitrate", [16, 56, 128])
def test_mp3_is_that_of_the_audio_format(bitrate: int) -> None:
    np.testing.assert_array_equal(coded(mp3=bitrate), Mp3(bitrate=bitrate).apply(clip(), RATE))


def test_ogg_is_that_of_the_audio_format() -> None:
    np.testing.assert_allclose(coded(ogg=0.3), Ogg(quality=0.3).apply(clip(), RATE), atol=1e-4)


@pytest.mark.parametrize("settings", [{"mp3": 24}, {"mp3": 96}, {"ogg": 0.5}])
def test_a_copy_is_as_long_as_the_clip_and_in_time_with_it(settings: dict) -> None:
    found = coded(**settings)
    assert found.shape == clip().shape
    shifts = range(-40, 41)
    likeness = [np.dot(clip()[1000:-1000], np.roll(found, shift)[1000:-1000]) for shift in shifts]
    assert shifts[int(np.argmax(likeness))] == 0


def test_fewer_bits_lose_more() -> None:
    errors = [np.mean((coded(mp3=bitrate) - clip()) ** 2) for bitrate in (16, 48, 128)]
    assert errors[0] > errors[1] > errors[2]


def test_each_rate_and_quality_makes_a_copy() -> None:
    assert Codec(mp3=[32], ogg=[0.2, 0.8]).copies() == [{"mp3": 32}, {"ogg": 0.2}, {"ogg": 0.8}]
    assert Codec().unavailable() == ""
    with pytest.raises(ValueError, match="nothing to encode"):
        Codec(mp3=[])


@pytest.mark.parametrize("length", [0, 1, 500])
def test_a_very_short_clip_keeps_its_length(length: int) -> None:
    short = np.full(length, 0.1, np.float32)
    assert len(Codec().apply(short, np.random.default_rng(0), mp3=32)) == length
