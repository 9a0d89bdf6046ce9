"""Which rows are competitors: by what they are tested on, seed by seed."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmark.analysis.protocols import Contents, competitors
from benchmark.results.predictions import SetPredictions
from benchmark.results.standing import LEAKY

SPEC: dict[str, Any] = {
    "dataset": {"name": "gtzan", "revision": "r1"},
    "clips": None,
    "augmentation": [],
    "split": {"strategy": "stratified"},
    "evaluate": [{"dataset": None, "part": "test"}, {"dataset": {"name": "spotify"}, "part": "all"}],
}


def cell(*tracks: str, labels: tuple[int, ...] | None = None) -> SetPredictions:
    names = np.array(tracks)
    return SetPredictions(
        names, names, np.array(labels or (0,) * len(tracks)), np.zeros((len(tracks), 2), np.float32)
    )


def content(found: SetPredictions, evaluation: str = "gtzan:test", **changes: Any) -> str:
    return Contents().of(found, SPEC | changes, evaluation)


def rows(*each: dict[str, Any]) -> list[tuple[int, ...]]:
    return [block.rows for block in competitors(dict(enumerate(each)))]


def test_rows_that_are_tested_on_the_same_tracks_seed_by_seed_are_competitors() -> None:
    split = {"0": "tracks of seed 0", "1": "tracks of seed 1"}
    assert rows(split, dict(split), {"0": "tracks of seed 0", "1": "others"}) == [(0, 1), (2,)]


def test_the_same_tracks_under_other_seeds_are_another_test() -> None:
    assert rows({"0": "x", "1": "y"}, {"0": "y", "1": "x"}) == [(0,), (1,)]


def test_where_the_split_does_not_depend_on_the_seed_rows_need_not_have_the_same_seeds() -> None:
    assert rows({"0": "x"}, {"0": "x", "1": "x"}, {"7": "x"}) == [(0, 1, 2)]


def test_a_leak_stands_by_itself_though_it_is_tested_on_the_same_tracks() -> None:
    found = competitors({0: {"0": "x"}, 1: {"0": "x"}}, {1: LEAKY})
    assert [(block.rows, block.standing) for block in found] == [((0,), "honest"), ((1,), "leaky")]


def test_what_differs_in_training_only_is_no_other_test() -> None:
    plain = content(cell("a", "b"))
    assert content(cell("a", "b"), augmentation=[["stretch"]]) == plain
    assert content(cell("a", "b"), training={"epochs": 3}) == plain
    assert content(cell("a", "b"), split={"strategy": "grouped"}) == plain


def test_other_tracks_other_truth_and_other_preparation_are_another_test() -> None:
    plain = content(cell("a", "b"))
    assert content(cell("a", "c")) != plain
    assert content(cell("a", "b"), clips={"seconds": 3}) != plain
    assert content(cell("a", "b", labels=(0, 1))) != plain
    assert content(cell("a", "b"), audio={"name": "mp3"}) != plain
    assert content(cell("a", "b"), dataset={"name": "gtzan", "revision": "r2"}) != plain


def test_the_format_of_the_own_dataset_does_not_change_another_one() -> None:
    """The paper's Table 5: models trained on WAV and on MP3 are competitors on Spotify's clips."""
    plain = content(cell("a", "b"), "spotify")
    assert content(cell("a", "b"), "spotify", audio={"name": "mp3"}) == plain
    assert content(cell("a", "b"), "spotify", dataset={"name": "other"}) == plain
    assert content(cell("a", "b"), "spotify", clips={"seconds": 3}) != plain
