"""Keras is given the batches that there are, and none is made twice."""

from __future__ import annotations

import gc
import weakref
from collections import Counter
from typing import Any

import numpy as np
import pytest
from toy import ToyExamples, fitted

from benchmark import Augmentation
from benchmark.training.batches import Batches

pytestmark = pytest.mark.slow


class Noisy(Augmentation):
    """Adds noise that is drawn for each batch."""

    name = "noisy"

    def apply_batch(self, inputs: Any, targets: Any, rng: np.random.Generator) -> Any:
        return inputs + rng.random(inputs.shape), targets


WAYS: list[dict[str, Any]] = [
    {"one_hot": False},
    {"one_hot": True, "augmentations": (Noisy(),)},
    {"one_hot": False, "class_weights": np.array([1.0, 2.0, 4.0], np.float32)},
]


@pytest.mark.parametrize("way", WAYS, ids=["sparse", "augmented", "weighted"])
def test_tensorflow_gets_in_each_epoch_what_keras_would_make_of_the_batches(way: dict[str, Any]) -> None:
    tf = pytest.importorskip("tensorflow")
    from keras.src.trainers.data_adapters.py_dataset_adapter import PyDatasetAdapter

    from benchmark.training.keras_batches import KerasBatches, as_data

    examples = ToyExamples(5, size=6)
    ours, theirs = (Batches(examples, 4, seed=2, shuffled=True, **way) for _ in range(2))
    data, reference = as_data(ours), PyDatasetAdapter(KerasBatches(theirs)).get_tf_dataset()
    assert isinstance(data, tf.data.Dataset)
    assert data.element_spec == reference.element_spec
    # The last batch has fewer items.
    assert int(data.cardinality()) == len(ours) == 4
    for epoch in range(2):
        ours.epoch = theirs.epoch = epoch
        for one, other in zip(data, reference, strict=True):
            for array, expected in zip(one, other, strict=True):
                np.testing.assert_array_equal(array.numpy(), expected.numpy())
    for batches in (ours, theirs):
        batches.close()


class Doubled(ToyExamples):
    """Gives numbers of a kind that it does not say."""

    def __init__(self, said: str) -> None:
        super().__init__(2, size=6)
        self.dtype = said

    def gather(self, indices: np.ndarray, epoch: int = 0) -> np.ndarray:
        return super().gather(indices, epoch) * np.float64(0.5)


def test_numbers_of_more_precision_are_taken_and_fractions_never_as_whole_numbers() -> None:
    tf = pytest.importorskip("tensorflow")
    from benchmark.training.keras_batches import as_data

    examples = Doubled("float32")
    ((inputs, _),) = as_data(Batches(examples, 6, seed=0, shuffled=False, one_hot=False))
    assert inputs.dtype == tf.float32
    np.testing.assert_array_equal(inputs.numpy(), examples.images * np.float32(0.5))
    with pytest.raises(tf.errors.OpError, match="Cannot cast array data"):
        next(iter(as_data(Batches(Doubled("uint8"), 6, seed=0, shuffled=False, one_hot=False))))


def test_no_batch_is_made_twice_and_none_is_held_after_the_next_training() -> None:
    model, _, train = fitted(epochs=2)
    made = Counter(train.gathered)
    assert {epoch for epoch, *_ in made} >= {0, 1}
    assert set(made.values()) == {1}
    held = weakref.ref(train)
    model.close()
    del train, model, _
    fitted(epochs=1)
    gc.collect()
    assert held() is None
