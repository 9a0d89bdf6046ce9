"""Which tracks rows get wrong, which flip, and which labels are in doubt, on answers that are made up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import fabricate
import numpy as np
import pytest

from benchmark.analysis.inspection.answers import answers, baseline_pairs
from benchmark.analysis.inspection.tracks import (
    RIGHT_BY_FEW,
    WRONG_BY_ALL,
    WRONG_BY_MOST,
    doubts,
    flips,
    hard_tracks,
)
from benchmark.results.collect import collect
from benchmark.results.frames import Results

SET = "tones:test"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("inspected")
    plan = fabricate.make_plan(folder)
    store = fabricate.make_results(plan, folder / "results")
    return collect(plan, store, fabricate.make_registry())


def saying(results: Results, said: dict[tuple[int, str, int], int]) -> Results:
    """Return results in which all rows are right but where ``said`` has another class: by row, cell and track."""
    ids = results.cells.set_index(["row", "cell"])["id"]
    stored = {}
    for (row, cell), id_ in ids.items():
        own = results.stored[id_][SET]
        named = own.labels.copy()
        for (of, by, track), answer in said.items():
            if (of, by) == (row, cell):
                named[track] = answer
        probabilities = (0.8 * np.eye(3)[named] + 0.2 / 3).astype(np.float32)
        stored[id_] = {SET: replace(own, probabilities=probabilities)}
    return replace(results, stored=stored)


def wrong(row: int, track: int, cells: str = "01") -> dict[tuple[int, str, int], int]:
    """Say the next class instead of the track's own, which is its number modulo three."""
    return {(row, cell, track): (track + 1) % 3 for cell in cells}


def test_tracks_are_listed_that_most_rows_get_wrong_the_hardest_first(results: Results) -> None:
    said: dict[Any, int] = {}
    for row in range(6):
        said |= wrong(row, 4)
        said |= wrong(row, 7) if row != 2 else {}
        said |= wrong(row, 9) if row < 4 else {}
        said |= wrong(row, 3) if row < 3 else {}
    found = answers(saying(results, said), SET)
    assert found is not None
    first, second, third = hard_tracks(found)
    assert (first.track, first.kinds, first.right_by, first.tested_by) == (4, (WRONG_BY_ALL,), (), 6)
    assert (first.instead, first.instead_by, first.share) == (2, 6, 0)
    assert (second.track, second.kinds, second.right_by) == (7, (WRONG_BY_MOST, RIGHT_BY_FEW), (2,))
    assert (third.track, third.kinds, third.right_by) == (9, (WRONG_BY_MOST,), (4, 5))
    assert second.share == pytest.approx(1 / 6)


def test_a_row_gets_a_track_right_that_more_than_half_of_its_cells_do(results: Results) -> None:
    found = answers(saying(results, wrong(0, 5, "1")), SET)
    assert found is not None
    assert found.right[0, 5] == 0.5
    assert not found.is_right[0, 5]
    assert found.is_right[1, 5]


def test_a_track_flips_where_the_axis_changes_its_answer_in_the_same_cell(results: Results) -> None:
    # Rows 1, 3 and 5 are stretched, 0, 2 and 4 their baselines.
    said = wrong(0, 6) | wrong(2, 6) | wrong(1, 8, "0")
    found = answers(saying(results, said), SET)
    assert found is not None
    labels = {
        int(line["row"]): {axis: str(line[axis]) for axis in results.axes}
        for line in results.cells.to_dict("records")
    }
    pairs = baseline_pairs(labels, found.rows, "augmentation", "none")
    assert pairs == {"stretched": [(0, 1), (2, 3), (4, 5)]}
    first, second = flips(found, pairs)
    assert (first.value, first.track, first.gained, first.lost, first.pairs) == ("stretched", 6, 4, 0, 6)
    assert (second.track, second.gained, second.lost) == (8, 0, 1)
    assert first.wavers == 0
    # Two cells of one of six rows disagree.
    assert second.wavers == pytest.approx(1 / 6)


def test_labels_are_in_doubt_that_all_rows_contradict(results: Results) -> None:
    said: dict[Any, int] = {}
    for row in range(6):
        said |= wrong(row, 4)
    said |= wrong(0, 7)
    found = answers(saying(results, said), SET)
    assert found is not None
    doubted, whole = doubts(found)
    (only,) = doubted
    assert (only.track, only.likely, only.rows, only.tested_by) == (4, 2, tuple(range(6)), 6)
    assert only.of_likely == pytest.approx(0.8 + 0.2 / 3)
    assert whole.flagged.sum() == 1


def test_rows_that_leak_are_not_asked(results: Results) -> None:
    id_ = str(results.cells.set_index(["row", "cell"])["id"][0, "0"])
    standings = dict(results.standings)
    standings[id_] = {SET: replace(standings[id_][SET], block="leaky")}
    found = answers(replace(results, standings=standings), SET)
    assert found is not None
    assert found.rows == (1, 2, 3, 4, 5)
    assert found.left_out == {"they leak": (0,)}


def test_cells_that_test_different_tracks_are_put_together(results: Results) -> None:
    stored = {}
    for id_, sets in results.stored.items():
        own = sets[SET]
        half = slice(0, 6) if results.records[id_].labels["seed"] == "0" else slice(6, 12)
        stored[id_] = {
            SET: replace(
                own,
                tracks=own.tracks[half],
                groups=own.groups[half],
                labels=own.labels[half],
                probabilities=own.probabilities[half],
            )
        }
    found = answers(replace(results, stored=stored), SET)
    assert found is not None
    assert len(found.tracks) == 12
    assert (found.cells == 1).all()
    whole = answers(results, SET)
    assert whole is not None
    ids = results.cells.set_index(["row", "cell"])["id"]
    assert found.probabilities[0, :6] == pytest.approx(results.stored[ids[0, "0"]][SET].probabilities[:6])


def test_a_set_without_answers_has_nothing(results: Results) -> None:
    assert answers(replace(results, stored={}), SET) is None


def test_probabilities_are_means_over_cells_and_over_rows(results: Results) -> None:
    found = answers(results, SET)
    assert found is not None
    first = (fabricate.make_answers(0)[1] + fabricate.make_answers(1)[1]) / 2
    assert found.probabilities[0] == pytest.approx(first, abs=1e-6)
    assert found.together.sum(axis=1) == pytest.approx(1)
