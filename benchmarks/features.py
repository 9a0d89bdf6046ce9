"""What features cost: one clip beside the calls that it is made of, two workers beside one, memory beside size.

Each process has one thread, so that two workers are not compared with one that fills both cores by itself.
Run: python benchmarks/features.py [clips]      (60 by default; the project asks for 1,000)
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")

import numpy as np
import psutil
import soundfile

from benchmark import SAMPLE_RATE
from benchmark.data.audio import load_mono
from benchmark.data.items import training_items
from benchmark.data.prepare import compute, open_store, prepare, requests
from benchmark.plugin.manager import Plugins
from benchmark.plugin.tracks import Track

SECONDS, REPEATS = 30, 5
REGISTRY = Plugins().registry
FEATURES = REGISTRY.spec("features", "mel", {"size": [128, 128]})
RECIPE = [(REGISTRY.spec("augmentation", name),) for name in ("time-stretch", "pitch-shift")]


def clips(folder: Path, count: int) -> list[Track]:
    """Write ``count`` clips of tones in noise."""
    rng = np.random.default_rng(0)
    times = np.arange(SECONDS * SAMPLE_RATE) / SAMPLE_RATE
    tracks = []
    for number in range(count):
        samples = 0.3 * np.sin(2 * np.pi * rng.uniform(80, 2000) * times) + 0.05 * rng.standard_normal(
            len(times)
        )
        file = folder / f"{number}.wav"
        soundfile.write(file, samples, SAMPLE_RATE)
        tracks.append(Track(str(number), file, "x", f"content{number}", SECONDS))
    return tracks


def one_clip(track: Track) -> None:
    """Print what one track's features take, and what the calls that they are made of take."""
    (request,) = requests([track], training_items([track], None, RECIPE, REGISTRY))
    features = FEATURES.create(REGISTRY)

    def parts() -> None:
        samples = load_mono(track.path, SAMPLE_RATE)
        features.compute(samples, SAMPLE_RATE, reference_length=len(samples))
        for (spec,) in RECIPE:
            augmentation = spec.create(REGISTRY)
            for settings in augmentation.copies():
                changed = augmentation.apply(samples, np.random.default_rng(0), **settings)
                features.compute(changed, SAMPLE_RATE, reference_length=len(samples))

    compute(request, FEATURES, None), parts()
    pairs = [(seconds(parts), seconds(lambda: compute(request, FEATURES, None))) for _ in range(REPEATS)]
    bare, ours = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
    print(f"one clip, 5 items: {ours:.3f} s; decode, augment and mel by themselves: {bare:.3f} s")
    print(f"ratio: {ours / bare:.2f}")


def fill(tracks: list[Track], workers: int, folder: Path) -> tuple[float, float]:
    """Return the seconds that ``workers`` need, once started, and by how many MiB this process grew at most."""
    asked = requests(tracks, training_items(tracks, None, RECIPE, REGISTRY))
    store = open_store(FEATURES, REGISTRY, folder)
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        list(pool.map(compute, asked[:workers], [FEATURES] * workers, [None] * workers))

        def run(function: Any, arguments: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
            waiting = [pool.submit(function, *next(arguments)) for _ in range(workers)]  # type: ignore[call-overload]
            while waiting:
                yield waiting.pop(0).result()
                waiting += [pool.submit(function, *each) for each in [next(arguments, None)] if each]  # type: ignore[call-overload]

        def watch(done: int, total: int) -> None:
            sizes.append(process.memory_info().rss)

        process = psutil.Process()
        sizes = [process.memory_info().rss]
        started = time.perf_counter()
        prepare(store, asked, FEATURES, None, run, watch)
        took = time.perf_counter() - started
    return took, (max(sizes) - sizes[0]) / 2**20


def seconds(function: Any) -> float:
    """Return how long a call takes."""
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tracks = clips(folder, count)
        one_clip(tracks[0])
        _, few = fill(tracks[: count // 4], 1, folder / "a")
        alone, _ = fill(tracks, 1, folder / "b")
        two, many = fill(tracks, 2, folder / "c")
    print(f"{count} clips: 1 worker {alone:.1f} s, 2 workers {two:.1f} s, {alone / two:.2f} times as fast")
    print(
        f"memory of the process that stores: +{few:.0f} MiB for {count // 4} clips, +{many:.0f} MiB for {count}"
    )


if __name__ == "__main__":
    main()
