"""Which rows belong together, and which predictions can be compared track by track."""

from __future__ import annotations

import numpy as np
import pytest
from simulated import Accuracy, predictions

from benchmark.analysis.comparison import compare
from benchmark.analysis.holm import holm
from benchmark.analysis.measured import measure
from benchmark.analysis.pairing import Evaluated, Pair, compare_pairs, find_rows, match_rows, paired
from benchmark.analysis.resampling import Weights
from benchmark.results.predictions import SetPredictions

ROWS = {
    0: {"model": "cnn", "augmentation": "none"},
    1: {"model": "cnn", "augmentation": "all four"},
    2: {"model": "crnn", "augmentation": "none"},
}
LABELS = {row: " · ".join(labels.values()) for row, labels in ROWS.items()}


def make(
    cells: dict[str, list[str]], classes: tuple[str, ...] = ("a", "b"), label: int = 0, **contents: str
) -> Evaluated:
    """Return a row whose cells have these tracks; all its tracks have one label."""
    found = {}
    for name, tracks in cells.items():
        names = np.array(tracks)
        random = np.random.default_rng(len(tracks)).dirichlet([1, 1], len(tracks)).astype(np.float32)
        found[name] = SetPredictions(names, names, np.full(len(tracks), label), random)
    return Evaluated(found, {name: contents.get("content", "alike") for name in cells}, classes)


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


def test_rows_are_paired_on_the_cells_that_both_have() -> None:
    found = paired(make({"0": ["x", "y"], "1": ["x"]}), make({"1": ["x"], "2": ["x", "z"]}))
    assert isinstance(found, Pair)
    assert list(found.first) == list(found.second) == ["1"]


def test_rows_whose_tracks_no_seed_changes_are_paired_whatever_their_seeds() -> None:
    found = paired(make({"0": ["x"], "1": ["x"]}), make({"7": ["x"]}))
    assert isinstance(found, Pair)
    assert (list(found.first), list(found.second)) == (["0", "1"], ["7"])


def test_predictions_on_other_tracks_or_of_other_truth_cannot_be_paired() -> None:
    one = make({"0": ["x", "y"]})
    other = "they were evaluated on different tracks"
    assert paired(one, make({"0": ["x", "z"]})) == other
    assert paired(one, make({"0": ["x"]})) == other
    assert paired(one, make({"0": ["x", "y"]}, label=1)) == other
    assert paired(one, make({"0": ["x", "y"]}, classes=("a", "c"))) == "they know different classes"
    split = make({"0": ["x"], "1": ["y"]})
    assert paired(split, make({"2": ["x"], "3": ["y"]})) == "they have no seed or fold in common"


def test_tracks_that_were_not_prepared_alike_are_no_ground_for_a_verdict() -> None:
    found = paired(make({"0": ["x"]}), make({"0": ["x"]}, content="as MP3"))
    assert isinstance(found, Pair)
    assert found.refusal == "what they were tested on was not prepared alike"


def test_pairs_are_corrected_for_their_number() -> None:
    rng = np.random.default_rng(0)

    def row(share: float) -> Evaluated:
        cells = {str(seed): predictions(rng.random(80) < share) for seed in range(3)}
        return Evaluated(cells, dict.fromkeys(cells, "alike"), ("a", "b"))

    pairs = {number: paired(row(0.5), row(share)) for number, share in enumerate((0.5, 0.9, 0.7))}
    known = {number: pair for number, pair in pairs.items() if isinstance(pair, Pair)}
    found = compare_pairs(known, Accuracy(), "m", greater_is_better=True, smallest=0.02)
    p = np.array([found[number]["p"] for number in range(3)])
    assert [found[number]["p_holm"] for number in range(3)] == pytest.approx(list(holm(p)))
    assert found[1]["verdict"] == "worse"


def test_a_row_in_several_pairs_counts_once() -> None:
    """What seeds change is pooled over rows, and a row that is compared often is still one."""
    rng = np.random.default_rng(1)

    def row(*shares: float) -> Evaluated:
        cells = {str(seed): predictions(rng.random(80) < share) for seed, share in enumerate(shares)}
        return Evaluated(cells, dict.fromkeys(cells, "alike"), ("a", "b"))

    loud, quiet, other = row(0.3, 0.9), row(0.6, 0.6), row(0.5, 0.5)
    pairs = {0: paired(quiet, other), 1: paired(loud, other), 2: paired(loud, quiet), 3: paired(loud, other)}
    known = {number: pair for number, pair in pairs.items() if isinstance(pair, Pair)}
    distinct = {
        number: measure(Accuracy(), own.cells, Weights(1)) for number, own in enumerate((quiet, other, loud))
    }
    expected = compare(distinct, "m", bound=1.0).iloc[0]
    found = compare_pairs(known, Accuracy(), "m", greater_is_better=True, smallest=0.02)[0]
    assert [found["low"], found["high"]] == pytest.approx([expected["low"], expected["high"]])
