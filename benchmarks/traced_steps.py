"""What cells that train the same network save by its traced steps, and what memory the process has after each.

Run: python benchmarks/traced_steps.py [cells]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmark import KerasModel
from benchmark.plugin.training_run import TrainingRun
from benchmark.settings import TrainingSettings
from benchmark.training.traced import TracedNetworks

MIB = 1024 * 1024
NETWORKS: dict[str, dict[str, Any]] = {
    "cnn": {"filters": [16, 32], "units": 64, "dropout": 0.35},
    "mobilenet": {"stages": ["transfer"], "weights": None, "width": 0.25, "units": 64},
}


class Sounds:
    """Random pictures of ten classes."""

    def __init__(self, count: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.labels, self.num_classes = np.arange(count) % 10, 10
        self.shape, self.dtype = (48, 64, 1), "float32"
        self.items = rng.random((count, *self.shape), np.float32)

    def __len__(self) -> int:
        return len(self.labels)

    def gather(self, indices: np.ndarray, epoch: int = 0) -> np.ndarray:
        return self.items[indices]


def model_of(name: str) -> KerasModel:
    import bench_models

    (kind,) = (kind for kind in bench_models.bench_models() if kind.name == name)
    made: KerasModel = kind(**NETWORKS[name])
    return made


def main() -> None:
    cells = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    training, validation, asked = Sounds(144, 0), Sounds(36, 1), Sounds(60, 2)
    settings = TrainingSettings(epochs=2, batch_size=16)
    process = psutil.Process()
    for name in NETWORKS:
        answers: dict[str, list[np.ndarray]] = {}
        for way, networks in (("traced by each", None), ("traced once", TracedNetworks())):
            seconds, memory, answers[way] = [], [], []
            for seed in range(cells):
                began = time.process_time()
                model = model_of(name)
                with tempfile.TemporaryDirectory() as cache:
                    model.fit(
                        training,
                        validation,
                        TrainingRun(settings, seed, cache=Path(cache), networks=networks),
                    )
                    answers[way].append(model.predict(asked))
                model.close()
                seconds.append(time.process_time() - began)
                memory.append(process.memory_info().rss / MIB)
            later = sum(seconds[1:]) / (cells - 1)
            print(
                f"{name}, {way}: first cell {seconds[0]:.2f} s of CPU, later ones {later:.2f} s; "
                f"memory after the third {memory[min(2, cells - 1)]:.0f} MiB, after the last {memory[-1]:.0f} MiB",
                flush=True,
            )
        same = all(np.array_equal(*pair) for pair in zip(*answers.values(), strict=True))
        print(f"{name}: answers are {'the same, bit for bit' if same else 'NOT the same'}", flush=True)


if __name__ == "__main__":
    main()
