"""A clip's picture by look-up and resizing, beside drawing the same spectrogram with matplotlib and reading it back.

Run: python benchmarks/mel_image.py
"""

from __future__ import annotations

import statistics
import time

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from bench_features import MelImage

RATE, SECONDS, REPEATS = 22_050, 30, 15


def drawn(decibels: np.ndarray) -> np.ndarray:
    """Return the picture that matplotlib draws: 500 x 200 pixels, no axes, then luminance at 256 x 256."""
    figure = Figure(figsize=(5, 2), dpi=100)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.pcolormesh(decibels, cmap="magma")
    canvas.draw()
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba()))
    return np.asarray(picture.convert("L").resize((256, 256), Image.Resampling.BILINEAR))


def main() -> None:
    rng = np.random.default_rng(0)
    samples = (0.1 * rng.standard_normal(RATE * SECONDS)).astype(np.float32)
    features = MelImage()
    decibels = features.decibels(samples, RATE)
    features.decibels = lambda *_: decibels  # type: ignore[method-assign]
    pairs = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        drawn(decibels)
        between = time.perf_counter()
        features.compute(samples, RATE, reference_length=len(samples))
        pairs.append((between - started, time.perf_counter() - between))
    theirs, ours = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
    print(
        f"spectrogram to picture: matplotlib {1000 * theirs:.1f} ms, look-up and resize {1000 * ours:.2f} ms"
    )
    print(f"{theirs / ours:.0f} times as fast (median of {REPEATS} pairs)")


if __name__ == "__main__":
    main()
