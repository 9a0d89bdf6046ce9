from __future__ import annotations

import numpy as np
from simulated import predictions

from benchmark.analysis.identical import alike, among
from benchmark.results.predictions import SetPredictions


def cells(*hits: np.ndarray) -> dict[str, SetPredictions]:
    return {str(seed): predictions(each) for seed, each in enumerate(hits)}


A, B = np.arange(20) < 5, np.arange(20) < 9


def test_rows_with_the_same_predictions_are_one_row() -> None:
    assert alike({3: cells(A, B), 1: cells(B, A), 4: cells(A, B)}) == {4: 3}


def test_rows_that_no_seed_changes_are_alike_however_many_seeds_they_have() -> None:
    assert alike({0: cells(A, A), 1: cells(A, A, A), 2: cells(A, B)}) == {1: 0}


def test_the_same_probabilities_on_other_tracks_are_not_the_same() -> None:
    other = np.array([f"other{n}" for n in range(20)])
    assert alike({0: cells(A), 1: {"0": predictions(A, tracks=other)}}) == {}


def test_of_some_rows_the_first_one_stands_for_those_like_it() -> None:
    assert among({4: 3, 5: 3}, [4, 5, 6]) == {5: 4}
    assert among({4: 3, 5: 3}, [3, 4, 5]) == {4: 3, 5: 3}
