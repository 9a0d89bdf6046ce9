from __future__ import annotations

import numpy as np
import pytest
from simulated import Accuracy, predictions

from benchmark.analysis.measured import Measured, measure
from benchmark.analysis.resampling import Weights
from benchmark.analysis.seeds import LEAST_LEFT, seed_variances


def row(*values: float, added: float = 0.0, fixed: bool = False) -> Measured:
    cells = tuple(str(number) for number in range(len(values)))
    return Measured(
        cells, np.array(values), np.zeros(5), None, added, 50, 49.0, 50.0, grouped=False, fixed=fixed
    )


def test_a_rows_variance_is_drawn_towards_that_of_all() -> None:
    rows = [row(0.5, 0.7), row(0.6, 0.6), *(row(0.5, 0.6) for _ in range(4))]
    between = [0.02, 0.0, *[0.005] * 4]
    found = seed_variances(rows)
    expected = [(4 * np.mean(between) + each) / 5 for each in between]
    assert found.values == pytest.approx(expected)
    assert found.freedom.tolist() == [5.0] * 6


def test_two_seeds_that_agree_by_chance_do_not_say_that_seeds_change_nothing() -> None:
    assert seed_variances([row(0.6, 0.6), row(0.5, 0.7)]).values[0] > 0


def test_what_tracks_add_is_taken_off_but_not_where_little_is_known() -> None:
    many = [row(0.5, 0.7, added=0.001) for _ in range(6)]
    assert seed_variances(many).values[0] == pytest.approx(0.019)
    assert seed_variances(many[:2]).values[0] == pytest.approx(0.02)


def test_two_seeds_that_vary_no_more_than_tracks_explain_keep_a_part_and_three_do_not() -> None:
    explained = 0.02
    two = [row(0.5, 0.6, added=explained) for _ in range(6)]
    three = [row(0.5, 0.6, 0.55, added=explained) for _ in range(6)]
    assert seed_variances(two).values == pytest.approx([LEAST_LEFT * 0.005] * 6)
    assert seed_variances(three).values == pytest.approx([0.0] * 6)


def test_rows_that_no_seed_changes_have_no_variance_and_lend_none() -> None:
    rows = [row(0.4, 0.4, fixed=True), *(row(0.5, 0.7) for _ in range(5))]
    found = seed_variances(rows).values
    assert found[0] == 0
    assert found[1:] == pytest.approx([0.02] * 5)


def test_a_row_of_one_seed_has_none_that_is_known() -> None:
    found = seed_variances([row(0.4), row(0.5, 0.7), row(0.5, 0.7, 0.6)])
    assert found.values[0] == 0
    assert (found.values[1:] > 0).all()


def test_more_seeds_rely_less_on_other_rows() -> None:
    loud = [row(0.3, 0.7, 0.3, 0.7, 0.3, 0.7), *(row(0.5, 0.52) for _ in range(5))]
    quiet = [row(0.3, 0.7), *(row(0.5, 0.52) for _ in range(5))]
    assert (
        seed_variances(loud).values[0] / loud[0].between > seed_variances(quiet).values[0] / quiet[0].between
    )


def test_real_rows_of_equal_seeds_have_hardly_any() -> None:
    rng = np.random.default_rng(0)
    rows = [
        measure(Accuracy(), {str(seed): predictions(rng.random(400) < 0.6) for seed in range(3)}, Weights(10))
        for _ in range(8)
    ]
    assert seed_variances(rows).values.mean() < 0.6 * np.mean([each.between for each in rows])
