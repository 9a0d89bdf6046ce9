from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from benchmark.data.clips import WHOLE, Clip
from benchmark.data.items import held_out_items, training_items
from benchmark.data.prepare import compute, feature_key, missing, open_store, prepare, requests
from benchmark.data.probe import probe_file
from benchmark.plugin.manager import load_registry
from benchmark.plugin.registry import Registry
from benchmark.plugin.tracks import Track
from benchmark.settings import ClipSettings

RATE = 22050
BENCHFILE = """
import random
import numpy as np
from benchmark import Augmentation, Features, hookimpl

class Explode(Augmentation):
    name = "explode"
    acts_on = "waveform"
    def apply(self, data, rng, **settings):
        raise RuntimeError("bang")

class Reverse(Augmentation):
    '''Works in place, which it must not.'''
    name = "reverse"
    acts_on = "waveform"
    def apply(self, data, rng, **settings):
        data[:] = data[::-1].copy()
        return data

class Hiss(Augmentation):
    name = "hiss"
    acts_on = "waveform"
    def __init__(self, *, copies: int = 1):
        self.number = copies
    def copies(self):
        return [{"copy": copy} for copy in range(self.number)]
    def apply(self, data, rng, **settings):
        return data + rng.standard_normal(len(data)).astype(np.float32)

class Double(Augmentation):
    name = "double"
    acts_on = "waveform"
    def apply(self, data, rng, **settings):
        return data.astype(float)

class Careless(Augmentation):
    name = "careless"
    acts_on = "waveform"
    def apply(self, data, rng, **settings):
        return data + (np.random.rand(len(data)) + random.random()).astype(np.float32)

class Raw(Features):
    name = "raw"
    dtype = "float32"
    shape = (1, 8, 1)
    def __init__(self, *, width: int = 8, trouble: str = ""):
        self.width = width
        self.trouble = trouble
    def compute(self, samples, sample_rate, *, reference_length):
        if self.trouble == "nan":
            return np.full(self.shape, np.nan, np.float32)
        if self.trouble == "list":
            return samples[:8].reshape(1, 8, 1).tolist()
        return samples[:self.width].reshape(1, self.width or 9, 1)

class Constant(Augmentation):
    '''Hands out what it keeps.'''
    name = "constant"
    acts_on = "waveform"
    kept = np.arange(8, dtype=np.float32)
    def apply(self, data, rng, **settings):
        return self.kept

class Buffered(Raw):
    '''Writes into one array for all items, and into what it is given.'''
    name = "buffered"
    kept = np.zeros((1, 8, 1), np.float32)
    def compute(self, samples, sample_rate, *, reference_length):
        self.kept[:] = samples[:8].reshape(1, 8, 1)
        samples[:] = 9
        return self.kept

@hookimpl
def bench_augmentations():
    return [Explode, Reverse, Hiss, Double, Careless, Constant]

@hookimpl
def bench_features():
    return [Raw, Buffered]
"""


@pytest.fixture
def benchfile(tmp_path: Path) -> Path:
    file = tmp_path / "benchfile.py"
    file.write_text(BENCHFILE)
    return file


@pytest.fixture
def registry(benchfile: Path) -> Registry:
    return load_registry(benchfile)


@pytest.fixture
def track(tmp_path: Path) -> Track:
    """Two seconds that rise from silence, so that every sample is another."""
    file = tmp_path / "track.wav"
    soundfile.write(file, np.arange(2 * RATE, dtype=np.float32) / (2 * RATE), RATE, subtype="FLOAT")
    return Track("track", file, "a", "content", 2.0)


def run(function: Any, arguments: Any) -> Iterator[Any]:
    return (function(*each) for each in arguments)


def computed(
    track: Track,
    registry: Registry,
    benchfile: Path,
    *chains: tuple[str, ...],
    clips=None,
    features="raw",
    **raw,
):
    recipe = [tuple(registry.spec("augmentation", name) for name in chain) for chain in chains]
    items = training_items([track], clips, recipe, registry)
    (request,) = requests([track], items)
    outcome = compute(request, registry.spec("features", features, raw), benchfile)
    arrays = dict(outcome.arrays)
    found = [arrays.get(feature_key(track, item.clip, item.waveform)) for item in items]
    return [None if array is None else array.ravel() for array in found], outcome.failure


def test_clips_begin_where_they_should(track, registry, benchfile) -> None:
    found, _ = computed(track, registry, benchfile, clips=ClipSettings(seconds=0.5, hop=0.25))
    expected = [np.arange(8, dtype=np.float32) + round(n * 0.25 * RATE) for n in range(7)]
    np.testing.assert_allclose(found, np.array(expected) / (2 * RATE), rtol=1e-6)


