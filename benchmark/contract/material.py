"""What components are tried on: small, made up, and the same each time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from benchmark.data.examples import StoredExamples

RATE, CLASSES, SIDE = 22_050, 3, 32


# What features of so many dimensions are.
SHAPES = {3: (SIDE, SIDE, 1), 2: (SIDE, SIDE), 1: (SIDE * SIDE,)}
FORMS = {3: "images", 2: "sequences", 1: "vectors"}


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


def waveforms() -> Mapping[str, np.ndarray]:
    """Return waveforms by what they are: float32, mono, as the harness hands them over."""
    return {
        "music": samples(),
        "a tenth of a second": samples(0.1),
        "silence": 0 * samples(),
        "clipped music": (10 * samples()).clip(-1, 1),
    }


def samples(seconds: float = 1.5) -> np.ndarray:
    """Return a chord in noise, float32, mono."""
    time = np.arange(int(RATE * seconds)) / RATE
    chord = sum(np.sin(2 * np.pi * tone * time) for tone in (220.0, 277.2, 329.6))
    noise = np.random.default_rng(0).normal(0, 0.05, len(time))
    return np.asarray(0.2 * chord + noise, np.float32)


def unchanged(given: np.ndarray, before: np.ndarray, what: str) -> str:
    """Return what to say of an argument that was written into, or nothing."""
    return (
        ""
        if np.array_equal(given, before)
        else f"{what} changes what it is given; other items are made of it too"
    )
