from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import recall_score

from benchmark.analysis.per_class import class_accuracy
from benchmark.results.row_predictions import RowPredictions


def make_predictions(cells: int, tracks: int, classes: int, seed: int = 0) -> RowPredictions:
    random = np.random.default_rng(seed)
    return RowPredictions(
        cells=np.repeat([str(cell) for cell in range(cells)], tracks),
        tracks=np.tile([f"track {track:03d}" for track in range(tracks)], cells),
        groups=np.tile([f"track {track:03d}" for track in range(tracks)], cells),
        labels=np.tile(np.arange(tracks) % classes, cells),
        probabilities=random.dirichlet(np.ones(classes), cells * tracks).astype(np.float32),
        classes=tuple("abcdefgh"[:classes]),
    )


def test_it_is_the_mean_over_cells_of_each_cells_recall() -> None:
    predictions = make_predictions(3, 40, 4)
    answers = predictions.probabilities.argmax(axis=1)
    recalls = [
        recall_score(predictions.labels[chosen], answers[chosen], average=None)
        for chosen in (predictions.cells == cell for cell in ("0", "1", "2"))
    ]
    found = class_accuracy(predictions)
    assert found.index.tolist() == ["a", "b", "c", "d"]
    assert found.to_numpy() == pytest.approx(np.mean(recalls, axis=0))


def test_a_class_without_tracks_has_no_value() -> None:
    predictions = make_predictions(1, 10, 2)
    more = RowPredictions(
        predictions.cells,
        predictions.tracks,
        predictions.groups,
        predictions.labels,
        np.hstack([predictions.probabilities, np.zeros((10, 1), np.float32)]),
        ("a", "b", "c"),
    )
    found = class_accuracy(more)
    assert np.isnan(found["c"])
    assert found[["a", "b"]].notna().all()