def test_an_augmentation_that_raises_spoils_its_own_copies_only(track, registry, benchfile) -> None:
    (original, exploded, hissed), failure = computed(track, registry, benchfile, ("explode",), ("hiss",))
    assert original is not None
    assert hissed is not None
    assert exploded is None
    assert failure.track == "track"
    assert (
        failure.reason == f"augmentation 'explode' (plugin benchfile.py, {benchfile}:10): RuntimeError: bang"
    )


def test_what_is_whole_of_a_track_is_stored_and_the_rest_is_tried_again(
    track, registry, benchfile, tmp_path
) -> None:
    features = registry.spec("features", "raw")
    recipe = [(registry.spec("augmentation", "explode"),)]
    asked = requests([track], training_items([track], None, recipe, registry))
    store = open_store(features, registry, tmp_path)
    failures = prepare(store, asked, features, benchfile, run, lambda done, total: None)
    assert [failure.track for failure in failures] == ["track"]
    assert missing(store, requests([track], held_out_items([track], None))) == []
    (left,) = missing(store, asked)
    assert [[step.component.name for step in steps] for _, _, steps, _ in left.wanted] == [["explode"]]


def test_features_of_another_shape_than_promised_are_refused(track, registry, benchfile) -> None:
    (array,), failure = computed(track, registry, benchfile, width=5)
    assert array is None
    assert failure.reason.startswith("features 'raw' (plugin benchfile.py, ")
    assert failure.reason.endswith("compute gave float32 (1, 5, 1) instead of float32 (1, 8, 1)")


@pytest.mark.parametrize(
    ("trouble", "problem"), [("nan", "not finite (NaN or infinite)"), ("list", "list instead of an array")]
)
def test_features_that_are_no_numbers_are_never_stored(
    track, registry, benchfile, trouble: str, problem: str
) -> None:
    (array,), failure = computed(track, registry, benchfile, trouble=trouble)
    assert array is None
    assert problem in failure.reason


def test_an_augmentation_that_makes_no_waveform_is_named(track, registry, benchfile) -> None:
    (original, doubled), failure = computed(track, registry, benchfile, ("double",))
    assert original is not None
    assert doubled is None
    assert "augmentation 'double'" in failure.reason
    assert "float64" in failure.reason


def test_global_random_numbers_of_an_augmentation_are_those_of_its_item(track, registry, benchfile) -> None:
    clips = ClipSettings(seconds=1)
    first, _ = computed(track, registry, benchfile, ("careless",), clips=clips)
    again, _ = computed(track, registry, benchfile, ("careless",), clips=clips)
    np.testing.assert_array_equal(first, again)
    noise = [copy - original for original, copy in zip(first[:2], first[2:], strict=True)]
    assert not np.allclose(*noise)


def test_features_that_raise_are_named_with_what_they_raised(track, registry, benchfile) -> None:
    (array,), failure = computed(track, registry, benchfile, width=0)
    assert array is None
    assert failure.reason.startswith(
        f"features 'raw' (plugin benchfile.py, {benchfile}:54): ValueError: cannot"
    )


def test_a_plugin_that_works_in_place_changes_nothing_else(track, registry, benchfile) -> None:
    (original, reversed_, again), _ = computed(
        track, registry, benchfile, ("reverse",), ("reverse", "reverse")
    )
    assert original[0] < original[7]
    assert reversed_[0] > reversed_[7]
    np.testing.assert_array_equal(again, original)


def test_what_a_plugin_keeps_is_not_harmed_by_who_writes_into_it_next(track, registry, benchfile) -> None:
    """An augmentation may hand out an array of its own, features write into the waveform and into one buffer."""
    chains = (("constant", "reverse"), ("constant",), ("constant", "reverse", "reverse"))
    (original, *others), failure = computed(track, registry, benchfile, *chains, features="buffered")
    assert failure is None
    np.testing.assert_allclose(original, np.arange(8) / (2 * RATE), rtol=1e-6)
    rising = np.arange(8)
    np.testing.assert_array_equal(others, [rising[::-1], rising, rising])


def test_equal_steps_of_a_chain_draw_numbers_of_their_own(track, registry, benchfile) -> None:
    (original, once, twice), _ = computed(track, registry, benchfile, ("hiss",), ("hiss", "hiss"))
    assert not np.allclose(twice - once, once - original)


