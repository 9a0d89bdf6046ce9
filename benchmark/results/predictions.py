"""A cell's stored predictions, checked, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.exceptions import ResultsError
from benchmark.results.store import PREDICTIONS, read_table


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


def load_predictions(folder: Path, classes: Sequence[str]) -> dict[str, SetPredictions]:
    """Return a cell's predictions by evaluation set; ``classes`` is the order of the probabilities.

    Raises:
        ResultsError: when the file is missing, damaged, or not what its record says.
    """
    import pyarrow as pa

    table = read_table(folder)
    try:
        return _by_set(table, list(classes))
    except (KeyError, ValueError, pa.ArrowException) as error:
        raise ResultsError(f"{folder / PREDICTIONS} is not what its record says: {error}") from error


def _by_set(table: Any, classes: list[str]) -> dict[str, SetPredictions]:
    import pyarrow as pa
    import pyarrow.compute as pc

    text = {name: table[name].cast(pa.string()) for name in ("set", "track", "group", "label")}
    labels = pc.index_in(text["label"], value_set=pa.array(classes, pa.string()))
    if labels.null_count:
        raise ValueError("it holds labels of other classes")
    columns = [table[f"p:{name}"].to_numpy() for name in classes]
    probabilities = np.column_stack(columns).astype(np.float32, copy=False)
    if not np.isfinite(probabilities).all():
        raise ValueError("it holds probabilities that are not finite")
    sets = text["set"].to_numpy()
    arrays = (
        np.array(text["track"].to_pylist(), str),
        np.array(pc.coalesce(text["group"], text["track"]).to_pylist(), str),
        labels.to_numpy().astype(np.int64),
        probabilities,
    )
    return {
        name: _sorted(*(array[sets == name] for array in arrays)) for name in text["set"].unique().to_pylist()
    }


def _sorted(
    tracks: np.ndarray, groups: np.ndarray, labels: np.ndarray, probabilities: np.ndarray
) -> SetPredictions:
    if not (tracks[1:] >= tracks[:-1]).all():
        order = np.argsort(tracks, kind="stable")
        tracks, groups, labels, probabilities = (
            tracks[order], groups[order], labels[order], probabilities[order],
        )  # fmt: skip
    return SetPredictions(tracks, groups, labels, probabilities)
