"""The share of each class's tracks that is recognised, of one row. A pure function."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from benchmark.analysis.measured import Measured, Units, of_scores
from benchmark.analysis.ties import chances
from benchmark.results.predictions import SetPredictions


def recalls(
    cells: Mapping[str, SetPredictions],
    units: Units,
    classes: int,
    parts: dict[tuple[int, int, int], np.ndarray],
) -> Iterable[tuple[int, Measured]]:
    """Yield, for each class that every cell has tracks of, the share of them that is recognised; ties by chance."""
    every = list(cells.values())
    hits = [chances(cell.labels, cell.probabilities) for cell in every]
    fixed = len(every) > 1 and all(
        np.array_equal(cell.tracks, every[0].tracks) and np.array_equal(hit, hits[0])
        for cell, hit in zip(every, hits, strict=True)
    )
    for number in range(classes):
        of_class = [cell.labels == number for cell in every]
        if not all(chosen.any() for chosen in of_class):
            continue
        groups = [
            parts.setdefault((id(cell.groups), id(cell.labels), number), cell.groups[chosen])
            for cell, chosen in zip(every, of_class, strict=True)
        ]
        scores = [hit[chosen] for hit, chosen in zip(hits, of_class, strict=True)]
        yield number, of_scores(tuple(cells), scores, groups, fixed=fixed, units=units)
