from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import pytest
import soundfile

from benchmark import Augmentation
from benchmark.data import prepare as module
from benchmark.data.assemble import assemble, cell_items
from benchmark.data.examples import StoredExamples, average_by_track
from benchmark.data.items import fresh_steps, held_out_items, training_items
from benchmark.data.prepare import Failure, missing, open_store, prepare, requests
from benchmark.exceptions import CacheError, PluginError
from benchmark.plugin.manager import Plugins
from benchmark.plugin.registry import Registry, Source
from benchmark.plugin.tracks import Corpus, Track
from benchmark.settings import ClipSettings, SplitSettings, TrainingSettings
from benchmark.suite.cell import CellSpec, Evaluation


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Plugins().registry


@pytest.fixture
def tracks(tmp_path: Path) -> list[Track]:
    """Six tones of one second, three of each class."""
    made = []
    for number in range(6):
        samples = 0.5 * np.sin(2 * np.pi * 220 * (number + 1) * np.arange(22050) / 22050)
        file = tmp_path / f"t{number}.wav"
        soundfile.write(file, samples, 22050)
        made.append(Track(f"t{number}", file, "ab"[number % 2], f"content{number}", 1.0))
    return made


def run(function: Any, arguments: Any) -> Iterator[Any]:
    return (function(*each) for each in arguments)


def prepared(tracks, items, registry, cache: Path):
    features = registry.spec("features", "mel", {"size": [16, 20], "n_mels": 16})
    store = open_store(features, registry, cache)
    failures = prepare(store, requests(tracks, items), features, None, run, lambda done, total: None)
    return store, failures


def recipe(registry: Registry, *uses: tuple[str, dict[str, Any]]):
    return [(registry.spec("augmentation", name, parameters),) for name, parameters in uses]


def examples(tracks, registry, cache, seed=0, uses=()):
    chains = recipe(registry, *uses)
    items = training_items(tracks, None, chains, registry)
    store, _ = prepared(tracks, items, registry, cache)
    labels = ["ab".index(track.label) for track in tracks]
    fresh, _ = fresh_steps(chains, registry)
    return StoredExamples(store, items, tracks, labels, registry, num_classes=2, seed=seed, fresh=fresh)


def test_items_are_gathered_in_the_order_asked_for(tracks, registry, tmp_path: Path) -> None:
    made = examples(tracks, registry, tmp_path)
    everything = made.gather(np.arange(6))
    assert everything.shape == (6, 16, 20, 1)
    assert everything.dtype == np.uint8
    np.testing.assert_array_equal(made.gather(np.array([4, 0, 4])), everything[[4, 0, 4]])
    assert made.labels.tolist() == [0, 1, 0, 1, 0, 1]
    assert len({image.tobytes() for image in everything}) == 6


def test_a_track_is_decoded_once_for_all_that_is_made_of_it(
    tracks, registry, tmp_path: Path, monkeypatch
) -> None:
    decoded: list[str] = []
    load = module.load_mono

    def counting(path: Path, rate: int, **more: Any) -> np.ndarray:
        decoded.append(path.name)
        return load(path, rate, **more)

    monkeypatch.setattr(module, "load_mono", counting)
    chains = recipe(registry, ("time-stretch", {}), ("pitch-shift", {}), ("time-mask", {}))
    items = training_items(tracks, None, chains, registry)
    prepared(tracks, items, registry, tmp_path)
    assert sorted(decoded) == [f"t{n}.wav" for n in range(6)]
    prepared(tracks, items, registry, tmp_path)
    assert len(decoded) == 6


