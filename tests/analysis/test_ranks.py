from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmark.analysis.ranks import beaten, letters, rank_sets


def verdicts(**pairs: str) -> pd.DataFrame:
    """Return comparisons from ``r0_1="better"``: row 0 is better than row 1."""
    names = [name[1:].split("_") for name in pairs]
    return pd.DataFrame(
        {
            "row": [int(one) for one, _ in names],
            "other": [int(two) for _, two in names],
            "verdict": list(pairs.values()),
        }
    )


def random_order(count: int, seed: int) -> np.ndarray:
    """Return which of some rows on a line is better than which: those that are far enough apart."""
    places = np.random.default_rng(seed).random(count)
    return places[:, None] - places[None, :] > 0.25


def test_a_row_may_have_the_ranks_that_the_rows_it_is_told_apart_from_leave_open() -> None:
    better = beaten([0, 1, 2], verdicts(r0_1="undecided", r0_2="better", r1_2="undecided"))
    low, high = rank_sets(better)
    assert list(zip(low, high, strict=True)) == [(1, 2), (1, 3), (2, 3)]


def test_which_of_a_pair_is_named_first_does_not_matter() -> None:
    forth = beaten([0, 1], verdicts(r0_1="better"))
    back = beaten([0, 1], verdicts(r1_0="worse"))
    assert forth.tolist() == back.tolist() == [[False, True], [False, False]]


def test_equal_and_undecided_rows_share_their_ranks() -> None:
    low, high = rank_sets(beaten([4, 7], verdicts(r4_7="equal")))
    assert (low.tolist(), high.tolist()) == ([1, 1], [2, 2])


@pytest.mark.parametrize("seed", range(10))
def test_two_rows_share_a_letter_if_and_only_if_nobody_told_them_apart(seed: int) -> None:
    better = random_order(12, seed)
    found = letters(better)
    assert found is not None
    for one in range(12):
        for two in range(12):
            assert bool(set(found[one]) & set(found[two])) == (not better[one, two] and not better[two, one])


@pytest.mark.parametrize("seed", range(10))
def test_the_order_of_rows_changes_neither_ranks_nor_who_shares_letters(seed: int) -> None:
    better = random_order(10, seed)
    turned = np.random.default_rng(seed + 1).permutation(10)
    low, high = rank_sets(better)
    other_low, other_high = rank_sets(better[np.ix_(turned, turned)])
    assert low[turned].tolist() == other_low.tolist()
    assert high[turned].tolist() == other_high.tolist()
    best = np.argsort(better.sum(axis=0), kind="stable")
    found = letters(better, [int(place) for place in best])
    place_of = {int(row): place for place, row in enumerate(turned)}
    again = letters(better[np.ix_(turned, turned)], [place_of[int(row)] for row in best])
    assert found is not None
    assert again is not None
    assert [found[row] for row in turned] == again


def test_rows_that_are_all_told_apart_have_a_letter_each() -> None:
    better = np.triu(np.ones((4, 4), bool), 1)
    assert letters(better) == ["a", "b", "c", "d"]


def test_more_groups_than_there_are_letters_have_none() -> None:
    assert letters(np.triu(np.ones((60, 60), bool), 1)) is None


def test_without_rows_there_are_no_ranks() -> None:
    low, high = rank_sets(beaten([], verdicts()))
    assert (len(low), len(high)) == (0, 0)
    assert letters(np.zeros((0, 0), bool)) == []
