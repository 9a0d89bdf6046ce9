from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmark.locations import Locations

Clip = Callable[..., Path]


@pytest.fixture
def clip(tmp_path: Path) -> Clip:
    """Return a function that writes a clip of noise, different each time unless ``seed`` is given."""
    made = []

    def write(
        name: str, seconds: float = 1.2, seed: int | None = None, peak: float = 0.5, rate: int = 22050
    ) -> Path:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        made.append(file)
        rng = np.random.default_rng(len(made) if seed is None else seed)
        samples = rng.uniform(-peak, peak, round(seconds * rate))
        container = {".opus": "OGG", ".au": "AU"}.get(file.suffix)
        subtype = {".opus": "OPUS", ".au": "PCM_16"}.get(file.suffix)
        soundfile.write(
            file, samples, 48000 if file.suffix == ".opus" else rate, format=container, subtype=subtype
        )
        return file

    return write


@pytest.fixture
def locations(tmp_path: Path) -> Locations:
    return Locations(cache=tmp_path / "cache", results=tmp_path / "results", data=(tmp_path,))
