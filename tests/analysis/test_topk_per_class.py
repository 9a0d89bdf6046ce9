from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bench_metrics.classification import top_k_scores
from benchmark.analysis.per_class import class_accuracy
from benchmark.analysis.topk_per_class import class_topk
from benchmark.results.predictions import SetPredictions

CLASSES = ("blues", "jazz", "rock", "silence")


def make_cells(cells: int = 2, tracks: int = 30) -> list[SetPredictions]:
    random = np.random.default_rng(3)
    names = np.array([f"track {number}" for number in range(tracks)])
    return [
        SetPredictions(
            tracks=names,
            groups=names,
            labels=np.arange(tracks) % 3,
            probabilities=random.dirichlet(np.ones(4), tracks).astype(np.float32),
        )
        for _ in range(cells)
    ]


def test_the_first_choice_counts_as_recognition_does() -> None:
    cells = make_cells()
    pd.testing.assert_series_equal(
        class_topk(cells, CLASSES, 1)["share"], class_accuracy(cells, CLASSES), check_names=False
    )


@pytest.mark.parametrize("k", [1, 2, 3])
def test_shares_are_the_metric_of_one_class_at_a_time(k: int) -> None:
    (cell,) = make_cells(cells=1)
    table = class_topk([cell], CLASSES, k)
    for number, name in enumerate(CLASSES[:3]):
        own = cell.labels == number
        expected = top_k_scores(cell.labels[own], cell.probabilities[own], k).mean()
        assert table.loc[name, "share"] == pytest.approx(expected)


def test_a_class_without_tracks_has_no_share_and_no_interval() -> None:
    assert class_topk(make_cells(), CLASSES, 2).loc["silence"].isna().all()


@pytest.mark.parametrize("cells", [1, 2, 5])
def test_intervals_are_those_of_statsmodels_with_each_track_counted_once(cells: int) -> None:
    blues = class_topk(make_cells(cells), CLASSES, 1).loc["blues"]
    from statsmodels.stats.proportion import proportion_confint

    expected = proportion_confint(blues["share"] * 10, 10, alpha=0.05, method="wilson")
    assert (blues["low"], blues["high"]) == pytest.approx(expected, abs=1e-9)
