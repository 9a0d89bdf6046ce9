"""Which rows belong together, and which predictions can be compared track by track."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmark.analysis.pairing import find_rows, match_rows, paired
from benchmark.analysis.predictions import RowPredictions

ROWS = {
    0: {"model": "cnn", "augmentation": "none"},
    1: {"model": "cnn", "augmentation": "all four"},
    2: {"model": "crnn", "augmentation": "none"},
}
LABELS = {row: " · ".join(labels.values()) for row, labels in ROWS.items()}


def predictions(cells: list[str], tracks: list[str], **changes: Any) -> RowPredictions:
    count = len(cells)
    arrays: dict[str, Any] = {
        "cells": np.array(cells),
        "tracks": np.array(tracks),
        "groups": np.array(tracks),
        "labels": np.zeros(count, int),
        "probabilities": np.full((count, 2), 0.5, np.float32),
        "classes": ("a", "b"),
    }
    return RowPredictions(**arrays | changes)


def test_rows_match_by_the_labels_of_axes_that_both_have() -> None:
    other = {7: {"model": "crnn", "size": "big"}, 8: {"model": "vgg", "size": "big"}}
    found = match_rows({0: {"model": "crnn"}, 1: {"model": "cnn"}}, other)
    assert found.pairs == ((0, 7),)
    assert found.only_one == (1,)
    assert found.only_other == (8,)


def test_rows_that_agree_on_those_axes_match_nothing_as_nobody_knows_which_is_meant() -> None:
    found = match_rows(ROWS, {5: {"model": "cnn"}, 6: {"model": "crnn"}})
    assert found.pairs == ((2, 6),)
    assert found.only_one == (0, 1)


def test_two_single_rows_match_whatever_they_are_called() -> None:
    assert match_rows({3: {"model": "cnn"}}, {4: {"net": "vgg"}}).pairs == ((3, 4),)


def test_sets_without_a_common_axis_match_nothing() -> None:
    assert match_rows({0: {"a": "x"}, 1: {"a": "y"}}, {0: {"b": "x"}, 1: {"b": "y"}}).pairs == ()


def test_a_row_is_found_by_its_name_or_by_some_of_its_labels() -> None:
    assert find_rows("cnn · all four", ROWS, LABELS) == [1]
    assert find_rows("CRNN", ROWS, LABELS) == [2]
    assert find_rows("all four, cnn", ROWS, LABELS) == [1]
    assert find_rows("cnn", ROWS, LABELS) == [0, 1]
    assert find_rows("vgg", ROWS, LABELS) == []
    assert find_rows(" ", ROWS, LABELS) == []


def test_predictions_on_the_same_tracks_are_paired_on_the_cells_that_both_have() -> None:
    one = predictions(["0", "0", "1"], ["x", "y", "x"])
    other = predictions(["1", "2"], ["x", "x"])
    found = paired(one, other)
    assert not isinstance(found, str)
    assert found[0].cells.tolist() == found[1].cells.tolist() == ["1"]


def test_predictions_on_other_tracks_or_of_other_truth_cannot_be_paired() -> None:
    one = predictions(["0", "0"], ["x", "y"])
    assert paired(one, predictions(["0", "0"], ["x", "z"])) == "they were evaluated on different tracks"
    assert paired(one, predictions(["0"], ["x"])) == "they were evaluated on different tracks"
    assert paired(one, predictions(["0", "0"], ["x", "y"], labels=np.array([0, 1]))) == (
        "they were evaluated on different tracks"
    )
    assert paired(one, predictions(["1", "1"], ["x", "y"])) == "they have no seed or fold in common"
    assert (
        paired(one, predictions(["0", "0"], ["x", "y"], classes=("a", "c"))) == "they know different classes"
    )
