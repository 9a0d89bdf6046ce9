"""A cell's stored predictions, checked, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.exceptions import ResultsError
from benchmark.results.folder import PREDICTIONS
from benchmark.results.parquet import read_table

# What a softmax in bfloat16 may be off by, and more than any rounding of float32.
TOLERANCE = 0.01


@dataclass(frozen=True)
class SetPredictions:
    """What one cell predicted on one evaluation set, sorted by track.

    ``tracks`` and ``groups`` (the track where no group is known) are str, shape (n,); ``labels`` are indices
    of the true classes, shape (n,); ``probabilities`` are float32, shape (n, classes).
    """

    tracks: np.ndarray
    groups: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray


class PredictionReader:
    """Reads cells' predictions. What cells have in common (tracks, groups, labels) is one array for all of them."""

    def __init__(self) -> None:
        self._known: dict[int, list[tuple[Any, list[str], list[tuple[str, np.ndarray, SetPredictions]]]]] = {}

    def read(
        self, folder: Path, classes: Sequence[str], file: str = PREDICTIONS
    ) -> dict[str, SetPredictions]:
        """Return a cell's predictions by evaluation set; ``classes`` is the order of the probabilities.

        ``file`` is ``PREDICTIONS``, or ``VALIDATION`` for those of the validation part, the only set there.

        Raises:
            ResultsError: when the file is missing, damaged, or not what its record says.
        """
        import pyarrow as pa

        table = read_table(folder, file)
        try:
            probabilities = _probabilities(table, classes)
            return {
                name: SetPredictions(part.tracks, part.groups, part.labels, probabilities[chosen])
                for name, chosen, part in self._parts(table, list(classes))
            }
        except (KeyError, ValueError, pa.ArrowException) as error:
            raise ResultsError(f"{folder / file} is not what its record says: {error}") from error

    def _parts(self, table: Any, classes: list[str]) -> list[tuple[str, np.ndarray, SetPredictions]]:
        """Return, per set, which lines of the table are its own, sorted by track, and what they say but the answer."""
        facts = table.select(["set", "track", "group", "label"])
        alike = self._known.setdefault(facts.num_rows, [])
        for known, of_classes, parts in alike:
            if of_classes == classes and facts.equals(known):
                return parts
        parts = _divide(facts, classes)
        alike.append((facts, classes, parts))
        return parts


def load_predictions(folder: Path, classes: Sequence[str]) -> dict[str, SetPredictions]:
    """Return one cell's predictions; see ``PredictionReader.read``."""
    return PredictionReader().read(folder, classes)


def _probabilities(table: Any, classes: Sequence[str]) -> np.ndarray:
    columns = [table[f"p:{name}"].to_numpy() for name in classes]
    probabilities = np.column_stack(columns).astype(np.float32, copy=False)
    problem = probability_problem(probabilities)
    if problem:
        raise ValueError(f"it holds {problem}")
    return probabilities


def probability_problem(values: np.ndarray) -> str:
    """Return why ``values``, shape (n, classes), are no probabilities of classes, or an empty text.

    They are finite, from 0 to 1, and add up to 1, each within ``TOLERANCE``.
    """
    if not np.isfinite(values).all():
        return "values that are not finite"
    if values.size and (values.min() < -TOLERANCE or values.max() > 1 + TOLERANCE):
        return f"probabilities from {values.min():.3g} to {values.max():.3g}, outside of 0 to 1"
    off = np.abs(values.sum(axis=1, dtype=np.float64) - 1)
    if (off > TOLERANCE).any():
        return f"probabilities that do not add up to 1, but to {values[off.argmax()].sum():.3g}"
    return ""


def _divide(facts: Any, classes: list[str]) -> list[tuple[str, np.ndarray, SetPredictions]]:
    import pyarrow as pa
    import pyarrow.compute as pc

    text = {name: facts[name].cast(pa.string()) for name in ("set", "track", "group", "label")}
    labels = pc.index_in(text["label"], value_set=pa.array(classes, pa.string()))
    if labels.null_count:
        raise ValueError("it holds labels of other classes")
    sets = text["set"].to_numpy()
    tracks = np.array(text["track"].to_pylist(), str)
    groups = np.array(pc.coalesce(text["group"], text["track"]).to_pylist(), str)
    numbers = labels.to_numpy().astype(np.int64)
    parts = []
    for name in text["set"].unique().to_pylist():
        own = np.flatnonzero(sets == name)
        own = own[np.argsort(tracks[own], kind="stable")]
        twice = np.flatnonzero(tracks[own][1:] == tracks[own][:-1])
        if len(twice):
            raise ValueError(f"track '{tracks[own][twice[0]]}' is there twice in {name}")
        nothing = np.empty((len(own), 0), np.float32)
        parts.append((name, own, SetPredictions(tracks[own], groups[own], numbers[own], nothing)))
    return parts
