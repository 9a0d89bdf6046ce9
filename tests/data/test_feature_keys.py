"""Stored features are found again by what made them: code and files by content, and never by name or place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmark.data.clips import Clip
from benchmark.data.items import Item, training_items
from benchmark.data.libraries import made_with
from benchmark.data.prepare import feature_key, open_store, prepare, requests, store_folder
from benchmark.plugin.manager import Plugins, keep_registry
from benchmark.plugin.tracks import Track

BENCHFILE = """
from typing import Annotated
import numpy as np
from benchmark import AudioFormat, Augmentation, Features, File, hookimpl

class Loudness(Features):
    name = "loudness"
    shape = (1,)
    dtype = "float32"

    def compute(self, samples, sample_rate, *, reference_length):
        return np.array([np.abs(samples).mean()], np.float32)

class Gain(Augmentation):
    name = "turn-up"
    acts_on = "waveform"

    def __init__(self, *, file: Annotated[str, File()]) -> None:
        self.file = file

    def copies(self):
        return [{}]

    def apply(self, data, rng, **settings):
        return data * float(open(self.file).read())

class Quiet(AudioFormat):
    name = "quiet"

    def __init__(self, *, file: Annotated[str, File()]) -> None:
        self.file = file

    def apply(self, samples, sample_rate):
        return samples * np.float32(open(self.file).read())

@hookimpl
def bench_features():
    return [Loudness]

@hookimpl
def bench_augmentations():
    return [Gain]

@hookimpl
def bench_audio_formats():
    return [Quiet]
"""


@pytest.fixture
def benchfile(tmp_path: Path) -> Path:
    (tmp_path / "benchfile.py").write_text(BENCHFILE)
    return tmp_path / "benchfile.py"


@pytest.fixture
def track(tmp_path: Path) -> Track:
    soundfile.write(tmp_path / "tone.wav", np.full(22_050, 0.25, np.float32), 22_050, subtype="FLOAT")
    return Track("tone", tmp_path / "tone.wav", "a", "content", 1.0)


def loudness(benchfile: Path, track: Track, items: list[Item]) -> list[float]:
    """Make and read the features of items, through the cache."""
    registry = Plugins(benchfile).registry
    keep_registry(registry)
    features = registry.spec("features", "loudness")
    store = open_store(features, registry, benchfile.parent / "cache")
    asked = requests([track], items)
    failures = prepare(
        store,
        asked,
        features,
        registry.benchfile,
        lambda function, arguments: (function(*each) for each in arguments),
        lambda done, total: None,
    )
    assert not failures
    keys = [feature_key(track, item.clip, item.waveform) for item in items]
    return [round(float(row[0]), 4) for row in store.open_rows()[store.rows(keys)]]


def augmented(benchfile: Path, track: Track, file: Path) -> list[Item]:
    registry = Plugins(benchfile).registry
    recipe = [(registry.spec("augmentation", "turn-up", {"file": str(file)}),)]
    return training_items([track], None, recipe, registry)


def test_an_augmentation_that_reads_a_file_is_computed_again_when_the_file_changes(benchfile, track) -> None:
    file = benchfile.with_name("gain.txt")
    file.write_text("2")
    assert loudness(benchfile, track, augmented(benchfile, track, file)) == [0.25, 0.5]
    file.write_text("3")
    assert loudness(benchfile, track, augmented(benchfile, track, file)) == [0.25, 0.75]


def test_the_place_of_a_file_does_not_count(benchfile, track) -> None:
    keys = []
    for name in ("one.txt", "two.txt"):
        file = benchfile.with_name(name)
        file.write_text("2")
        (_, copy) = augmented(benchfile, track, file)
        keys.append(feature_key(track, copy.clip, copy.waveform))
    assert keys[0] == keys[1]


def test_an_audio_format_that_reads_a_file_counts_by_its_content(benchfile, track) -> None:
    registry = Plugins(benchfile).registry
    file = benchfile.with_name("gain.txt")
    heard = []
    for text in ("2", "3"):
        file.write_text(text)
        audio = registry.spec("audio", "quiet", {"file": str(file)})
        heard.append(feature_key(replace(track, audio=audio), Clip(0.0, None), ()))
    assert heard[0] != heard[1]


def test_edited_features_are_never_read_from_the_cache(benchfile, track) -> None:
    items = [Item(0, Clip(0.0, None))]
    assert loudness(benchfile, track, items) == [0.25]
    benchfile.write_text(BENCHFILE.replace("np.abs(samples)", "10 * np.abs(samples)"))
    assert loudness(benchfile, track, items) == [2.5]


def test_an_edited_comment_or_another_component_leaves_the_stored_features(benchfile, track) -> None:
    def folder() -> Path:
        registry = Plugins(benchfile).registry
        return store_folder(registry.spec("features", "loudness"), registry, benchfile.parent)

    first = folder()
    benchfile.write_text(f"# words\n{BENCHFILE.replace('data * float', '3 * data * float')}")
    assert folder() == first


def test_features_of_another_version_of_a_library_are_never_read(benchfile, track, monkeypatch) -> None:
    items = [Item(0, Clip(0.0, None))]
    registry = Plugins(benchfile).registry
    loudness(benchfile, track, items)
    folders = {store_folder(registry.spec("features", "loudness"), registry, benchfile.parent)}
    monkeypatch.setattr("benchmark.data.prepare.made_with", lambda: {"librosa": "0.0.1"})
    folders.add(store_folder(registry.spec("features", "loudness"), registry, benchfile.parent))
    assert len(folders) == 2


def test_libraries_that_make_features_are_known_by_their_versions() -> None:
    from importlib.metadata import version

    assert made_with()["librosa"] == version("librosa")
    assert made_with()["soxr"] == version("soxr")


def test_features_of_an_installed_program_are_where_they_were(tmp_path: Path) -> None:
    from benchmark.plugin.registry import ComponentSpec
    from benchmark.suite.cell import canonical_json

    step = ComponentSpec("augmentation", "pitch-shift", "0.1.0", {"semitones": [2]}, "any", "")
    assert canonical_json([*step.parts()]) == '["pitch-shift","0.1.0",{"semitones":[2]}]'
    theirs = replace(step, distribution="theirs")
    assert canonical_json(theirs.parts()) != canonical_json(step.parts())
