from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import scipy

from bench_augmentations import (
    CutMix,
    FilterAugment,
    Gain,
    MixUp,
    Noise,
    TimeMask,
    TimeStretch,
    TrivialAugment,
)
from benchmark import Augmentation


class Add(Augmentation):
    """Adds one of several numbers."""

    name = "add"
    acts_on = "waveform"

    def __init__(self, *values: float) -> None:
        self.values = values

    def copies(self):
        return [{"value": value} for value in self.values]

    def apply(self, data, rng, **settings):
        return data + np.float32(settings["value"])


def drawn(policy: TrivialAugment, times: int) -> Counter[float]:
    zero = np.zeros(1, np.float32)
    return Counter(float(policy.apply(zero, np.random.default_rng(seed), copy=0)[0]) for seed in range(times))


def test_each_augmentation_is_as_likely_and_so_is_each_of_its_strengths() -> None:
    # TrivialAugment (arXiv:2103.10158), algorithm 1: a ~ Uniform(A), m ~ Uniform(strengths), once for each item.
    found = drawn(TrivialAugment(of=[Add(1.0), Add(10.0, 20.0, 30.0, 40.0)]), 4000)
    expected = {1.0: 2000, 10.0: 500, 20.0: 500, 30.0: 500, 40.0: 500}
    assert found.keys() == expected.keys()
    # One in ten thousand such draws would be further off; the seeds are fixed.
    assert scipy.stats.chisquare([found[key] for key in expected], list(expected.values())).pvalue > 1e-4


def test_a_chain_is_applied_whole() -> None:
    assert drawn(TrivialAugment(of=[[Add(1.0), Add(2.0)], [Add(1.0), Add(2.0)]]), 20) == {3.0: 20}


def test_copies_are_numbered_and_repeat_by_their_random_numbers() -> None:
    policy = TrivialAugment(of=[Noise(), [Gain(), TimeStretch()]], copies=3)
    assert policy.copies() == [{"copy": 0}, {"copy": 1}, {"copy": 2}]
    assert (policy.acts_on, policy.fresh) == ("waveform", False)
    clip = np.random.default_rng(0).normal(0, 0.1, 22_050).astype(np.float32)
    for seed in range(4):
        one, other = (policy.apply(clip, np.random.default_rng(seed), copy=1) for _ in range(2))
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_batches_are_changed_by_one_of_several() -> None:
    policy = TrivialAugment(of=[MixUp(), CutMix()])
    assert (policy.acts_on, policy.fresh) == ("batch", True)
    rng = np.random.default_rng(0)
    inputs = rng.random((4, 8, 8, 1)).astype(np.float32)
    targets = np.eye(4, dtype=np.float32)
    made, labels = policy.apply_batch(inputs, targets, rng)
    assert made.shape == inputs.shape
    np.testing.assert_allclose(labels.sum(axis=1), 1, atol=1e-6)


def test_it_acts_on_what_all_of_them_act_on() -> None:
    assert TrivialAugment(of=[TimeMask(), FilterAugment()]).dimensions == {3}
    assert TrivialAugment(of=[TimeMask(), TimeMask()]).dimensions == TimeMask.dimensions


def test_masks_that_are_fresh_stay_fresh() -> None:
    policy = TrivialAugment(of=[TimeMask(fresh=True), TimeMask(fresh=True, width=4)])
    assert (policy.acts_on, policy.fresh) == ("features", True)
    picture = np.full((16, 64, 1), 200, np.uint8)
    assert (policy.apply(picture, np.random.default_rng(1)) == 0).any()


@pytest.mark.parametrize(
    ("of", "said"),
    [
        ([Noise(), MixUp()], "act on batch and waveform"),
        ([TimeMask(), TimeMask(fresh=True)], "cannot be drawn from together"),
        ([Noise(), []], "needs at least one"),
    ],
)
def test_what_cannot_be_drawn_from_together_is_refused(of: list, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        TrivialAugment(of=of)
