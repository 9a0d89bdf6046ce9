from __future__ import annotations

import librosa
import numpy as np
import pytest

from bench_features import MusicnnMel

RATE = 16_000


def music(seconds: float, rate: int = RATE) -> np.ndarray:
    time = np.arange(round(seconds * rate)) / rate
    return (0.4 * np.sin(2 * np.pi * 440 * time) * (1 + np.sin(2 * np.pi * 3 * time))).astype(np.float32)


def by_the_paper(samples: np.ndarray) -> np.ndarray:
    mel = librosa.feature.melspectrogram(y=samples, sr=RATE, hop_length=256, n_fft=512, n_mels=96).T
    return np.log10(10_000 * mel + 1)


def test_it_is_the_authors_spectrogram_turned_so_that_the_highest_band_is_on_top() -> None:
    samples = music(3.2)
    features = MusicnnMel().compute(samples, RATE, reference_length=len(samples))
    assert features.shape == MusicnnMel().shape == (96, 187, 1)
    np.testing.assert_allclose(features[::-1, :, 0].T, by_the_paper(samples)[:187], rtol=1e-5, atol=1e-6)


def test_a_shorter_clip_is_filled_up_with_silence() -> None:
    samples = music(1.0)
    features = MusicnnMel(frames=187).compute(samples, RATE, reference_length=len(samples))
    made = len(by_the_paper(samples))
    assert np.all(features[:, made:] == 0)
    assert np.all(features[:, : made - 1].max(axis=0) > 0)


def test_another_sample_rate_hears_the_same() -> None:
    heard = MusicnnMel().compute(music(3.2, 22_050), 22_050, reference_length=70_560)
    np.testing.assert_allclose(
        heard[:, 5:180], MusicnnMel().compute(music(3.2), RATE, reference_length=1)[:, 5:180], atol=0.02
    )


@pytest.mark.parametrize("length", [1, 100, 511])
def test_a_clip_shorter_than_a_window_is_no_error(length: int) -> None:
    assert np.isfinite(
        MusicnnMel(frames=4).compute(np.ones(length, np.float32), RATE, reference_length=length)
    ).all()