def test_what_another_run_stored_while_this_one_waited_is_not_computed_again(
    tracks, registry, tmp_path: Path, monkeypatch
) -> None:
    features = registry.spec("features", "mel", {"size": [16, 20], "n_mels": 16})
    asked = requests(tracks, held_out_items(tracks, None))
    second = open_store(features, registry, tmp_path)
    writing, waits = second.writing, Event()
    monkeypatch.setattr(second, "writing", lambda: waits.set() or writing())
    told: dict[str, list[tuple[int, int]]] = {"first": [], "second": []}
    computed: list[str] = []

    def noted(function: Any, arguments: Any) -> Iterator[Any]:
        for given in arguments:
            computed.append(given[0].track.id)
            yield from run(function, [given])

    def second_run() -> None:
        prepare(second, asked, features, None, noted, lambda *counts: told["second"].append(counts))

    other = Thread(target=second_run)

    def slowly(function: Any, arguments: Any) -> Iterator[Any]:
        # Called again where the other one was at some of it when this one came to its end.
        if other.ident is None:
            other.start()
            assert waits.wait(30)
        yield from noted(function, arguments)

    first = open_store(features, registry, tmp_path)
    prepare(first, asked, features, None, slowly, lambda *counts: told["first"].append(counts))
    other.join()
    # Whoever comes first: each is computed once, and progress ends with all that was missing as its run began.
    # The second run may begin when some, or all, is stored.
    assert sorted(computed) == [track.id for track in tracks]
    assert told["first"][-1] == (6, 6)
    for counts in told.values():
        assert all(done == total for done, total in counts[-1:])
    assert len(first.open_rows()) == 6


def test_only_what_is_missing_is_asked_for(tracks, registry, tmp_path: Path) -> None:
    store, _ = prepared(tracks[:4], held_out_items(tracks[:4], None), registry, tmp_path)
    left = missing(store, requests(tracks, held_out_items(tracks, None)))
    assert [request.track.id for request in left] == ["t4", "t5"]


def test_a_track_that_cannot_be_read_is_named_and_the_others_are_stored(
    tracks, registry, tmp_path: Path
) -> None:
    tracks[2].path.write_bytes(b"no audio")
    store, failures = prepared(tracks, held_out_items(tracks, None), registry, tmp_path)
    assert [failure.track for failure in failures] == ["t2"]
    assert isinstance(failures[0], Failure)
    assert len(store.open_rows()) == 5
    with pytest.raises(CacheError, match="the first is t2"):
        StoredExamples(store, held_out_items(tracks, None), tracks, [0] * 6, registry, num_classes=2, seed=0)


def test_fixed_masks_stay_and_fresh_ones_change_with_the_epoch(tracks, registry, tmp_path: Path) -> None:
    everything = np.arange(6)
    fixed = examples(tracks, registry, tmp_path, uses=[("time-mask", {"width": 120})])
    assert len(fixed) == 12
    np.testing.assert_array_equal(fixed.gather(np.arange(12), 0), fixed.gather(np.arange(12), 5))
    fresh = examples(tracks, registry, tmp_path, uses=[("time-mask", {"width": 120, "fresh": True})])
    assert not np.array_equal(fresh.gather(everything, 0), fresh.gather(everything, 1))
    np.testing.assert_array_equal(fresh.gather(everything, 1), fresh.gather(everything, 1))


