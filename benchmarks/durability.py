"""What it costs to sync, and to see damage: filing a cell, reading records, and checking rows of features.

Everything is measured in one process, alternately with the same without it.
Run: python benchmarks/durability.py [FOLDER]
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd

from benchmark.data.store import FeatureStore
from benchmark.record import CellRecord
from benchmark.results.store import ResultsStore
from benchmark.suite.cell import identity

CELLS, TRACKS, CLASSES, PASSES = 300, 290, 10, 5
SHAPE, ROWS = (128, 128, 1), 4000


def seconds(work: Callable[[], object]) -> float:
    """Return how long something takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def file_cells(folder: Path) -> float:
    """File trivial cells; return the median of milliseconds for one."""
    answers = np.full((TRACKS, CLASSES), 1 / CLASSES, np.float32)
    frame = pd.DataFrame(answers, columns=[f"p:{n}" for n in range(CLASSES)])
    frame.insert(0, "label", "0")
    frame.insert(0, "group", None)
    frame.insert(0, "track", [f"track {n}" for n in range(TRACKS)])
    frame.insert(0, "set", "own:test")
    store = ResultsStore(folder, "trial")
    taken = []
    for seed in range(CELLS):
        spec = {"seed": seed}
        record = CellRecord(
            identity(spec), "trial", {"seed": str(seed)}, spec, "ok", classes=[str(n) for n in range(CLASSES)]
        )
        epochs = [{"stage": "fit", "epoch": 1, "accuracy": 0.5}]
        started = time.perf_counter()
        store.write(record, predictions=frame, history=epochs, metrics={"own:test": {"top1": 0.1}})
        taken.append(time.perf_counter() - started)
    return statistics.median(taken) * 1000


def unsynced(descriptor: int) -> None:
    """Sync nothing."""


def main() -> None:
    place = sys.argv[1] if len(sys.argv) > 1 else None
    synced, plain = [], []
    for number in range(PASSES):
        with tempfile.TemporaryDirectory(dir=place) as folder:
            synced.append(file_cells(Path(folder)))
        with tempfile.TemporaryDirectory(dir=place) as folder, patch.object(os, "fsync", unsynced):
            plain.append(file_cells(Path(folder)))
        print(
            f"pass {number + 1}: {synced[-1]:.2f} ms a cell, {plain[-1]:.2f} ms without syncing", flush=True
        )
    ratio = statistics.median(mine / bare for mine, bare in zip(synced, plain, strict=True))
    print(
        f"filing {CELLS} cells: {statistics.median(synced):.2f} ms each, {ratio:.2f} times that without syncing"
    )

    with tempfile.TemporaryDirectory(dir=place) as folder:
        rng = np.random.default_rng(0)
        store = FeatureStore(Path(folder) / "rows", SHAPE, "uint8", {"name": "random"})
        keys = [f"{number:032x}" for number in range(ROWS)]
        with store.writing():
            store.append(keys, list(rng.integers(0, 255, (ROWS, *SHAPE), np.uint8)))

        def read(*, verify: bool) -> float:
            opened = FeatureStore(Path(folder) / "rows", SHAPE, "uint8", {"name": "random"})
            return seconds(lambda: opened.rows(keys, verify=verify))

        def gather() -> float:
            rows = store.rows(keys)
            stored = store.open_rows()
            return seconds(lambda: [stored[rows[n : n + 32]].sum() for n in range(0, ROWS, 32)])

        passes = [(read(verify=True), read(verify=False), gather()) for _ in range(PASSES)]
    checked, looked, gathered = (statistics.median(each) for each in zip(*passes, strict=True))
    print(
        f"{ROWS} rows of {np.prod(SHAPE) / 1000:.0f} kB: looked up in {looked * 1000:.0f} ms, with their checksums in "
        f"{checked * 1000:.0f} ms; gathering them once takes {gathered * 1000:.0f} ms"
    )


if __name__ == "__main__":
    main()
