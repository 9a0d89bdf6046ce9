from __future__ import annotations

import librosa
import numpy as np
import pytest

from bench_features import MelImage

RATE = 22050


@pytest.fixture
def clip() -> np.ndarray:
    rng = np.random.default_rng(0)
    time = np.arange(2 * RATE) / RATE
    return (0.4 * np.sin(2 * np.pi * 440 * time) + 0.05 * rng.standard_normal(2 * RATE)).astype(np.float32)


def draw(clip: np.ndarray, size: int, *, grey: bool) -> np.ndarray:
    """The same picture from librosa's spectrogram and matplotlib's colours, a step at a time."""
    from matplotlib import colormaps
    from PIL import Image

    power = librosa.feature.melspectrogram(y=clip, sr=RATE, n_mels=128)
    unit = librosa.power_to_db(power, ref=np.max, top_db=80)[::-1] / 80 + 1
    rows = (np.arange(200) + 0.5) * unit.shape[0] // 200
    columns = (np.arange(500) + 0.5) * unit.shape[1] // 500
    plot = unit[rows.astype(int)][:, columns.astype(int)]
    coloured = colormaps["magma"](np.round(plot * 255).astype(int))[..., :3]
    picture = Image.fromarray((coloured * 255).round().astype(np.uint8))
    return np.asarray(
        (picture.convert("L") if grey else picture).resize((size, size), Image.Resampling.BILINEAR)
    )


@pytest.mark.parametrize("color", ["grayscale", "rgb"])
def test_the_picture_is_what_drawing_it_gives(clip: np.ndarray, color: str) -> None:
    image = MelImage(size=[96, 96], color=color).compute(clip, RATE, reference_length=len(clip))
    expected = draw(clip, 96, grey=color == "grayscale").reshape(image.shape)
    assert image.dtype == np.uint8
    assert np.abs(image.astype(int) - expected).mean() < 0.5


def test_shapes_and_there_is_no_margin(clip: np.ndarray) -> None:
    assert MelImage().shape == (256, 256, 1)
    assert MelImage(color="rgb", size=[64, 80]).shape == (64, 80, 3)
    image = MelImage(color="rgb").compute(clip, RATE, reference_length=len(clip))
    assert not (image == 255).all(axis=(1, 2)).any()
    assert not (image == 255).all(axis=(0, 2)).any()


def test_a_stretched_clip_fits_or_keeps_its_pace(clip: np.ndarray) -> None:
    half = clip[:RATE]
    fitted = MelImage(size=[32, 64]).compute(half, RATE, reference_length=len(clip))
    padded = MelImage(size=[32, 64], length="original").compute(half, RATE, reference_length=len(clip))
    assert fitted[:, 40:].max() > 50
    assert padded[:, 40:].max() == padded.min()
    whole = MelImage(size=[32, 64], length="original").compute(
        np.tile(clip, 2), RATE, reference_length=len(clip)
    )
    alone = MelImage(size=[32, 64]).compute(clip, RATE, reference_length=len(clip))
    np.testing.assert_array_equal(whole, alone)


def test_a_silent_clip_is_black(clip: np.ndarray) -> None:
    image = MelImage(size=[16, 16]).compute(np.zeros_like(clip), RATE, reference_length=len(clip))
    assert image.max() == image.min() == 0
