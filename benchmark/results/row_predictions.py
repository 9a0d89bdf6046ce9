"""Predictions of one row on one evaluation set, in the form that all analysis starts from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class RowPredictions:
    """What the cells of one row predicted on one evaluation set, one entry per cell and track.

    A cell's split depends on its seed, so two cells of a row need not have the same tracks. Entries are
    sorted by (cell, track), so that two rows evaluated alike have equal ``cells`` and ``tracks``.

    Attributes:
        cells: name of the cell, such as ``"0"`` (seed) or ``"0/3"`` (seed and fold); shape (m,), str.
        tracks: track id; shape (m,), str.
        groups: what is resampled together (artist, source recording), the track id where no group is known;
            shape (m,), str.
        labels: true class index; shape (m,), int.
        probabilities: shape (m, classes), float32.
        classes: class names in the order of the columns.
    """

    cells: np.ndarray
    tracks: np.ndarray
    groups: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray
    classes: tuple[str, ...]
