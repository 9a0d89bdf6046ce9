"""Which rows of two result sets belong together, and which of their predictions can be paired. Pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmark.analysis.comparison import compare
from benchmark.analysis.predictions import RowPredictions
from benchmark.analysis.resampling import Weights, resample, resamples_for
from benchmark.plugin.metric import Metric
from benchmark.results.predictions import SetPredictions

Labels = Mapping[str, str]


@dataclass(frozen=True)
class Matched:
    """Pairs of rows, by number, and the rows that nothing in the other set belongs to."""

    pairs: tuple[tuple[int, int], ...]
    only_one: tuple[int, ...]
    only_other: tuple[int, ...]


def match_rows(one: Mapping[int, Labels], other: Mapping[int, Labels]) -> Matched:
    """Return the rows that have the same labels on all axes that both sets have; two single rows always match.

    A row matches nothing where several rows of a set agree on those axes: which one is meant is not known.
    """
    if len(one) == len(other) == 1:
        return Matched(((next(iter(one)), next(iter(other))),), (), ())
    axes = [axis for axis in _axes(one) if axis in _axes(other)]
    keys, others = _by_key(one, axes), _by_key(other, axes)
    pairs = tuple((row, others[key]) for key, row in keys.items() if axes and key in others)
    left, right = {row for row, _ in pairs}, {row for _, row in pairs}
    return Matched(
        pairs, tuple(row for row in one if row not in left), tuple(row for row in other if row not in right)
    )


def paired(one: RowPredictions, other: RowPredictions) -> tuple[RowPredictions, RowPredictions] | str:
    """Return both rows' predictions on the cells that both have, or why they cannot be compared track by track."""
    if one.classes != other.classes:
        return "they know different classes"
    common = np.intersect1d(one.cells, other.cells)
    if not len(common):
        return "they have no seed or fold in common"
    first, second = _of_cells(one, common), _of_cells(other, common)
    same = np.array_equal(first.cells, second.cells) and np.array_equal(first.tracks, second.tracks)
    if not same or not np.array_equal(first.labels, second.labels):
        return "they were evaluated on different tracks"
    return first, second


@threadpool_limits.wrap(limits=1, user_api="blas")
def compare_pair(
    one: RowPredictions, other: RowPredictions, metric: Metric, measure: str
) -> dict[Hashable, Any]:
    """Return the line of ``comparison.compare`` of two rows that ``paired`` gave: ``one`` less ``other``."""
    cells = by_cell(one), by_cell(other)
    weights = Weights(resamples_for(metric))
    rows = {number: resample(metric, found, weights) for number, found in enumerate(cells)}
    return compare(rows, measure, proportion=metric.proportion).to_dict("records")[0]


def by_cell(row: RowPredictions) -> dict[str, SetPredictions]:
    """Return the predictions of each cell of a row."""
    found = {}
    for cell in dict.fromkeys(row.cells.tolist()):
        kept = row.cells == cell
        found[cell] = SetPredictions(
            row.tracks[kept], row.groups[kept], row.labels[kept], row.probabilities[kept]
        )
    return found


def find_rows(text: str, rows: Mapping[int, Labels], labels: Mapping[int, str]) -> list[int]:
    """Return the rows that a text means: those called so, else those that have all its parts as labels.

    Parts stand between ``·`` or commas: ``cnn · none``.
    """
    called = [row for row, label in labels.items() if label.casefold() == text.strip().casefold()]
    if called:
        return called
    parts = {part.strip().casefold() for part in text.replace("·", ",").split(",") if part.strip()}
    return [
        row for row, of in rows.items() if parts and parts <= {str(each).casefold() for each in of.values()}
    ]


def _axes(rows: Mapping[int, Labels]) -> list[str]:
    return list(next(iter(rows.values()), {}))


def _by_key(rows: Mapping[int, Labels], axes: Sequence[str]) -> dict[tuple[str, ...], int]:
    keys = {row: tuple(str(labels[axis]) for axis in axes) for row, labels in rows.items()}
    counted = Counter(keys.values())
    return {key: row for row, key in keys.items() if counted[key] == 1}


def _of_cells(predictions: RowPredictions, cells: np.ndarray) -> RowPredictions:
    kept = np.isin(predictions.cells, cells)
    arrays = ("cells", "tracks", "groups", "labels", "probabilities")
    return replace(predictions, **{name: getattr(predictions, name)[kept] for name in arrays})
