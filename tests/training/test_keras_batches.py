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
