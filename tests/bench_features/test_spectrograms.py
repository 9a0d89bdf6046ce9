from __future__ import annotations

from typing import get_args

import librosa
import numpy as np
import pytest

from bench_features import Mel, Stft
from bench_features.spectrograms import Window
from benchmark.exceptions import PluginError
from benchmark.plugin.manager import load_registry

RATE = 22050


@pytest.fixture
def clip() -> np.ndarray:
    rng = np.random.default_rng(0)
    time = np.arange(RATE) / RATE
    return (0.4 * np.sin(2 * np.pi * 440 * time) + 0.05 * rng.standard_normal(RATE)).astype(np.float32)


@pytest.mark.parametrize("htk", [False, True])
@pytest.mark.parametrize("norm", ["slaney", None])
def test_mel_is_librosas_before_it_is_resized(clip: np.ndarray, htk: bool, norm: str | None) -> None:
    power = librosa.feature.melspectrogram(
        y=clip, sr=RATE, n_fft=1024, hop_length=256, n_mels=40, fmin=20, fmax=8000, htk=htk, norm=norm
    )
    expected = librosa.power_to_db(power, ref=np.max, top_db=60)
    mel = Mel(n_fft=1024, hop_length=256, n_mels=40, fmin=20, fmax=8000, htk=htk, norm=norm, top_db=60)
    np.testing.assert_allclose(mel.decibels(clip, RATE), expected, atol=1e-3)


def test_every_window_on_offer_is_known_to_librosa(clip: np.ndarray) -> None:
    images = {
        window: Mel(size=[16, 16], window=window).compute(clip, RATE, reference_length=len(clip)).tobytes()
        for window in get_args(Window)
    }
    assert len(set(images.values())) > len(images) / 2


def test_a_misspelt_window_is_refused_before_anything_is_computed() -> None:
    with pytest.raises(PluginError, match="'hann'"):
        load_registry().spec("features", "mel", {"window": "han"})


def test_magnitudes_are_as_many_decibels_as_their_squares(clip: np.ndarray) -> None:
    magnitudes = librosa.feature.melspectrogram(y=clip, sr=RATE, power=1)
    expected = librosa.amplitude_to_db(magnitudes, ref=np.max, amin=1e-10, top_db=80)
    np.testing.assert_allclose(Mel(power=1.0).decibels(clip, RATE), expected, atol=1e-3)


def test_stft_is_librosas(clip: np.ndarray) -> None:
    expected = librosa.amplitude_to_db(
        np.abs(librosa.stft(clip, n_fft=512, hop_length=128)), ref=np.max, top_db=80
    )
    np.testing.assert_allclose(Stft(n_fft=512, hop_length=128).decibels(clip, RATE), expected, atol=1e-3)


def test_an_image_of_the_spectrograms_own_size_is_the_spectrogram_upside_down(clip: np.ndarray) -> None:
    mel = Mel(size=[64, 44], n_mels=64)
    decibels = mel.decibels(clip, RATE)
    assert decibels.shape == (64, 44)
    expected = np.round((decibels[::-1] / 80 + 1) * 255)
    image = mel.compute(clip, RATE, reference_length=len(clip))
    assert image.shape == mel.shape == (64, 44, 1)
    assert np.abs(image[:, :, 0].astype(int) - expected).max() <= 1


def test_a_low_tone_lights_the_bottom_and_a_high_one_the_top() -> None:
    time = np.arange(RATE) / RATE
    for frequency, half in ((100, 1), (9000, 0)):
        tone = np.sin(2 * np.pi * frequency * time).astype(np.float32)
        for features in (Mel(), Stft()):
            image = features.compute(tone, RATE, reference_length=len(tone))
            brightest = int(image[:, 40:80].mean(axis=(1, 2)).argmax())
            assert brightest // (image.shape[0] // 2) == half


def test_float_features_are_the_same_between_0_and_1(clip: np.ndarray) -> None:
    fine = Mel(dtype="float32").compute(clip, RATE, reference_length=len(clip))
    coarse = Mel().compute(clip, RATE, reference_length=len(clip))
    assert fine.dtype == np.float32
    np.testing.assert_allclose(fine * 255, coarse, atol=0.51)


@pytest.mark.parametrize(
    "samples", [np.zeros(RATE, np.float32), np.zeros(0, np.float32), np.ones(10, np.float32)]
)
def test_silent_and_very_short_clips_have_features(samples: np.ndarray) -> None:
    for features in (Mel(size=[32, 32]), Stft(size=[32, 32])):
        image = features.compute(samples, RATE, reference_length=len(samples))
        assert image.shape == (32, 32, 1)
        if not samples.any():
            assert image.max() == 0


def test_loudness_does_not_matter(clip: np.ndarray) -> None:
    loud, quiet = (Mel().compute(clip * gain, RATE, reference_length=len(clip)) for gain in (1.0, 0.1))
    assert np.abs(loud.astype(int) - quiet).max() <= 1


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"fmin": 9000.0, "fmax": 100.0}, "leaves no band below 'fmax', 100 Hz"),
        ({"fmin": 11_025.0}, "leaves no band"),
        ({"win_length": 4096}, "'win_length' is 4096 and cannot be more than 'n_fft', 2048"),
    ],
)
def test_parameters_that_do_not_go_together_are_refused(parameters: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Mel(**parameters)
