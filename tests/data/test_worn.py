"""Features of tracks that are worn on purpose: of whole tracks, the same for all who ask, and never of clean ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from benchmark.data import prepare
from benchmark.data.clips import Clip
from benchmark.data.items import Item, Wear
from benchmark.data.prepare import compute, feature_key, requests
from benchmark.plugin.manager import load_registry
from benchmark.plugin.tracks import Track

RATE = 22_050
BENCHFILE = """
import numpy as np
from benchmark import Corruption, Features, hookimpl

class Ends(Features):
    'First and last sample, and how many there are in hundreds of the length before.'
    name = 'ends'
    shape, dtype = (3,), 'float32'
    def compute(self, samples, sample_rate, *, reference_length):
        return np.array([samples[0], samples[-1], len(samples) / reference_length], np.float32)

class Louder(Corruption):
    'So many times as loud.'
    name, unit, severities = 'louder', 'times', (2, 3)
    def apply(self, samples, sample_rate, rng, amount):
        return samples * np.float32(amount)

class Half(Corruption):
    'Every other sample: twice as fast.'
    name, unit, severities = 'half', 'times', (2,)
    def apply(self, samples, sample_rate, rng, amount):
        return samples[::2].copy()

class Drawn(Corruption):
    'A level that is drawn, times the amount.'
    name, unit, severities = 'drawn', 'times', (1, 2)
    def apply(self, samples, sample_rate, rng, amount):
        return np.full(len(samples), amount * rng.random(), np.float32)

class Broken(Corruption):
    'Raises.'
    name, unit, severities = 'broken', 'times', (1,)
    def apply(self, samples, sample_rate, rng, amount):
        raise ValueError('it cannot')

@hookimpl
def bench_features():
    return [Ends]

@hookimpl
def bench_corruptions():
    return [Louder, Half, Drawn, Broken]
"""


@pytest.fixture
def benchfile(tmp_path: Path) -> Path:
    (tmp_path / "benchfile.py").write_text(BENCHFILE)
    return tmp_path / "benchfile.py"


@pytest.fixture
def track(tmp_path: Path) -> Track:
    """Two seconds that rise from 0 to 0.5."""
    ramp = np.arange(2 * RATE, dtype=np.float32) / (4 * RATE)
    soundfile.write(tmp_path / "ramp.wav", ramp, RATE, subtype="FLOAT")
    return Track("ramp", tmp_path / "ramp.wav", "a", "content", 2.0)


def made(benchfile: Path, track: Track, *items: Item) -> dict[str, list[float]]:
    registry = load_registry(benchfile)
    (request,) = requests([track], items)
    computed = compute(request, registry.spec("features", "ends"), benchfile)
    assert computed.failure is None, computed.failure
    return {key: array.round(3).tolist() for key, array in computed.arrays}


def wear(benchfile: Path, name: str, amount: float) -> Wear:
    return Wear(load_registry(benchfile).spec("corruption", name), amount)


def test_a_clip_is_cut_from_the_worn_track(benchfile: Path, track: Track) -> None:
    items = [
        Item(0, Clip(1.0, 0.5)),
        *(Item(0, Clip(1.0, 0.5), wear=wear(benchfile, "louder", n)) for n in (2, 3)),
    ]
    assert list(made(benchfile, track, *items).values()) == [
        [0.25, 0.375, 1.0], [0.5, 0.75, 1.0], [0.75, 1.125, 1.0],
    ]  # fmt: skip


def test_clips_of_a_shorter_track_hold_the_same_music(benchfile: Path, track: Track) -> None:
    item = Item(0, Clip(1.0, 0.5), wear=wear(benchfile, "half", 2))
    assert list(made(benchfile, track, item).values()) == [[0.25, 0.375, 0.5]]


def test_what_is_drawn_hangs_on_the_track_and_not_on_the_amount(benchfile: Path, track: Track) -> None:
    worn = [Item(0, Clip(), wear=wear(benchfile, "drawn", n)) for n in (1, 2)]
    one, two = (each[0] for each in made(benchfile, track, *worn).values())
    assert two == pytest.approx(2 * one, abs=0.002)
    assert made(benchfile, track, worn[1]) == made(benchfile, track, worn[1])
    (other,) = made(benchfile, replace(track, content="other"), worn[0]).values()
    assert other[0] != one


def test_a_corruption_that_fails_costs_nothing_else(benchfile: Path, track: Track) -> None:
    registry = load_registry(benchfile)
    items = [Item(0, Clip()), Item(0, Clip(), wear=wear(benchfile, "broken", 1))]
    (request,) = requests([track], items)
    computed = compute(request, registry.spec("features", "ends"), benchfile)
    assert len(computed.arrays) == 1
    assert computed.failure is not None
    assert "corruption 'broken'" in computed.failure.reason


def test_a_track_is_decoded_once_for_all_that_wears_it(
    benchfile: Path, track: Track, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[Any] = []
    load = prepare.load_mono
    monkeypatch.setattr(
        prepare, "load_mono", lambda *given, **named: (decoded.append(given), load(*given, **named))[1]
    )
    items = [Item(0, Clip(), wear=wear(benchfile, "louder", n)) for n in (2, 3)]
    made(benchfile, track, Item(0, Clip()), *items, Item(0, Clip(), wear=wear(benchfile, "half", 2)))
    assert len(decoded) == 1


def test_keys_of_clean_features_are_what_they_were(benchfile: Path, track: Track) -> None:
    clean = feature_key(track, Clip(), ())
    # As it was before tracks could be worn: what is in caches stays valid.
    assert clean == "1a12b39f0150f53c4bab1bf035aea996"
    worn = {feature_key(track, Clip(), (), wear(benchfile, "louder", n)) for n in (2, 3)}
    assert len({clean, *worn}) == 3
