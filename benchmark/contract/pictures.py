"""What models are tried on: a tiny problem, made up, the same each time."""

from __future__ import annotations

import numpy as np

from benchmark.contract.material import CLASSES, SHAPES
from benchmark.data.examples import StoredExamples


class Pictures(StoredExamples):
    """A tiny problem: a bright band at a height that depends on the class, in noise; kept as cells keep theirs.

    ``shape`` is that of an item: bands, steps or values come first.
    """

    def __init__(self, per_class: int, seed: int, shape: tuple[int, ...] = SHAPES[3]) -> None:
        rng = np.random.default_rng(seed)
        self.num_classes, self.dtype = CLASSES, "uint8"
        self.shape = shape
        self.space = f"made-up-{'x'.join(map(str, shape))}"
        self.labels = np.repeat(np.arange(CLASSES), per_class)
        self.tracks = np.arange(len(self.labels))
        self.images = rng.integers(0, 120, (len(self.labels), *shape)).astype(np.uint8)
        band = shape[0] // CLASSES
        for image, label in zip(self.images, self.labels, strict=True):
            image[label * band : (label + 1) * band] += 100
        self._seed = seed
        for shared in (self.labels, self.tracks):
            shared.flags.writeable = False

    def __len__(self) -> int:
        return len(self.labels)

    def gather(self, indices: np.ndarray, epoch: int = 0) -> np.ndarray:
        """Return pictures, which are the caller's own."""
        return self.images[indices]

    @property
    def redrawn(self) -> bool:
        """Nothing is drawn afresh."""
        return False

    def content_keys(self) -> list[str]:
        """Return a key per picture."""
        return [f"{self._seed}-{number}" for number in range(len(self))]

    def only(self, indices: np.ndarray) -> Pictures:
        """Return some of them."""
        chosen = Pictures(1, self._seed, self.shape)
        chosen.labels, chosen.images = self.labels[indices], self.images[indices]
        chosen.tracks = np.arange(len(indices))
        return chosen
