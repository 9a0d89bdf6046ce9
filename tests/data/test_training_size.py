"""A share of the training part."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.data.split import Split, split_tracks
from benchmark.data.training_size import with_training_size
from benchmark.plugin.tracks import Corpus, Track
from benchmark.settings import SplitSettings

SIZES = (0.05, 0.1, 0.25, 0.5, 0.75)


def corpus(counts: dict[str, int], group: int = 1) -> Corpus:
    tracks = [
        Track(
            f"{name}{n}",
            Path(f"{name}{n}.wav"),
            name,
            f"{name}{n}",
            30.0,
            f"{name}-{n // group}" if group > 1 else None,
        )
        for name, count in counts.items()
        for n in range(count)
    ]
    return Corpus(tuple(tracks), tuple(counts))


def cell(size: float, seed: int = 0, strategy: Any = "stratified", **others: Any) -> Any:
    return SimpleNamespace(
        training_size=size, seed=seed, fold=None, split=SplitSettings(strategy=strategy, **others)
    )


def shrunk(data: Corpus, size: float, seed: int = 0, strategy: Any = "stratified") -> Split:
    split = split_tracks(data, SplitSettings(strategy=strategy), seed)
    return with_training_size(data, split, cell(size, seed, strategy))


def labels(data: Corpus, split: Split) -> Counter[str]:
    return Counter(data.tracks[index].label for index in split.train)


@settings(max_examples=25, deadline=None)
@given(
    counts=st.dictionaries(st.sampled_from("abcdefg"), st.integers(15, 60), min_size=2),
    group=st.integers(1, 4),
    seed=st.integers(0, 5),
)
def test_smaller_shares_are_parts_of_larger_ones(counts: dict[str, int], group: int, seed: int) -> None:
    data = corpus(counts, group)
    strategy = "grouped" if group > 1 else "stratified"
    whole = split_tracks(data, SplitSettings(strategy=strategy), seed)
    parts = [shrunk(data, size, seed, strategy) for size in SIZES]
    for smaller, larger in zip(parts, [*parts[1:], whole], strict=True):
        assert set(smaller.train) <= set(larger.train)
    for part in parts:
        assert (part.validation, part.test) == (whole.validation, whole.test)
        assert set(labels(data, part)) == set(counts)
        kept = {data.tracks[index].group for index in part.train}
        if group > 1:  # A group is taken whole.
            assert {i for i in whole.train if data.tracks[i].group in kept} == set(part.train)


def test_each_class_keeps_its_proportion() -> None:
    data = corpus({"rare": 50, "common": 200, "usual": 100})
    for size in (0.1, 0.25, 0.5):
        found = labels(data, shrunk(data, size))
        for name, count in (("rare", 30), ("common", 120), ("usual", 60)):
            assert found[name] == pytest.approx(size * count, abs=1)
        assert sum(found.values()) == pytest.approx(size * 210, abs=1)


def test_a_share_that_would_lose_a_class_keeps_one_track_of_each_and_says_so() -> None:
    data = corpus(dict.fromkeys("abcdefghij", 10))
    split = shrunk(data, 0.05)
    assert labels(data, split) == dict.fromkeys("abcdefghij", 1)
    (note,) = split.notes
    assert "5 % of 60 training tracks would leave a class without any" in note
    assert "10 tracks in all" in note
    assert not shrunk(data, 0.5).notes


def test_another_seed_takes_other_tracks() -> None:
    data = corpus({"a": 40, "b": 40})
    split = Split(tuple(range(80)), (), ())
    first, again, other = (with_training_size(data, split, cell(0.25, seed)).train for seed in (0, 0, 1))
    assert first == again != other