def test_two_models_of_a_seed_see_the_same_copies_and_another_seed_sees_others(
    tracks, registry, tmp_path
) -> None:
    uses = [("frequency-mask", {"width": 120, "masks": 2})]
    first, second = (
        examples(tracks, registry, tmp_path, seed=3, uses=uses).gather(np.arange(12)) for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(
        first, examples(tracks, registry, tmp_path, seed=4, uses=uses).gather(np.arange(12))
    )


def test_equal_masks_in_a_chain_cover_other_places(tracks, registry, tmp_path: Path) -> None:
    mask = registry.spec("augmentation", "time-mask")
    chains = [(mask,), (mask, mask)]
    items = training_items(tracks, None, chains, registry)
    store, _ = prepared(tracks, items, registry, tmp_path)
    made = StoredExamples(store, items, tracks, [0] * 6, registry, num_classes=2, seed=0)
    once, twice = made.gather(np.arange(6, 12)), made.gather(np.arange(12, 18))
    assert not np.array_equal(once, twice)
    assert (twice <= once).all()


def test_a_fixed_copy_and_its_original_draw_other_fresh_masks(tracks, registry, tmp_path: Path) -> None:
    uses = [("frequency-mask", {}), ("time-mask", {"width": 100, "fresh": True})]
    everything = examples(tracks, registry, tmp_path, uses=uses).gather(np.arange(12), 1)
    masked_columns = ~everything.any(axis=(1, 3))
    assert not np.array_equal(masked_columns[:6], masked_columns[6:])


def test_what_is_gathered_is_ones_own(tracks, registry, tmp_path: Path) -> None:
    made = examples(tracks, registry, tmp_path)
    first = made.gather(np.arange(6))
    assert type(first) is np.ndarray
    kept = first.copy()
    first[:] = 0
    np.testing.assert_array_equal(made.gather(np.arange(6)), kept)


def test_labels_and_tracks_which_others_see_too_cannot_be_written_into(tracks, registry, tmp_path) -> None:
    made = examples(tracks, registry, tmp_path)
    for shared in (made.labels, made.tracks):
        with pytest.raises(ValueError, match="read-only"):
            shared.sort()


class Crooked(Augmentation):
    """Gives floats in place of bytes."""

    name = "crooked"
    acts_on = "features"

    def apply(self, data, rng, **settings):
        return data / 255


def test_an_augmentation_that_gives_other_features_than_it_was_given_is_named(
    tracks, registry, tmp_path
) -> None:
    crooked = Registry(offers={kind: dict(offers) for kind, offers in registry.offers.items()})
    crooked.add(Crooked, Source("test", "test", "1"))
    made = examples(tracks, crooked, tmp_path, uses=[("crooked", {})])
    assert made.gather(np.arange(6)).any()
    with pytest.raises(PluginError, match=r"augmentation 'crooked' .* float64 .* instead of uint8"):
        made.gather(np.arange(12))


def test_probabilities_of_clips_are_averaged_by_track() -> None:
    indices, means = average_by_track(np.array([[1, 0], [0, 1], [0.5, 0.5]]), np.array([7, 7, 2]))
    assert indices.tolist() == [2, 7]
    np.testing.assert_allclose(means, [[0.5, 0.5], [0.5, 0.5]])


def spec(registry: Registry, augment: str, clips: ClipSettings | None = None) -> CellSpec:
    return CellSpec(
        dataset=registry.spec("dataset", "synthetic"),
        clips=clips,
        split=SplitSettings(fractions=[0.34, 0.33, 0.33], augment=augment),
        features=registry.spec("features", "mel", {"size": [16, 20], "n_mels": 16}),
        augmentation=tuple(recipe(registry, ("pitch-shift", {}), ("time-mask", {}))),
        model=registry.spec("model", "majority"),
        training=TrainingSettings(),
        evaluate=(Evaluation("own:test", None, "test"),),
        metrics=(),
        seed=0,
        fold=None,
    )


def test_copies_of_held_out_tracks_reach_training_only_when_the_suite_says_so(tracks, registry) -> None:
    corpus = Corpus(tuple(tracks), ("a", "b"))
    clean = cell_items(spec(registry, "after"), registry, lambda _: corpus)
    held_out = {track.id for part in (clean.validation, *clean.evaluations) for track in part.tracks}
    assert not held_out & {clean.train.tracks[item.track].id for item in clean.train.items}
    assert len(clean.train.items) == 2 * (1 + 2 + 1)

    leaky = cell_items(spec(registry, "before"), registry, lambda _: corpus)
    sources = [(leaky.train.tracks[item.track].id, item.is_copy) for item in leaky.train.items]
    assert {name for name, copy in sources if not copy} == {track.id for track in clean.train.tracks}
    assert {name for name, copy in sources if copy} == {track.id for track in tracks}
    assert len(sources) == 2 + 6 * 3
    assert not any(item.is_copy for part in (leaky.validation, *leaky.evaluations) for item in part.items)


def test_a_cell_is_assembled_with_counts_of_what_was_really_made(tracks, registry, tmp_path: Path) -> None:
    corpus = Corpus(tuple(tracks), ("a", "b"))
    asked = spec(registry, "after", ClipSettings(seconds=0.5))
    items = cell_items(asked, registry, lambda _: corpus)
    for part in (items.train, items.validation, *items.evaluations):
        prepared(part.tracks, part.items, registry, tmp_path)
    data = assemble(asked, registry, lambda _: corpus, tmp_path)
    assert data.counts == {
        "train_items": 2 * 2 * 4, "validation_items": 4, "test_items": 4,
        "train_tracks": 2, "validation_tracks": 2, "test_tracks": 2, "left_out": 0,
    }  # fmt: skip
    assert data.evaluations[0].examples.gather(np.arange(4)).shape == (4, 16, 20, 1)
