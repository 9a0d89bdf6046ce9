"""What components are tried on: small, made up, and the same each time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from benchmark.plugin.waveform import SAMPLE_RATE

CLASSES, SIDE = 3, 32
# What features of so many dimensions are.
SHAPES = {3: (SIDE, SIDE, 1), 2: (SIDE, SIDE), 1: (SIDE * SIDE,)}
FORMS = {3: "images", 2: "sequences", 1: "vectors"}


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
    time = np.arange(int(SAMPLE_RATE * seconds)) / SAMPLE_RATE
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
