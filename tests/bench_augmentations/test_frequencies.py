from __future__ import annotations

import numpy as np
import pytest

from bench_augmentations import FilterAugment, FreqMixStyle, SpecMix


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def batch(count: int = 6) -> tuple[np.ndarray, np.ndarray]:
    inputs = rng(1).random((count, 16, 20, 1), np.float32)
    return inputs, np.eye(3, dtype=np.float32)[np.arange(count) % 3]


@pytest.mark.parametrize("shape", ["step", "linear"])
def test_a_filter_has_as_many_bands_as_allowed_and_gains_within_the_limit(shape: str) -> None:
    augmentation = FilterAugment(bands=[3, 5], decibels=6, shape=shape)
    for seed in range(50):
        gains = augmentation.gains(128, rng(seed))
        assert np.abs(gains).max() <= 6
        if shape == "step":
            assert 3 <= 1 + np.count_nonzero(np.diff(gains)) <= 5
        else:
            # A line has no curvature, so that bends lie at the borders alone.
            bends = np.flatnonzero(np.abs(np.diff(gains, 2)) > 1e-9)
            assert len(bends) <= 2 * 4


def test_a_filter_adds_decibels_to_each_band_whatever_the_type() -> None:
    augmentation = FilterAugment(decibels=6, shape="step", top_db=80)
    gains = augmentation.gains(16, rng(4))
    middle = np.full((16, 8, 1), 0.5, np.float32)
    filtered = augmentation.apply(middle, rng(4), copy=0)
    np.testing.assert_allclose(filtered[:, 0, 0], 0.5 + gains / 80, atol=1e-6)
    in_bytes = augmentation.apply(np.full((16, 8, 1), 128, np.uint8), rng(4), copy=0)
    np.testing.assert_allclose(in_bytes[:, 0, 0], np.round(128 + gains * 255 / 80), atol=0)


def test_a_filter_stays_within_the_range_of_features() -> None:
    for extreme in (np.zeros((16, 8, 1), np.uint8), np.full((16, 8, 1), 255, np.uint8)):
        found = FilterAugment(decibels=20).apply(extreme, rng(), copy=0)
        assert found.dtype == np.uint8
        assert np.abs(found.astype(int) - extreme).max() <= round(20 * 255 / 80)


def test_bands_the_wrong_way_round_are_refused() -> None:
    with pytest.raises(ValueError, match="must not be above"):
        FilterAugment(bands=[6, 3])


def test_freq_mixstyle_gives_each_band_a_mix_of_two_means_and_spreads() -> None:
    inputs, targets = batch()
    styled, same = FreqMixStyle(alpha=0.4, probability=1.0).apply_batch(inputs, targets, rng(7))
    np.testing.assert_array_equal(same, targets)
    generator = rng(7)
    generator.random()
    weights = generator.beta(0.4, 0.4, (6, 1, 1, 1))[:, 0, 0, 0]
    partner = generator.permutation(6)
    for item, weight in enumerate(weights):
        for band in range(16):
            own, other = inputs[item, band], inputs[partner[item], band]
            expected = weight * own.mean() + (1 - weight) * other.mean()
            assert styled[item, band].mean() == pytest.approx(expected, abs=1e-5)
            spread = weight * own.std() + (1 - weight) * other.std()
            assert styled[item, band].std() == pytest.approx(spread, abs=1e-3)


def test_spec_mix_pastes_whole_bands_and_mixes_labels_by_their_area() -> None:
    inputs, targets = batch()
    mixed, labels = SpecMix(probability=1.0).apply_batch(inputs, targets, rng(2))
    for item in range(len(inputs)):
        changed = mixed[item, :, :, 0] != inputs[item, :, :, 0]
        rows, columns = changed.all(axis=1), changed.all(axis=0)
        # What is not in a whole row is in a whole column.
        np.testing.assert_array_equal(changed, rows[:, None] | columns[None, :])
        assert labels[item].sum() == pytest.approx(1)
        own = targets[item].argmax()
        if changed.any():
            partner = next(
                other
                for other in range(len(inputs))
                if np.array_equal(mixed[item][changed], inputs[other][changed])
            )
            if targets[partner].argmax() != own:
                assert labels[item, own] == pytest.approx(1 - changed.mean(), abs=1e-6)


@pytest.mark.parametrize("augmentation", [FreqMixStyle(), SpecMix()], ids=lambda each: each.name)
def test_batches_are_left_alone_as_often_as_was_said_and_never_written_into(augmentation) -> None:
    inputs, targets = batch()
    for array in (inputs, targets):
        array.setflags(write=False)
    changed = [
        not np.array_equal(augmentation.apply_batch(inputs, targets, rng(seed))[0], inputs)
        for seed in range(300)
    ]
    assert np.mean(changed) == pytest.approx(augmentation.probability, abs=0.09)
