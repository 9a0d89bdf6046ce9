"""Augmentations of training batches, each against its definition."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from batches_in_pixels import ALL, COVERING, MIXING, batch, digest
from programs import SUPPORT, said_by

from bench_augmentations import CutMix, FourierMix, GridMask, MixUp, RandomCutout, RandomErasing

SEEDS = range(6)
# What Keras's layers do takes TensorFlow, which takes seconds to import.
BY_KERAS = ("mixup", "cutmix", "random-erasing")
NAMES = [pytest.param(name, marks=[pytest.mark.slow] if name in BY_KERAS else []) for name in ALL]


def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def partner_and_share(targets: np.ndarray) -> list[tuple[int, float]]:
    """Return, of each item that was one-hot at its own index, whom it was mixed with and its own share."""
    found = []
    for index, row in enumerate(targets):
        others = np.flatnonzero(row * (np.arange(len(row)) != index))
        assert len(others) <= 1
        found.append((int(others[0]) if len(others) else index, float(row[index])))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_mixup_is_a_convex_combination_of_two_items_and_of_their_labels_by_one_weight(seed: int) -> None:
    images, targets = batch()
    mixed, labels = MixUp(alpha=1.0).apply_batch(images, targets, rng(seed))
    for index, (partner, share) in enumerate(partner_and_share(labels)):
        expected = share * images[index] + (1 - share) * images[partner]
        np.testing.assert_allclose(mixed[index], expected, atol=1e-6)
    np.testing.assert_allclose(labels.sum(axis=1), 1, rtol=1e-6)
    assert np.abs(mixed - images).max() > 0.1


@pytest.mark.parametrize("kind", [pytest.param(CutMix, marks=pytest.mark.slow), FourierMix])
@pytest.mark.parametrize("seed", SEEDS)
def test_pasting_mixes_labels_by_the_pixels_that_are_pasted(kind, seed: int) -> None:
    images, targets = batch()
    mixed, labels = kind(alpha=1.0).apply_batch(images, targets, rng(seed))
    for index, (partner, share) in enumerate(partner_and_share(labels)):
        own = mixed[index] == images[index]
        np.testing.assert_array_equal(mixed[index][~own], images[partner][~own])
        assert own.mean() == pytest.approx(share, abs=1e-6)
    assert not (mixed == images).all()


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_cutmix_pastes_one_rectangle(seed: int) -> None:
    images, targets = batch()
    mixed, _ = CutMix().apply_batch(images, targets, rng(seed))
    for pasted in (mixed != images)[..., 0]:
        assert is_rectangle(pasted)


def is_rectangle(mask: np.ndarray) -> bool:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return not mask.any() or mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()


def test_fourier_masks_vary_along_both_axes() -> None:
    """Those of keras-cv have one and the same wave along one of them: one in eight has more along the other."""
    images, targets = batch(size=200, height=32, width=32)
    mixed, _ = FourierMix(alpha=10.0).apply_batch(images, targets, rng(0))
    kept = (mixed == images)[..., 0]
    rows, columns = kept.mean(axis=2).std(axis=1), kept.mean(axis=1).std(axis=1)
    assert 0.25 < (rows > columns).mean() < 0.75


@pytest.mark.parametrize("kind", [pytest.param(RandomErasing, marks=pytest.mark.slow), RandomCutout])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_rectangle_is_covered_and_all_else_is_as_it_was(kind, seed: int) -> None:
    images, targets = batch()
    covered, labels = kind().apply_batch(images, targets, rng(seed))
    np.testing.assert_array_equal(labels, targets)
    np.testing.assert_array_equal(covered[covered != images], 0)
    for mask in (covered != images)[..., 0]:
        assert mask.any()
        assert is_rectangle(mask)


@pytest.mark.slow
def test_erased_areas_and_how_many_items_are_erased_are_as_asked() -> None:
    images, targets = batch(size=300, height=40, width=60)
    erased, _ = RandomErasing(smallest=0.1, largest=0.4, probability=0.5).apply_batch(images, targets, rng(1))
    areas = (erased != images).mean(axis=(1, 2, 3))
    hit = areas > 0
    assert hit.mean() == pytest.approx(0.5, abs=0.1)
    assert areas[hit].min() == pytest.approx(0.1, abs=0.04)
    assert areas[hit].max() == pytest.approx(0.4, abs=0.04)


@pytest.mark.slow
def test_noise_fills_what_is_erased_within_the_range_of_inputs() -> None:
    images, targets = batch()
    erased, _ = RandomErasing(fill="noise", smallest=0.3).apply_batch(images, targets, rng(0))
    filled = erased[erased != images]
    assert filled.min() == 0
    assert filled.max() == 1
    assert 0.01 < ((filled > 0) & (filled < 1)).mean() < 0.6


def test_cutouts_have_sides_as_asked() -> None:
    images, targets = batch(size=200, height=40, width=40)
    cut, _ = RandomCutout(smallest=0.2, largest=0.5).apply_batch(images, targets, rng(0))
    covered = (cut != images)[..., 0]
    heights, widths = covered.any(axis=2).sum(axis=1), covered.any(axis=1).sum(axis=1)
    assert max(heights.max(), widths.max()) in (20, 21)
    assert np.median(heights) >= 8


def test_a_grid_of_unturned_squares_repeats_along_both_axes() -> None:
    images, targets = batch(size=8, height=64, width=64)
    masked, labels = GridMask(smallest=0.5, largest=0.5, rotation=0.0).apply_batch(images, targets, rng(0))
    np.testing.assert_array_equal(labels, targets)
    np.testing.assert_array_equal(masked[masked != images], 0)
    for mask in (masked != images)[..., 0]:
        rows, columns = mask.any(axis=1), mask.any(axis=0)
        np.testing.assert_array_equal(mask, rows[:, None] & columns[None, :])
        assert 0.1 < mask.mean() < 0.5


def test_a_grid_is_turned() -> None:
    images, targets = batch(size=8, height=64, width=64)
    masked, _ = GridMask(smallest=0.5, largest=0.5).apply_batch(images, targets, rng(0))
    masks = (masked != images)[..., 0]
    crosses = [np.array_equal(m, m.any(axis=1)[:, None] & m.any(axis=0)[None, :]) for m in masks]
    assert not any(crosses)


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_the_generator_alone_decides(name: str) -> None:
    import keras

    first = digest(name, 3)
    keras.utils.set_random_seed(1)
    assert digest(name, 3) == first
    assert digest(name, 4) != first


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_global_random_numbers_are_left_alone(name: str) -> None:
    """A model's dropout must not depend on what its batches went through."""
    import keras
    import tensorflow as tf

    def drawn(augmented: bool) -> list[float]:
        keras.utils.set_random_seed(5)
        if augmented:
            ALL[name]().apply_batch(*batch(), rng(0))
        everywhere = (tf.random.normal((1,)), keras.random.normal((1,)), np.random.rand(1))
        return [float(np.asarray(each)[0]) for each in everywhere]

    assert drawn(augmented=True) == drawn(augmented=False)


