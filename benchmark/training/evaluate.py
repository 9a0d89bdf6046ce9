"""What a fitted model says of each held-out track, and the metrics of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from benchmark.plugin.border import calling, checked_probabilities
from benchmark.plugin.metric import metric_value

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from benchmark.data.assemble import CellData, EvaluationSet
    from benchmark.plugin.metric import Metric
    from benchmark.plugin.model import Model


def evaluate(
    model: Model, data: CellData, metrics: Mapping[str, Metric]
) -> tuple[pd.DataFrame, dict[str, dict[str, float]]]:
    """Return predictions (one row per evaluation set and track) and metrics (set, then metric's label).

    Sets are called by their keys, which say what they are.

    A track's probabilities are the mean over its clips, so that metrics count tracks. Tracks are sorted by their ids:
    what is computed here and what anybody computes from the stored predictions is the same number.

    Raises:
        PluginError: when the model's answers are not probabilities, finite, of the right shape.
    """
    import pandas as pd

    frames = []
    values: dict[str, dict[str, float]] = {}
    for part in {part.key: part for part in data.evaluations}.values():
        frame, labels, probabilities = predicted(model, part, data.classes)
        frames.append(frame)
        values[part.key] = {
            name: metric_value(metric, labels, probabilities) for name, metric in metrics.items()
        }
    return pd.concat(frames, ignore_index=True), values


def predicted(
    model: Model, part: EvaluationSet, classes: Sequence[str]
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Return predictions on one set, one row per track, with the labels as numbers and the probabilities of these.

    Raises:
        PluginError: when the model's answers are not probabilities, finite, of the right shape.
    """
    import numpy as np
    import pandas as pd

    from benchmark.data.examples import average_by_track

    shape = (len(part.examples), len(classes))
    with calling(model, "predict"):
        said = model.predict(part.examples)
    answers = checked_probabilities(model, said, shape)
    indices, probabilities = average_by_track(answers, part.examples.tracks)
    by_id = np.argsort(np.array([part.tracks[index].id for index in indices], str), kind="stable")
    indices, probabilities = indices[by_id], probabilities[by_id]
    tracks = [part.tracks[index] for index in indices]
    labels = np.array([classes.index(part.labels[index]) for index in indices])
    frame = pd.DataFrame(
        {
            "set": part.key,
            "track": [track.id for track in tracks],
            "group": [track.group for track in tracks],
            "label": [classes[label] for label in labels],
        }
    )
    columns = [f"p:{name}" for name in classes]
    return pd.concat([frame, pd.DataFrame(probabilities, columns=columns)], axis=1), labels, probabilities


def validation_predictions(model: Model, data: CellData, evaluated: pd.DataFrame) -> pd.DataFrame | None:
    """Return the predictions of the validation part, in the form of those on evaluation sets; None without one.

    Where it was one of the sets that were ``evaluated``, the model is not asked again.

    Raises:
        PluginError: when the model's answers are not probabilities, finite, of the right shape.
    """
    if data.watched is None:
        return None
    known = evaluated[evaluated["set"] == data.watched.key]
    if len(known):
        return known.reset_index(drop=True)
    return predicted(model, data.watched, data.classes)[0]
