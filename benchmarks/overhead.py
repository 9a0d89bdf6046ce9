"""What a cell costs beyond a bare ``model.fit`` on the same arrays, which lie in memory already.

Both sides train the same network on the same batches in one process, alternately; the first pass of each is not
counted (it compiles). Run: python benchmarks/overhead.py [epochs]
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import keras
import numpy as np

from bench_models import Cnn
from benchmark.data.clips import WHOLE
from benchmark.data.examples import StoredExamples
from benchmark.data.items import Item
from benchmark.data.prepare import feature_key
from benchmark.data.store import FeatureStore
from benchmark.plugin.manager import Plugins
from benchmark.plugin.tracks import Track
from benchmark.plugin.training_run import TrainingRun
from benchmark.settings import TrainingSettings

SHAPE, COUNT, BATCH, PASSES = (128, 128, 1), 256, 32, 5


def stored(folder: Path) -> StoredExamples:
    """Return random images in a feature store."""
    rng = np.random.default_rng(0)
    tracks = [Track(f"t{n}", Path(f"t{n}"), str(n % 10), f"content{n}", 30.0) for n in range(COUNT)]
    store = FeatureStore(folder, SHAPE, "uint8", {"name": "random"})
    with store.writing():
        keys = [feature_key(track, WHOLE, ()) for track in tracks]
        store.append(keys, [rng.integers(0, 255, SHAPE, np.uint8) for _ in tracks])
    items = [Item(n, WHOLE) for n in range(COUNT)]
    labels = [n % 10 for n in range(COUNT)]
    return StoredExamples(store, items, tracks, labels, Plugins().registry, num_classes=10, seed=0)


def bare(images: np.ndarray, labels: np.ndarray, epochs: int) -> float:
    """Return the seconds of building, compiling and fitting with Keras alone."""
    started = time.perf_counter()
    keras.utils.clear_session()
    network = Cnn().build(SHAPE, 10)
    whole = keras.Sequential([keras.Input(SHAPE), keras.layers.Rescaling(1 / 255), network])
    whole.compile(
        "adam", "sparse_categorical_crossentropy", metrics=["sparse_categorical_accuracy"], jit_compile=False
    )
    whole.fit(images, labels, batch_size=BATCH, epochs=epochs, verbose=0)
    return time.perf_counter() - started


def ours(examples: StoredExamples, epochs: int) -> float:
    """Return the seconds of the same through the harness."""
    started = time.perf_counter()
    Cnn().fit(examples, None, TrainingRun(TrainingSettings(epochs=epochs, batch_size=BATCH), seed=0))
    return time.perf_counter() - started


def main() -> None:
    epochs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with tempfile.TemporaryDirectory() as folder:
        examples = stored(Path(folder))
        images, labels = examples.gather(np.arange(COUNT)), examples.labels
        bare(images, labels, 1), ours(examples, 1)
        pairs = [(bare(images, labels, epochs), ours(examples, epochs)) for _ in range(PASSES)]
    ratios = [mine / theirs for theirs, mine in pairs]
    print(f"{COUNT} images of {SHAPE}, batch {BATCH}, {epochs} epochs, {PASSES} passes each, alternately")
    print(
        f"bare fit {statistics.median(p[0] for p in pairs):.2f} s, cell {statistics.median(p[1] for p in pairs):.2f} s"
    )
    print(
        f"ratio: median {statistics.median(ratios):.3f}, lowest {min(ratios):.3f}, highest {max(ratios):.3f}"
    )


if __name__ == "__main__":
    main()
