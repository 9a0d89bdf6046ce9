"""A tiny problem that every model can learn: bright stripes at a height that depends on the class."""

from __future__ import annotations

from typing import Any

import numpy as np


class ToyExamples:
    """Examples in memory: uint8 images with one bright band per class, in noise."""

    def __init__(self, per_class: int = 12, classes: int = 3, size: int = 24, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.num_classes = classes
        self.labels = np.repeat(np.arange(classes), per_class)
        self.images = rng.integers(0, 120, (len(self.labels), size, size, 1)).astype(np.uint8)
        band = size // classes
        for image, label in zip(self.images, self.labels, strict=True):
            image[label * band : (label + 1) * band] += 100
        self.shape = (size, size, 1)
        self.dtype = "uint8"
        self.gathered: list[tuple[int, ...]] = []

    def __len__(self) -> int:
        return len(self.labels)

    def gather(self, indices: np.ndarray, epoch: int = 0) -> np.ndarray:
        self.gathered.append((epoch, *indices.tolist()))
        return self.images[indices]


def fitted(seed: int = 0, **settings: object) -> tuple[Any, list[Any], ToyExamples]:
    """Return a small network that was trained on such examples, its history, and the examples."""
    from bench_models import Cnn
    from benchmark.plugin.training_run import TrainingRun
    from benchmark.settings import TrainingSettings

    train = ToyExamples()
    # Of the optimizers, SGD has least to be traced.
    given = {"epochs": 2, "batch_size": 8, "optimizer": "sgd", "learning_rate": 0.02, **settings}
    run = TrainingRun(TrainingSettings(**given), seed)
    model = Cnn(filters=[4, 8], units=8, dropout=0.1)
    return model, model.fit(train, ToyExamples(4, seed=1), run), train