def test_the_same_copy_is_the_same_in_whatever_recipe(track, registry, benchfile) -> None:
    (_, alone), _ = computed(track, registry, benchfile, ("hiss",))
    (_, _, beside), _ = computed(track, registry, benchfile, ("reverse",), ("hiss",))
    np.testing.assert_array_equal(alone, beside)


def test_a_key_changes_with_the_content_the_clip_and_the_steps_and_with_nothing_else(registry) -> None:
    def key(content: str = "c", clip: Clip = WHOLE, copies: int = 2, copy: int = 0, name: str = "t") -> str:
        recipe = [(registry.spec("augmentation", "hiss", {"copies": copies}),)]
        track = Track(name, Path(f"{name}.wav"), "a", content, 2.0)
        item = training_items([track], None, recipe, registry)[1 + copy]
        return feature_key(track, clip, item.waveform)

    assert key(name="other") == key()
    others = [
        key(content="d"),
        key(clip=Clip(0.0, 1.0)),
        key(clip=Clip(0.5, 1.0)),
        key(copies=3),
        key(copy=1),
    ]
    assert len({key(), *others}) == 1 + len(others)


def test_two_tracks_of_one_content_are_computed_once(track, registry, benchfile, tmp_path) -> None:
    twins = [track, Track("twin", track.path, "a", track.content, 2.0)]
    store = open_store(registry.spec("features", "raw"), registry, tmp_path)
    assert len(missing(store, requests(twins, held_out_items(twins, None)))) == 1


def test_results_are_stored_as_they_come(track, registry, benchfile, tmp_path) -> None:
    """Nothing is held back: when the third track is asked for, the first is on the disk."""
    tracks = [Track(f"t{n}", track.path, "a", f"content{n}", 2.0) for n in range(5)]
    features = registry.spec("features", "raw")
    store = open_store(features, registry, tmp_path)
    stored: list[int] = []

    def watching(function: Any, arguments: Any) -> Iterator[Any]:
        for each in arguments:
            stored.append(len(store.open_rows()))
            yield function(*each)

    told: list[tuple[int, int]] = []
    asked = requests(tracks, held_out_items(tracks, None))
    prepare(store, asked, features, benchfile, watching, lambda done, total: told.append((done, total)))
    assert stored == [0, 1, 2, 3, 4]
    assert told == [(n, 5) for n in range(1, 6)]


def test_features_of_another_shape_have_a_store_of_their_own(registry, tmp_path, monkeypatch) -> None:
    features = registry.spec("features", "raw")
    before = open_store(features, registry, tmp_path).folder
    monkeypatch.setattr(registry.offer("features", "raw").component, "shape", (1, 9, 1))
    assert open_store(features, registry, tmp_path).folder != before


def test_a_file_that_was_replaced_since_it_was_looked_at_gives_no_features(
    tmp_path: Path, registry: Registry
) -> None:
    for name, seed in (("a.wav", 1), ("b.wav", 2)):
        soundfile.write(tmp_path / name, np.random.default_rng(seed).uniform(-0.5, 0.5, RATE), RATE)
    before = probe_file(tmp_path / "a.wav")
    track = Track("a", tmp_path / "a.wav", "x", before.content, before.seconds)
    features = registry.spec("features", "raw", {})
    asked = requests([track], held_out_items([track], None))[0]
    assert compute(asked, features, tmp_path / "benchfile.py").failure is None
    (tmp_path / "b.wav").replace(tmp_path / "a.wav")
    made = compute(asked, features, tmp_path / "benchfile.py")
    assert made.arrays == ()
    assert made.failure is not None
    assert "a.wav: its audio is not what it was when it was looked at" in made.failure.reason


def test_several_who_prepare_the_same_tracks_share_them_and_compute_each_once(
    track, registry, benchfile, tmp_path
) -> None:
    features = registry.spec("features", "raw")
    tracks = [replace(track, id=f"track {number}", content=f"content {number}") for number in range(40)]
    asked = requests(tracks, held_out_items(tracks, None))
    seen: list[str] = []
    by: set[int] = set()

    def watching(function: Any, arguments: Any) -> Iterator[Any]:
        for each in arguments:
            seen.append(each[0].track.id)
            by.add(threading.get_ident())
            time.sleep(0.005)
            yield function(*each)

    def prepare_all() -> None:
        prepare(
            open_store(features, registry, tmp_path), asked, features, benchfile, watching, lambda *_: None
        )

    threads = [threading.Thread(target=prepare_all) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == sorted(each.id for each in tracks)
    assert len(by) > 1
    assert missing(open_store(features, registry, tmp_path), asked) == []
    assert not [*tmp_path.glob("features/.*.claims")]
