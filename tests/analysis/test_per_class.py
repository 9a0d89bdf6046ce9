from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import recall_score

from bench_metrics.classification import Top1
from benchmark.analysis.calibration import calibration
from benchmark.analysis.confusion import confusion
from benchmark.analysis.measured import Units
from benchmark.analysis.per_class import class_accuracy
from benchmark.analysis.recall import recalls
from benchmark.results.predictions import SetPredictions


def make_cells(cells: int, tracks: int, classes: int, seed: int = 0) -> list[SetPredictions]:
    random = np.random.default_rng(seed)
    names = np.array([f"track {track:03d}" for track in range(tracks)])
    return [
        SetPredictions(
            tracks=names,
            groups=names,
            labels=np.arange(tracks) % classes,
            probabilities=random.dirichlet(np.ones(classes), tracks).astype(np.float32),
        )
        for _ in range(cells)
    ]


def test_it_is_the_mean_over_cells_of_each_cells_recall() -> None:
    cells = make_cells(3, 40, 4)
    recalls = [recall_score(cell.labels, cell.probabilities.argmax(axis=1), average=None) for cell in cells]
    accuracies = class_accuracy(cells, "abcd")
    assert accuracies.index.tolist() == ["a", "b", "c", "d"]
    assert accuracies.to_numpy() == pytest.approx(np.mean(recalls, axis=0))


def test_cells_count_alike_however_many_tracks_they_have() -> None:
    few, many = make_cells(1, 10, 2)[0], make_cells(1, 60, 2, seed=1)[0]
    alone = [class_accuracy([cell], "ab") for cell in (few, many)]
    assert class_accuracy([few, many], "ab").to_numpy() == pytest.approx(np.mean(alone, axis=0))


def test_a_class_without_tracks_has_no_value() -> None:
    (cell,) = make_cells(1, 10, 2)
    more = replace(cell, probabilities=np.hstack([cell.probabilities, np.zeros((10, 1), np.float32)]))
    accuracies = class_accuracy([more], "abc")
    assert np.isnan(accuracies["c"])
    assert accuracies[["a", "b"]].notna().all()


def test_where_classes_tie_none_is_favoured_by_its_name() -> None:
    tracks = np.array([str(number) for number in range(8)])
    undecided = np.full((8, 4), 0.25, np.float32)
    cell = SetPredictions(tracks, tracks, np.arange(8) % 4, undecided)
    assert class_accuracy([cell], "abcd").tolist() == [0.25] * 4


def test_with_as_many_tracks_of_each_class_the_mean_is_the_accuracy_that_the_leaderboard_shows() -> None:
    votes = np.random.default_rng(2).multinomial(5, np.ones(4) / 4, 40).astype(np.float32) / 5
    tracks = np.array([str(number) for number in range(40)])
    cell = SetPredictions(tracks, tracks, np.arange(40) % 4, votes)
    shown = Top1().compute(cell.labels, cell.probabilities)
    assert class_accuracy([cell], "abcd").mean() == pytest.approx(shown)
    assert np.diag(confusion([cell], "abcd")).mean() == pytest.approx(shown)
    recognised = dict(recalls({"0": cell}, Units(), 4, {}))
    assert np.mean([recall.mean for recall in recognised.values()]) == pytest.approx(shown)
    right = sum(own.accuracy * own.count for own in calibration([cell]).bins)
    assert right / 40 == pytest.approx(shown)
