"""How much time it saves to compute a frozen part's outputs once: MobileNet's transfer stage, beside plain training.

Run: python benchmarks/frozen.py [epochs [items [size]]]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmark.data.examples import StoredExamples
from benchmark.plugin.training_run import TrainingRun
from benchmark.settings import TrainingSettings


class Pictures(StoredExamples):
    """Random pictures, as if they came from a feature store."""

    def __init__(self, count: int, size: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.labels = np.arange(count) % 10
        self.shape, self.dtype, self.num_classes, self.space = (size, size, 1), "uint8", 10, "pictures"
        bright = 12 * self.labels[:, None, None, None]
        self.images = (rng.integers(0, 140, (count, size, size, 1)) + bright).astype(np.uint8)
        self._name = str(seed)

    def __len__(self) -> int:
        return len(self.labels)

    def gather(self, indices: np.ndarray, epoch: int = 0) -> np.ndarray:
        return self.images[indices]

    @property
    def redrawn(self) -> bool:
        return False

    def content_keys(self) -> list[str]:
        return [f"{self._name}-{number}" for number in range(len(self))]


def seconds(weights: Path, seed: int, epochs: int, data: tuple[Pictures, Pictures], cache: Path | None):
    """Return the time of a cell, and what it predicts."""
    from bench_models.pretrained import MobileNet

    started = time.perf_counter()
    model = MobileNet(stages=["transfer"], weights=str(weights))
    model.fit(*data, TrainingRun(TrainingSettings(epochs=epochs), seed, cache=cache))
    predicted = model.predict(data[1])
    model.close()
    return time.perf_counter() - started, predicted


def main() -> None:
    import keras

    epochs, items, size = [*map(int, sys.argv[1:]), *(12, 300, 256)[len(sys.argv) - 1 :]]
    data = Pictures(items, size, 1), Pictures(items // 5, size, 2)
    with tempfile.TemporaryDirectory() as place:
        # One file of weights for all seeds, as ImageNet's would be.
        weights = Path(place) / "mobilenet.weights.h5"
        backbone = keras.applications.MobileNet(include_top=False, weights=None, input_shape=(size, size, 3))
        backbone.save_weights(weights)
        seconds(
            weights, 9, 1, (Pictures(32, size, 3), Pictures(8, size, 4)), None
        )  # imports, first compilation
        plain, expected = seconds(weights, 0, epochs, data, None)
        kept = [seconds(weights, seed, epochs, data, Path(place)) for seed in range(3)]
    difference = np.abs(kept[0][1] - expected).max()
    print(f"{items} items of {size} x {size}, {epochs} epochs; plain: {plain:.1f} s")
    print(f"outputs kept: {', '.join(f'{each[0]:.1f}' for each in kept)} s for three seeds")
    print(
        f"one cell: {plain / kept[0][0]:.1f} times faster; three: {3 * plain / sum(k[0] for k in kept):.1f} times"
    )
    print(f"predictions differ by at most {difference:.1e}")


if __name__ == "__main__":
    main()
