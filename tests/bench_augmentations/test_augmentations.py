from __future__ import annotations

import numpy as np
import pytest

from bench_augmentations import FrequencyMask, PitchShift, TimeMask, TimeStretch

RATE = 22050


def tone(frequency: float = 440.0, seconds: float = 2.0) -> np.ndarray:
    return np.sin(2 * np.pi * frequency * np.arange(int(RATE * seconds)) / RATE).astype(np.float32)


def pitch(samples: np.ndarray) -> float:
    middle = (
        samples[len(samples) // 4 : 3 * len(samples) // 4]
        * np.hanning(len(samples) // 2)[: len(samples) // 2]
    )
    return float(np.abs(np.fft.rfft(middle, 2**18)).argmax() * RATE / 2**18)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_a_pitch_shift_moves_a_tone_by_its_semitones_and_keeps_its_length() -> None:
    shift = PitchShift()
    assert shift.copies() == [{"semitones": 2}, {"semitones": -1}]
    for settings in shift.copies():
        shifted = shift.apply(tone(), rng(), **settings)
        assert len(shifted) == len(tone())
        assert pitch(shifted) == pytest.approx(440 * 2 ** (settings["semitones"] / 12), rel=0.005)


def test_a_time_stretch_changes_the_length_and_keeps_the_pitch() -> None:
    stretch = TimeStretch()
    assert stretch.copies() == [{"rate": 1.25}, {"rate": 0.85}]
    for settings in stretch.copies():
        stretched = stretch.apply(tone(), rng(), **settings)
        assert len(stretched) == pytest.approx(len(tone()) / settings["rate"], rel=0.02)
        assert pitch(stretched) == pytest.approx(440, rel=0.005)
        assert stretched.dtype == np.float32


def slow_mask(data, generator, axis, width, masks, value):
    masked = data.copy()
    for _ in range(masks):
        wide = int(generator.integers(0, max(1, round(width * data.shape[axis] / 128)) + 1))
        start = int(generator.integers(0, data.shape[axis] - wide + 1))
        for row in range(data.shape[0]):
            for column in range(data.shape[1]):
                if start <= (row, column)[axis] < start + wide:
                    masked[row, column] = value
    return masked


@pytest.mark.parametrize(("kind", "axis"), [(FrequencyMask, 0), (TimeMask, 1)])
@pytest.mark.parametrize("fill", ["zero", "mean"])
def test_masks_cover_bands_as_spec_augment_says(kind, axis: int, fill: str) -> None:
    data = rng(1).integers(1, 255, (64, 96, 1)).astype(np.uint8)
    mask = kind(width=40, masks=3, fill=fill)
    value = 0 if fill == "zero" else data.mean()
    for seed in range(5):
        expected = slow_mask(data, rng(seed), axis, 40, 3, value)
        np.testing.assert_array_equal(mask.apply(data, rng(seed), copy=0), expected)
    assert data.min() > 0


def test_widths_are_drawn_from_nothing_to_the_share_of_the_axis() -> None:
    data = np.ones((256, 4, 1), np.uint8)
    widths = {
        int((FrequencyMask(width=30).apply(data, rng(seed), copy=0)[:, 0, 0] == 0).sum())
        for seed in range(400)
    }
    assert min(widths) == 0
    assert max(widths) == 60


def test_copies_are_numbered_and_fresh_masks_make_none() -> None:
    assert TimeMask(copies=3).copies() == [{"copy": 0}, {"copy": 1}, {"copy": 2}]
    assert TimeMask(fresh=True).fresh
    assert not TimeMask().fresh


@pytest.mark.parametrize("kind", [FrequencyMask, TimeMask])
def test_a_mask_of_no_width_is_a_copy_as_it_was(kind) -> None:
    data = rng(3).normal(size=(16, 20, 1)).astype(np.float32)
    np.testing.assert_array_equal(kind(width=0, masks=2).apply(data, rng(), copy=0), data)
    assert any((kind(width=1).apply(data, rng(seed), copy=0) != data).any() for seed in range(9))
