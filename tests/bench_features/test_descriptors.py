from __future__ import annotations

import librosa
import numpy as np
import pytest

from bench_features import Chroma, Cqt, Mfcc, Pcen, Tempogram

RATE = 22_050
ALL = [
    Mfcc(),
    Mfcc(deltas=False),
    Chroma(),
    Chroma(method="stft"),
    Chroma(method="cens"),
    Cqt(),
    Tempogram(),
    Pcen(),
]


def tone(frequency: float, seconds: float = 3.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * frequency * np.arange(round(RATE * seconds)) / RATE)).astype(np.float32)


def music() -> np.ndarray:
    beats = (np.arange(RATE * 4) % (RATE // 2) < 800) * np.random.default_rng(0).normal(0, 0.3, RATE * 4)
    return (0.3 * tone(220, 4.0) + 0.2 * tone(660, 4.0) + beats).astype(np.float32)


def columns(image: np.ndarray) -> np.ndarray:
    return image[::-1, :, 0]


@pytest.mark.parametrize("features", ALL, ids=lambda each: each.name)
@pytest.mark.parametrize("length", [1, 700, 5 * RATE])
def test_a_clip_of_any_length_gives_the_shape_and_type_that_were_promised(features, length: int) -> None:
    found = features.compute(np.ones(length, np.float32) * 0.1, RATE, reference_length=length)
    assert found.shape == features.shape
    assert found.dtype == features.dtype
    assert np.isfinite(found).all()


@pytest.mark.parametrize("features", ALL, ids=lambda each: each.name)
def test_silence_is_no_error(features) -> None:
    assert np.isfinite(features.compute(np.zeros(RATE, np.float32), RATE, reference_length=RATE)).all()


def test_mfccs_are_librosas_but_for_a_scale() -> None:
    ours = Mfcc(coefficients=13).cepstrum(music(), RATE)
    power = librosa.feature.melspectrogram(y=music(), sr=RATE, n_mels=128)
    decibels = np.maximum(librosa.power_to_db(power, ref=np.max, top_db=None, amin=1e-20), -80)
    theirs = librosa.feature.mfcc(S=decibels + 80, n_mfcc=13) / 80 / np.sqrt(128)
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    assert ours[0].min() >= 0
    assert ours[0].max() <= 1


def test_channels_of_mfcc_are_values_slopes_and_curvatures() -> None:
    features = Mfcc(coefficients=13, width=173)  # 4 s have as many frames, so that nothing is resized
    found = features.compute(music(), RATE, reference_length=4 * RATE)
    values = features.cepstrum(music(), RATE)
    assert values.shape[1] == 173
    for channel, order in ((1, 1), (2, 2)):
        np.testing.assert_allclose(
            found[::-1, :, channel], librosa.feature.delta(values, width=9, order=order), atol=1e-5
        )


@pytest.mark.parametrize("method", ["stft", "cqt", "cens"])
def test_a_tone_lights_up_its_pitch_class(method: str) -> None:
    for midi in (69, 60, 66):
        found = columns(
            Chroma(method=method, dtype="float32").compute(
                tone(librosa.midi_to_hz(midi)), RATE, reference_length=1
            )
        )
        assert found[:, 20:-20].mean(axis=1).argmax() == midi % 12


def test_chroma_is_librosas() -> None:
    theirs = librosa.feature.chroma_cqt(y=music(), sr=RATE, tuning=0.0)
    ours = columns(Chroma(width=theirs.shape[1], dtype="float32").compute(music(), RATE, reference_length=1))
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_cqt_is_librosas_in_decibels_below_its_loudest_point() -> None:
    theirs = librosa.amplitude_to_db(
        np.abs(librosa.cqt(y=music(), sr=RATE, fmin=32.703, tuning=0.0)), ref=np.max, top_db=80
    )
    ours = columns(
        Cqt(size=[84, theirs.shape[1]], dtype="float32").compute(music(), RATE, reference_length=1)
    )
    np.testing.assert_allclose(ours * 80 - 80, theirs, atol=0.01)


def test_an_octave_up_is_twelve_rows_up() -> None:
    rows = [
        int(columns(Cqt().compute(tone(f), RATE, reference_length=1))[:, 40:80].mean(axis=1).argmax())
        for f in (220, 440)
    ]
    assert rows[1] - rows[0] == 12


def test_a_tempogram_peaks_at_the_period_of_the_beat() -> None:
    found = columns(Tempogram(size=[384, 173], dtype="float32").compute(music(), RATE, reference_length=1))
    beat = 0.5 * RATE / 512  # frames
    lag = 10 + int(found[10:, 40:130].mean(axis=1).argmax())
    assert min(abs(lag - beat * number) for number in (1, 2, 3)) < 2
    theirs = librosa.feature.tempogram(y=music(), sr=RATE, hop_length=512)
    np.testing.assert_allclose(found, theirs.clip(0, 1), atol=1e-6)


def test_pcen_is_librosas() -> None:
    magnitudes = librosa.feature.melspectrogram(y=music() * 2.0**31, sr=RATE, n_mels=128, power=1)
    np.testing.assert_allclose(Pcen().normalized(music(), RATE), librosa.pcen(magnitudes, sr=RATE), rtol=1e-5)


def test_pcen_takes_the_loudness_out_of_a_clip() -> None:
    loud, quiet = (
        Pcen(dtype="float32").compute(gain * music(), RATE, reference_length=1) for gain in (1.0, 0.1)
    )
    np.testing.assert_allclose(loud[:, 20:], quiet[:, 20:], atol=0.05)


def test_settings_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(ValueError, match="above half the sample rate"):
        Cqt(bins=120)
    with pytest.raises(ValueError, match="cannot be more than 'n_mels'"):
        Mfcc(coefficients=40, n_mels=20)
