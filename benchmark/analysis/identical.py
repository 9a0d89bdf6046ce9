"""Rows whose predictions are the same: they are one row by two names. Pure functions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import numpy as np

from benchmark.analysis.measured import is_fixed
from benchmark.results.predictions import SetPredictions

Cells = Mapping[str, SetPredictions]


def alike(rows: Mapping[int, Cells]) -> dict[int, int]:
    """Return, for each row whose predictions are those of an earlier one, that one.

    Rows that no seed changes are alike if one cell of each is, however many seeds they have.
    """
    known: dict[tuple[str, int], list[tuple[int, list[SetPredictions]]]] = {}
    copies = {}
    for row, cells in rows.items():
        every = list(cells.values())
        distinct = every[:1] if is_fixed(every) else every
        same = known.setdefault((_digest(distinct[0]), len(distinct)), [])
        first = next((other for other, those in same if _equal(distinct, those)), None)
        if first is None:
            same.append((row, distinct))
        else:
            copies[row] = first
    return copies


def among(same: Mapping[int, int], rows: Iterable[int]) -> dict[int, int]:
    """Return what ``alike`` found, of some rows alone: each points to the first of these that is like it."""
    first: dict[int, int] = {}
    copies = {}
    for row in rows:
        origin = first.setdefault(same.get(row, row), row)
        if origin != row:
            copies[row] = origin
    return copies


def _equal(cells: list[SetPredictions], others: list[SetPredictions]) -> bool:
    return all(
        np.array_equal(a.tracks, b.tracks) and np.array_equal(a.probabilities, b.probabilities)
        for a, b in zip(cells, others, strict=True)
    )


def _digest(cell: SetPredictions) -> str:
    return hashlib.blake2b(cell.probabilities.tobytes()).hexdigest()
