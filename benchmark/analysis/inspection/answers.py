"""What every row says of every track of an evaluation set. A pure function of stored predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.results.frames import ROW, Results
from benchmark.results.predictions import SetPredictions
from benchmark.results.standing import LEAKY


@dataclass(frozen=True)
class Answers:
    """What R rows say of T tracks, over all their cells that tested a track; NaN, or -1, where none did.

    Attributes:
        set: what the suite calls the evaluation set.
        classes: C names, in the order of probabilities.
        tracks: ids, sorted, shape (T,).
        labels: true classes, shape (T,).
        rows: numbers of the rows.
        cells: how many cells tested a track, shape (R, T).
        right: the share of these that named its class, shape (R, T).
        probabilities: their mean, shape (R, T, C).
        by_cell: which tracks a cell named right, by row and the cell's name: indices of tracks, and bools.
        left_out: rows that say nothing here, with the reason.
    """

    set: str
    classes: tuple[str, ...]
    tracks: np.ndarray
    labels: np.ndarray
    rows: tuple[int, ...]
    cells: np.ndarray
    right: np.ndarray
    probabilities: np.ndarray
    by_cell: Mapping[int, Mapping[str, tuple[np.ndarray, np.ndarray]]]
    left_out: Mapping[str, tuple[int, ...]]

    @property
    def said(self) -> np.ndarray:
        """The class that each row names, -1 where it tested nothing; shape (R, T)."""
        filled = np.nan_to_num(self.probabilities, nan=-1.0)
        named: np.ndarray = np.where(self.cells > 0, filled.argmax(axis=2), -1)
        return named

    @property
    def is_right(self) -> np.ndarray:
        """Whether a row gets a track right: in more than half of its cells; shape (R, T)."""
        right: np.ndarray = np.nan_to_num(self.right) > 0.5
        return right

    @property
    def together(self) -> np.ndarray:
        """Mean probabilities over the rows that tested a track, each row alike; shape (T, C)."""
        tested = (self.cells > 0).sum(axis=0)
        mean: np.ndarray = np.nansum(self.probabilities, axis=0) / np.maximum(tested, 1)[:, None]
        return mean


def answers(results: Results, evaluation: str) -> Answers | None:
    """Return the answers on an evaluation set, None where there are none.

    Rows that leak there are left out, and those of other classes, or with other labels, than the first row: what the
    others say is of tracks that they were not trained on.
    """
    left_out: dict[str, list[int]] = {}
    kept: dict[int, Mapping[str, SetPredictions]] = {}
    labels: dict[str, int] = {}
    classes: tuple[str, ...] = ()
    for row in map(int, dict.fromkeys(results.cells[ROW])):
        cells = results.by_cell(row, evaluation)
        if not cells:
            continue
        if results.standing(row, evaluation) == LEAKY:
            left_out.setdefault("they leak", []).append(row)
            continue
        classes = classes or results.classes(row)
        own = {
            track: label
            for cell in cells.values()
            for track, label in zip(cell.tracks.tolist(), cell.labels.tolist(), strict=True)
        }
        if results.classes(row) != classes:
            left_out.setdefault("they have other classes", []).append(row)
        elif any(labels.get(track, label) != label for track, label in own.items()):
            left_out.setdefault("their tracks have other labels", []).append(row)
        else:
            labels |= own
            kept[row] = cells
    if not kept:
        return None
    tracks = np.array(sorted(labels))
    true = np.array([labels[track] for track in tracks.tolist()])
    gathered = [_of_row(cells, tracks, true, len(classes)) for cells in kept.values()]
    counts, right, probabilities, by_cell = zip(*gathered, strict=True)
    return Answers(
        evaluation,
        classes,
        tracks,
        true,
        tuple(kept),
        np.stack(counts),
        np.stack(right),
        np.stack(probabilities),
        dict(zip(kept, by_cell, strict=True)),
        {why: tuple(rows) for why, rows in left_out.items()},
    )


_OfRow = tuple[np.ndarray, np.ndarray, np.ndarray, Mapping[str, tuple[np.ndarray, np.ndarray]]]


def _of_row(
    cells: Mapping[str, SetPredictions], tracks: np.ndarray, labels: np.ndarray, classes: int
) -> _OfRow:
    counts = np.zeros(len(tracks), np.int64)
    right = np.zeros(len(tracks))
    probabilities = np.zeros((len(tracks), classes))
    by_cell = {}
    for name, cell in cells.items():
        places = np.searchsorted(tracks, cell.tracks)
        correct = cell.probabilities.argmax(axis=1) == labels[places]
        by_cell[name] = (places, correct)
        counts[places] += 1
        right[places] += correct
        probabilities[places] += cell.probabilities
    with np.errstate(invalid="ignore"):
        return counts, right / counts, (probabilities / counts[:, None]).astype(np.float32), by_cell


def baseline_pairs(
    labels: Mapping[int, Mapping[str, str]], rows: Sequence[int], axis: str, baseline: str
) -> dict[str, list[tuple[int, int]]]:
    """Return pairs of rows that differ in one axis only, the baseline's first, by the other's value of the axis.

    Args:
        labels: of rows, by axis.
        rows: that count.
        axis: the axis.
        baseline: its value that others are held against.
    """
    by_rest = {tuple(labels[row].items()): row for row in rows}
    pairs: dict[str, list[tuple[int, int]]] = {}
    for row in rows:
        value = labels[row][axis]
        base = by_rest.get(tuple({**labels[row], axis: baseline}.items()))
        if value != baseline and base is not None:
            pairs.setdefault(value, []).append((base, row))
    return pairs
