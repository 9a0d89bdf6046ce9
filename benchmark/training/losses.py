"""Losses by name, with and without parameters, and the weights of classes in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from benchmark.exceptions import DatasetError, did_you_mean
from benchmark.settings import BALANCED

if TYPE_CHECKING:
    import numpy as np

Loss = str | Mapping[str, Mapping[str, float]]
_ONE_HOT_LOSS = "categorical_crossentropy"
_SPARSE_LOSS = "sparse_categorical_crossentropy"


def chosen_loss(loss: Loss, *, mixed: bool) -> tuple[Loss, bool]:
    """Return the loss that is minimised, and whether it takes labels as shares of classes.

    Where labels are ``mixed``, the sparse form of cross-entropy gives way to the one that says the same of shares.
    """
    if loss == _SPARSE_LOSS and mixed:
        loss = _ONE_HOT_LOSS
    return loss, loss != _SPARSE_LOSS


def make_loss(loss: Loss) -> Any:
    """Return what Keras's ``compile`` takes: the name of a loss, or a loss with its parameters."""
    import keras

    if isinstance(loss, str):
        return loss
    ((name, parameters),) = loss.items()
    kinds = {
        "categorical_crossentropy": keras.losses.CategoricalCrossentropy,
        "categorical_focal_crossentropy": keras.losses.CategoricalFocalCrossentropy,
    }
    return kinds[name](**parameters)


def class_weights(
    asked: str | Mapping[str, float] | None, labels: np.ndarray, num_classes: int, names: Sequence[str]
) -> np.ndarray | None:
    """Return how much an item of each class weighs, float32, shape (num_classes,); None where nothing is asked.

    ``balanced`` is n / (classes x items of the class), over the training items with their copies: the formula of
    scikit-learn's ``compute_class_weight`` (King & Zeng 2001). A class without items weighs nothing, as it has none.

    Raises:
        DatasetError: when a class is named that the dataset does not have.
    """
    import numpy as np

    if asked is None:
        return None
    if asked == BALANCED:
        counts = np.bincount(labels, minlength=num_classes)
        present = np.count_nonzero(counts)
        balanced = len(labels) / (present * np.maximum(counts, 1))
        return np.where(counts, balanced, 0).astype(np.float32)
    assert not isinstance(asked, str)
    for name in asked:
        if name not in names:
            raise DatasetError(
                f"'class_weights' names '{name}', which is no class of the dataset."
                + did_you_mean(name, list(names))
            )
    return np.array([asked.get(name, 1.0) for name in names], np.float32)
