"""A tiny problem that every model can learn: bright stripes at a height that depends on the class."""

from __future__ import annotations

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
