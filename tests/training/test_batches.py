"""Batches: where they are made, and what an augmentation of them draws."""

from __future__ import annotations

import random
import threading

import numpy as np
import pytest
from toy import ToyExamples

from benchmark import Augmentation
from benchmark.training.batches import Batches


class Careless(Augmentation):
    """Draws from everything but the generator that it is given, and remembers which thread it ran in."""

    name = "careless"
    acts_on = "batch"

    def __init__(self) -> None:
        self.threads: set[threading.Thread] = set()

    def apply_batch(self, inputs, targets, rng):
        self.threads.add(threading.current_thread())
        noise = np.random.rand(*inputs.shape) + np.random.default_rng().random(inputs.shape)
        return (inputs + random.random() + noise).astype(np.float32), targets


def made(
    order: list[int], augmentation: Careless | None = None, *, on_torch: bool = False
) -> dict[int, bytes]:
    augmentations = (augmentation or Careless(),)
    batches = Batches(
        ToyExamples(), 8, seed=3, shuffled=True, one_hot=True, augmentations=augmentations, on_torch=on_torch
    )
    found = {index: batches[index][0].tobytes() for index in order}
    batches.close()
    return found


def test_what_an_augmentation_draws_from_global_generators_depends_on_the_batch_alone() -> None:
    forwards = made([0, 1, 2, 3, 4])
    random.seed(7)
    np.random.seed(7)
    assert made([4, 2, 0, 1, 3]) == forwards
    assert len(set(forwards.values())) == 5


@pytest.mark.parametrize("on_torch", [True, False])
def test_on_pytorch_whose_generator_is_one_for_all_threads_they_are_made_by_the_thread_that_trains(
    on_torch: bool,
) -> None:
    augmentation = Careless()
    made([0, 1], augmentation, on_torch=on_torch)
    assert (augmentation.threads == {threading.current_thread()}) is on_torch


def test_whoever_gathers_ahead_when_training_has_ended_is_told_that_there_is_no_more() -> None:
    batches = Batches(ToyExamples(), 8, seed=3, shuffled=True, one_hot=True)
    batches[0]
    batches.close()
    with pytest.raises(StopIteration):
        batches[4]
    assert batches.failure is None
