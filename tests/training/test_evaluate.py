"""What is filed of a model: its predictions, and metrics that are exactly those of the predictions."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bench_metrics import bench_metrics
from benchmark import Model, Track
from benchmark.plugin.metric import metric_value
from benchmark.results.predictions import load_predictions
from benchmark.training.evaluate import evaluate

CLASSES = ("blues", "jazz", "rock")


class Guess(Model):
    """Answers in double precision, as scikit-learn does, with ties between tracks."""

    name = "guess"

    def predict(self, examples: Any) -> np.ndarray:
        answers = np.random.default_rng(1).dirichlet(np.ones(len(CLASSES)), len(examples))
        answers[::4] = [0.5, 0.25, 0.25]
        return answers


class Clips(SimpleNamespace):
    def __len__(self) -> int:
        return len(self.tracks)


def make_data(tracks: int = 101) -> Any:
    """Return an evaluation set of two clips a track, whose tracks come in no order."""
    numbers = np.random.default_rng(0).permutation(tracks)
    own = [Track(f"{n % 7}/{n}", Path(f"{n}.wav"), CLASSES[n % 3], "content", 1.0) for n in numbers]
    clips = Clips(tracks=np.repeat(np.arange(tracks), 2))
    labels = [track.label for track in own]
    part = SimpleNamespace(key="test", tracks=own, labels=labels, examples=clips)
    return SimpleNamespace(classes=CLASSES, evaluations=[part])


@pytest.mark.parametrize("metric", bench_metrics(), ids=lambda metric: metric.name)
def test_a_metric_is_to_the_last_digit_what_the_stored_predictions_give(metric: Any, tmp_path: Path) -> None:
    made = metric(k=2) if metric.name == "top-k" else metric()
    predictions, values = evaluate(Guess(), make_data(), {"it": made})
    predictions.to_parquet(tmp_path / "predictions.parquet", index=False)
    tested = load_predictions(tmp_path, CLASSES)["test"]
    assert values == {"test": {"it": metric_value(made, tested.labels, tested.probabilities)}}


def test_predictions_are_sorted_by_track() -> None:
    predictions, _ = evaluate(Guess(), make_data(), {})
    assert predictions["track"].tolist() == sorted(predictions["track"])
