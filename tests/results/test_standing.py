"""What may be ranked with what, and which tracks are left out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmark.results.predictions import SetPredictions
from benchmark.results.standing import alike, gravest, repaired, standing

TRACKS = [f"t{number:02d}" for number in range(20)]


def predictions(classes: int = 2, tracks: list[str] = TRACKS) -> SetPredictions:
    labels = np.arange(len(tracks)) % classes
    return SetPredictions(
        np.array(tracks), np.array(tracks), labels, np.eye(classes, dtype=np.float32)[labels]
    )


def audited(leaking: list[str] | None = None, **facts: int) -> dict[str, Any]:
    found: dict[str, Any] = {"tracks": 20, "leaks": len(leaking or ()), "shared": 0, "ungrouped": 0} | facts
    return {"verdict": "?", "findings": [], "sets": {"test": found | {"leaking": leaking or []}}}


def test_nothing_found_is_honest_and_clean() -> None:
    found = standing(audited(), "test", predictions())
    assert (found.block, found.verdict, found.left_out) == ("honest", "clean", frozenset())


def test_a_leak_of_a_few_tracks_leaves_them_out_and_stays_honest() -> None:
    found = standing(audited(["t03", "t08"]), "test", predictions())
    assert (found.block, found.left_out, found.tracks) == ("honest", {"t03", "t08"}, 20)


def test_one_track_more_than_the_limit_is_leaky_and_the_limit_is_the_suites() -> None:
    three = audited(["t03", "t08", "t10"])
    assert standing(three, "test", predictions()).block == "leaky"
    assert standing(three, "test", predictions()).verdict == "leaky: 3 of 20 tracks"
    assert standing(three, "test", predictions(), leak_limit=0.15).block == "honest"


def test_a_leak_that_takes_a_whole_class_is_not_repaired() -> None:
    ten_classes = predictions(classes=10)
    assert standing(audited(["t03"]), "test", ten_classes).block == "honest"
    assert standing(audited(["t03", "t13"]), "test", ten_classes).block == "leaky"


def test_a_leak_whose_tracks_the_record_does_not_name_is_not_repaired() -> None:
    audit = audited()
    audit["sets"]["test"] |= {"leaks": 15}
    del audit["sets"]["test"]["leaking"]
    assert standing(audit, "test", predictions(), leak_limit=0.5).block == "leaky"


def test_shared_groups_are_a_block_of_their_own_unless_they_are_meant() -> None:
    audit = audited(shared=18)
    apart, meant = (standing(audit, "test", predictions(), groups_shared=each) for each in (False, True))
    assert (apart.block, apart.verdict) == ("shared groups", "shared groups: 90 % of held-out tracks")
    assert (meant.block, meant.verdict) == ("honest", "shared groups on purpose: 90 % of held-out tracks")


def test_unknown_groups_are_not_called_clean() -> None:
    assert standing(audited(ungrouped=20), "test", predictions()).verdict == "groups unknown"
    assert standing(audited(ungrouped=3), "test", predictions()).verdict == "groups unknown: 3 of 20 tracks"


@pytest.mark.parametrize(
    ("audit", "leaky", "block", "verdict"),
    [
        ({}, False, "honest", "unknown"),
        ({}, True, "leaky", "leaky"),
        ({"verdict": "leaky: 2 tracks", "findings": []}, True, "leaky", "leaky: 2 tracks"),
        ({"verdict": "clean", "findings": []}, False, "honest", "clean"),
        ({"verdict": "clean", "findings": [{"kind": "unknown groups"}]}, False, "honest", "groups unknown"),
        (
            {"verdict": "clean", "findings": [{"kind": "shared groups", "count": 4}]},
            False,
            "shared groups",
            "shared groups: 4 held-out tracks",
        ),
    ],
)
def test_records_from_before_sets_were_audited_are_read(
    audit: dict[str, Any], leaky: bool, block: str, verdict: str
) -> None:
    found = standing(audit, "test", predictions(), leaky=leaky)
    assert (found.block, found.verdict) == (block, verdict)


def test_the_gravest_of_several_sets_is_what_a_row_says() -> None:
    each = [
        standing(a, "test", predictions())
        for a in (audited(shared=1), audited(["t01"] * 9, leaks=9), audited())
    ]
    assert gravest(each).block == "leaky"
    assert gravest(each[::2]).block == "shared groups"


def test_cells_that_are_tested_on_the_same_tracks_leave_out_the_same_ones() -> None:
    stored = {
        "a": {"test": predictions()},
        "b": {"test": predictions()},
        "c": {"test": predictions(tracks=TRACKS[:10])},
    }
    own = {
        name: {"test": standing(audit, "test", stored[name]["test"])}
        for name, audit in {"a": audited(["t03"]), "b": audited(), "c": audited()}.items()
    }
    found = alike(stored, own, 0.1)
    assert [found[name]["test"].left_out for name in "abc"] == [{"t03"}, {"t03"}, set()]
    kept = repaired(stored, found)
    assert [len(kept[name]["test"].tracks) for name in "abc"] == [19, 19, 10]
    assert "t03" not in kept["b"]["test"].tracks
    assert kept["b"]["test"].probabilities.argmax(axis=1).tolist() == kept["b"]["test"].labels.tolist()


def test_what_cells_share_is_one_array_without_the_tracks_too() -> None:
    shared = predictions()
    other = SetPredictions(shared.tracks, shared.groups, shared.labels, shared.probabilities[::-1])
    stored = {"a": {"test": shared}, "b": {"test": other}}
    own = {name: {"test": standing(audited(["t03"]), "test", shared)} for name in stored}
    kept = repaired(stored, own)
    assert kept["a"]["test"].labels is kept["b"]["test"].labels
