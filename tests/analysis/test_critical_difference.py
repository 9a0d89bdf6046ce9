from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy

from benchmark.analysis.critical_difference import CriticalDifference, critical_difference

SETS = tuple(f"set{number}" for number in range(6))


def table(sets: tuple[str, ...] = SETS) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    columns = {f"{name}/top1 mean": np.add([0.5, 0.6, 0.7, 0.4], rng.normal(0, 0.05, 4)) for name in sets}
    return pd.DataFrame({"model": list("abcd"), **columns})


def test_average_ranks_and_friedmans_test_are_those_of_scipy() -> None:
    found = critical_difference(table(), ["model"], SETS, "top1", greater_is_better=True)
    assert isinstance(found, CriticalDifference)
    scores = table().drop(columns="model")
    expected = (-scores).rank().mean(axis=1)
    assert found.ranks.to_dict() == pytest.approx(dict(zip("abcd", expected, strict=True)))
    assert list(found.ranks) == sorted(found.ranks)
    assert found.p == pytest.approx(scipy.stats.friedmanchisquare(*scores.to_numpy()).pvalue)


def test_the_critical_difference_is_that_of_the_published_example() -> None:
    """Demšar (2006), section 3.2.2: 4 classifiers on 14 data sets, 5 %: q = 2.569, CD = 1.25."""
    sets = tuple(f"set{number}" for number in range(14))
    found = critical_difference(table(sets), ["model"], sets, "top1", greater_is_better=True)
    assert isinstance(found, CriticalDifference)
    assert found.difference == pytest.approx(1.25, abs=0.01)


def test_values_of_an_axis_called_dataset_are_data_sets() -> None:
    rows = pd.concat([table(SETS[:1]).assign(dataset=f"corpus{n}") for n in range(5)])
    found = critical_difference(rows, ["dataset", "model"], SETS[:1], "top1", greater_is_better=True)
    assert isinstance(found, CriticalDifference)
    assert len(found.datasets) == 5


def test_fewer_than_five_data_sets_are_refused_with_the_reason() -> None:
    found = critical_difference(table(SETS[:2]), ["model"], SETS[:2], "top1", greater_is_better=True)
    assert isinstance(found, str)
    assert "this suite has 2 with 4 methods" in found
    assert "fewer than 5 data sets" in found
