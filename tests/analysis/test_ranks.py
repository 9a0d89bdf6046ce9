from __future__ import annotations

import pandas as pd

from benchmark.analysis.ranks import shared_ranks


def pairs(**p: float) -> pd.DataFrame:
    """Return comparisons from ``r0_1=0.2``: rows 0 and 1 have a corrected p of 0.2."""
    names = [name[1:].split("_") for name in p]
    return pd.DataFrame(
        {
            "row": [int(one) for one, _ in names],
            "other": [int(two) for _, two in names],
            "p_holm": list(p.values()),
        }
    )


def test_rows_that_cannot_be_told_apart_from_the_best_share_its_rank() -> None:
    ranks = shared_ranks([2, 0, 1], pairs(r0_2=0.3, r1_2=0.001, r0_1=0.2))
    assert ranks.to_dict() == {2: 1, 0: 1, 1: 3}


def test_the_first_row_that_is_worse_leads_the_next_group() -> None:
    ranks = shared_ranks([0, 1, 2, 3], pairs(r0_1=0.01, r0_2=0.01, r0_3=0.01, r1_2=0.5, r1_3=0.01, r2_3=0.5))
    assert ranks.to_dict() == {0: 1, 1: 2, 2: 2, 3: 4}


def test_a_row_alone_is_first() -> None:
    assert shared_ranks([5], pairs()).to_dict() == {5: 1}


def test_without_rows_there_are_no_ranks() -> None:
    assert shared_ranks([], pairs()).empty
