"""Batches as Keras takes them."""

from __future__ import annotations

from typing import Any

import keras

from benchmark.training.batches import Batches


class KerasBatches(keras.utils.PyDataset):
    """``Batches`` for ``fit``, which gathers none ahead itself."""

    def __init__(self, batches: Batches) -> None:
        super().__init__(workers=0)
        self._batches = batches

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        return self._batches[index]
