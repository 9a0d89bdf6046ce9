from __future__ import annotations

import numpy as np
import pytest

from bench_features import Mel, Mfcc, MusicnnMel, Pcen, Stack

RATE = 22_050


def music() -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.1, 2 * RATE).astype(np.float32)


def computed(features) -> np.ndarray:
    return features.compute(music(), RATE, reference_length=2 * RATE)


def test_channels_are_the_features_by_themselves_in_their_order() -> None:
    parts = [Mel(size=[20, 30]), Pcen(size=[20, 30])]
    stack = Stack(of=parts)
    assert (stack.shape, stack.dtype) == ((20, 30, 2), "uint8")
    found = computed(stack)
    assert (found.shape, found.dtype) == (stack.shape, "uint8")
    for channel, part in enumerate(parts):
        np.testing.assert_array_equal(found[..., channel : channel + 1], computed(part))


def test_beside_numbers_as_they_are_pictures_become_shares() -> None:
    stack = Stack(of=[Mfcc(coefficients=20, width=30), Mel(size=[20, 30])])
    assert (stack.shape, stack.dtype) == ((20, 30, 4), "float32")
    found = computed(stack)
    np.testing.assert_array_equal(found[..., :3], computed(Mfcc(coefficients=20, width=30)))
    np.testing.assert_allclose(found[..., 3:], computed(Mel(size=[20, 30])) / 255, atol=1e-6)


def test_features_of_different_sizes_are_refused_with_their_sizes() -> None:
    with pytest.raises(ValueError, match="'mel' 128 x 128 x 1, 'musicnn-mel' 96 x 187 x 1"):
        Stack(of=[Mel(), MusicnnMel()])


def test_it_is_as_honest_as_the_least_honest_of_its_parts() -> None:
    class Fitted(Mel):
        fitted_on = "everything"

    assert Stack(of=[Mel(), Mel()]).fitted_on == "nothing"
    assert Stack(of=[Mel(), Fitted()]).fitted_on == "everything"


def test_it_says_which_of_its_parts_cannot_work_here() -> None:
    class Missing(Mel):
        def unavailable(self) -> str:
            return "it needs a package"

    assert Stack(of=[Mel(), Missing()]).unavailable() == "mel: it needs a package"