@pytest.mark.slow
def test_another_process_draws_the_same(tmp_path: Path) -> None:
    script = Path(SUPPORT, "batches_in_pixels.py").read_text()
    said = said_by(script, tmp_path, *ALL)
    assert said.partition("RESULT ")[2].split() == [digest(name, 3) for name in ALL]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(1, 24, 40, 1), (2, 17, 9, 1), (5, 32, 32, 3)])
def test_any_batch_is_taken_and_what_comes_back_is_finite_and_within_range(name: str, shape) -> None:
    images, targets = batch(*shape)
    before = images.copy()
    for seed in range(3):
        found, labels = ALL[name]().apply_batch(images, targets, rng(seed))
        assert found.shape == images.shape
        assert labels.shape == targets.shape
        assert found.dtype == labels.dtype == np.float32
        assert np.isfinite(found).all()
        assert found.min() >= 0
        assert found.max() <= 1
        np.testing.assert_allclose(labels.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(images, before)


@pytest.mark.slow
def test_one_item_mixes_with_itself() -> None:
    images, targets = batch(size=1)
    for kind in MIXING.values():
        found, labels = kind().apply_batch(images, targets, rng(0))
        np.testing.assert_allclose(found, images, atol=1e-6)
        np.testing.assert_allclose(labels, targets, atol=1e-6)


def test_sizes_that_cannot_be_are_refused() -> None:
    for kind in COVERING.values():
        with pytest.raises(ValueError, match=r"'smallest' \(0.5\) is above 'largest' \(0.2\)"):
            kind(smallest=0.5, largest=0.2)


@pytest.mark.slow
def test_all_work_on_jax_and_layers_of_keras_cv_say_that_they_do_not(tmp_path: Path) -> None:
    pytest.importorskip("jax")
    code = f"""
        import sys; sys.path.insert(0, {SUPPORT!r})
        from batches_in_pixels import ALL, digest
        from bench_augmentations import KerasCv
        for name in ALL:
            print("RESULT", name, digest(name, 1) == digest(name, 1) != digest(name, 2))
        print("RESULT keras-cv", KerasCv(layer="RandomFlip").unavailable())
    """
    # To optimise what JAX compiles takes longer than to run it.
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_backend_optimization_level=0".strip()
    environment = {**os.environ, "KERAS_BACKEND": "jax", "XLA_FLAGS": flags}
    told = said_by(textwrap.dedent(code), tmp_path, libraries=(), environment=environment)
    said = dict(line.split(maxsplit=2)[1:] for line in told.splitlines() if line.startswith("RESULT"))
    why = "keras-cv's layers need the TensorFlow backend, and KERAS_BACKEND is 'jax'"
    assert said == {**dict.fromkeys(ALL, "True"), "keras-cv": why}


def test_what_is_ours_loads_neither_keras_nor_tensorflow() -> None:
    ours = ("fourier-mix", "grid-mask", "random-cutout")
    code = f"""
        import sys; sys.path.insert(0, {SUPPORT!r})
        from batches_in_pixels import digest
        for name in {ours}:
            digest(name, 1)
        print("RESULT", [name for name in ("keras", "keras_cv", "tensorflow") if name in sys.modules])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True, timeout=300
    )
    assert done.stdout.partition("RESULT ")[2].strip() == "[]"


def test_a_grid_covers_the_mean_square_of_its_share_everywhere() -> None:
    """GridMask, section 3: what is dropped of a unit is a square of a share of its side; where it begins is even."""
    images, targets = batch(size=1500, height=24, width=30)
    for sides in ((0.4, 0.4), (0.0, 0.5)):
        masked, _ = GridMask(smallest=sides[0], largest=sides[1]).apply_batch(images, targets, rng(2))
        covered = (masked != images).mean(axis=0)[..., 0]
        expected = (sides[0] ** 2 + sides[0] * sides[1] + sides[1] ** 2) / 3
        assert covered.mean() == pytest.approx(expected, rel=0.07)
        assert covered.std() < 0.02


def test_a_grid_has_squares_of_its_share_of_one_spacing() -> None:
    mask = GridMask(smallest=0.4, largest=0.4, rotation=0.0).mask(400, 400, rng(3))
    for line in (mask.any(axis=0), mask.any(axis=1)):
        changes = np.flatnonzero(np.diff(line.astype(int)))
        begins, ends = changes[~line[changes]], changes[line[changes]]
        spacing = np.diff(begins)[0] if len(begins) > 1 else np.diff(ends)[0]
        assert 0.3 * 400 - 1 <= spacing <= 0.5 * 400 + 1
        whole = [end - begin for begin in begins for end in ends if 0 < end - begin < spacing]
        np.testing.assert_allclose(whole, 0.4 * spacing, atol=1.5)


def test_a_cutout_has_its_middle_at_any_pixel_and_may_reach_beyond_the_edge() -> None:
    """DeVries and Taylor, section 3.3: a corner is covered a quarter as often as the middle."""
    images, targets = batch(size=4000, height=40, width=60)
    cut, _ = RandomCutout(smallest=0.3, largest=0.3).apply_batch(images, targets, rng(1))
    covered = (cut != images).mean(axis=0)[..., 0]
    assert covered[20, 30] == pytest.approx(0.09, rel=0.2)
    assert covered[0, 0] == pytest.approx(0.09 / 4, rel=0.4)


def test_the_spectrum_of_a_fourier_mask_falls_with_its_frequency_to_the_power_of_decay() -> None:
    """FMix, equations 4 and 5, for both parities of the sides."""
    for height, width in ((32, 48), (33, 47)):
        for decay in (0.0, 1.0, 3.0):
            drawn = rng(4)
            power = np.mean(
                [
                    np.abs(np.fft.rfft2(FourierMix(decay=decay).landscape(height, width, drawn))) ** 2
                    for _ in range(300)
                ],
                axis=0,
            )
            inner = power[1 : height // 2, 1:8]
            frequencies = np.hypot(
                np.fft.fftfreq(height)[1 : height // 2, None], np.fft.rfftfreq(width)[None, 1:8]
            )
            slope = np.polyfit(np.log(frequencies).ravel(), np.log(inner).ravel(), 1)[0]
            assert slope == pytest.approx(-2 * decay, abs=0.05)


def test_shares_of_fourier_masks_are_of_the_beta_distribution() -> None:
    images, targets = batch(size=1000, height=16, width=16)
    _, labels = FourierMix(alpha=0.5).apply_batch(images, targets, rng(0))
    own = np.sort(
        [share for index, (partner, share) in enumerate(partner_and_share(labels)) if partner != index]
    )
    expected = np.sin(np.pi / 2 * (np.arange(len(own)) + 0.5) / len(own)) ** 2  # quantiles of Beta(0.5, 0.5)
    assert np.abs(own - expected).max() < 0.08


@pytest.mark.slow
def test_covered_and_mixed_shares_are_those_of_keras_cv() -> None:
    """Its layers as references; where its grid is turned, each square grows by the pixels that it touches."""
    keras_cv = pytest.importorskip("keras_cv")
    import keras

    keras.utils.set_random_seed(3)
    size = 60
    images, targets = batch(size=size, height=64, width=64)

    def theirs(layer) -> tuple[np.ndarray, np.ndarray]:
        found = layer({"images": images, "labels": targets}, training=True)
        return np.asarray(found["images"]), np.asarray(found["labels"])

    for layer, ours, tolerance in (
        (keras_cv.layers.RandomCutout((0.1, 0.4), (0.1, 0.4)), RandomCutout(), 0.25),
        (
            keras_cv.layers.GridMask((0.4, 0.4), rotation_factor=0.0),
            GridMask(smallest=0.4, largest=0.4, rotation=0.0),
            0.2,
        ),
    ):
        shares = [
            (found != images).mean()
            for found in (theirs(layer)[0], ours.apply_batch(images, targets, rng(0))[0])
        ]
        assert shares[0] == pytest.approx(shares[1], rel=tolerance)
    spreads = [
        np.abs(labels[np.arange(size), np.arange(size)] - 0.5).mean()
        for labels in (
            theirs(keras_cv.layers.FourierMix(alpha=0.5))[1],
            FourierMix(alpha=0.5).apply_batch(images, targets, rng(0))[1],
        )
    ]
    assert spreads[0] == pytest.approx(spreads[1], abs=0.08)
    assert spreads[1] == pytest.approx(1 / np.pi, abs=0.06)
