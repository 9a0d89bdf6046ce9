from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from bench_metrics.classification import top_k_scores
from benchmark.analysis.per_class import class_accuracy
from benchmark.analysis.topk_per_class import class_topk, wilson
from benchmark.results.row_predictions import RowPredictions

CLASSES = ("blues", "jazz", "rock", "silence")


def predictions(cells: int = 2, tracks: int = 30) -> RowPredictions:
    random = np.random.default_rng(3)
    names = np.array([f"track {number}" for number in range(tracks)])
    labels = np.tile(np.arange(tracks) % 3, cells)
    return RowPredictions(
        cells=np.repeat([str(cell) for cell in range(cells)], tracks),
        tracks=np.tile(names, cells),
        groups=np.tile(names, cells),
        labels=labels,
        probabilities=random.dirichlet(np.ones(4), len(labels)).astype(np.float32),
        classes=CLASSES,
    )


def test_the_first_choice_counts_as_recognition_does() -> None:
    made = predictions()
    pd.testing.assert_series_equal(class_topk(made, 1)["share"], class_accuracy(made), check_names=False)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_shares_are_the_metric_of_one_class_at_a_time(k: int) -> None:
    made = predictions(cells=1)
    found = class_topk(made, k)
    for number, name in enumerate(CLASSES[:3]):
        own = made.labels == number
        expected = top_k_scores(made.labels[own], made.probabilities[own], k).mean()
        assert found.loc[name, "share"] == pytest.approx(expected)


def test_a_class_without_tracks_has_no_share_and_no_interval() -> None:
    assert class_topk(predictions(), 2).loc["silence"].isna().all()


def test_a_track_that_several_cells_judged_counts_once_in_the_interval() -> None:
    found = class_topk(predictions(cells=2), 1).loc["blues"]
    assert (found["low"], found["high"]) == pytest.approx(wilson(found["share"], 10))


@pytest.mark.parametrize(("hits", "count"), [(0, 7), (7, 7), (3, 7), (232, 290), (1, 1)])
def test_intervals_are_those_of_statsmodels(hits: int, count: int) -> None:
    expected = proportion_confint(hits, count, alpha=0.05, method="wilson")
    assert wilson(hits / count, count) == pytest.approx(expected, abs=1e-9)
