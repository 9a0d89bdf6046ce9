"""Which rows of two result sets belong together, and which of their predictions can be paired. Pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmark.analysis.comparison import judge
from benchmark.analysis.contrast import family
from benchmark.analysis.identical import alike
from benchmark.analysis.measured import Units
from benchmark.analysis.measured import measure as measure_row
from benchmark.analysis.resampling import Weights, largest_difference, resamples_for
from benchmark.plugin.metric import Metric
from benchmark.results.frames import lines_of
from benchmark.results.predictions import SetPredictions

Labels = Mapping[str, str]


@dataclass(frozen=True)
class Evaluated:
    """What one row's cells predicted on an evaluation set, by the cell's name.

    ``contents`` say what each cell was tested on (``protocols.Contents``), and ``classes`` are in their order.
    """

    cells: Mapping[str, SetPredictions]
    contents: Mapping[str, str]
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Matched:
    """Pairs of rows, by number, and the rows that nothing in the other set belongs to."""

    pairs: tuple[tuple[int, int], ...]
    only_one: tuple[int, ...]
    only_other: tuple[int, ...]


def match_rows(first: Mapping[int, Labels], second: Mapping[int, Labels]) -> Matched:
    """Return the rows that have the same labels on all axes that both sets have; two single rows always match.

    A row matches nothing where several rows of a set agree on those axes: which one is meant is not known.
    """
    if len(first) == len(second) == 1:
        return Matched(((next(iter(first)), next(iter(second))),), (), ())
    axes = [axis for axis in _axes(first) if axis in _axes(second)]
    keys, others = _by_key(first, axes), _by_key(second, axes)
    pairs = tuple((row, others[key]) for key, row in keys.items() if axes and key in others)
    left, right = {row for row, _ in pairs}, {row for _, row in pairs}
    return Matched(
        pairs,
        tuple(row for row in first if row not in left),
        tuple(row for row in second if row not in right),
    )


@dataclass(frozen=True)
class Pair:
    """Two rows on the cells that both have, by name.

    ``refusal`` says why they are no competitors, or is empty; ``is_same`` that their answers are the same.
    """

    first: Mapping[str, SetPredictions]
    second: Mapping[str, SetPredictions]
    refusal: str = ""
    is_same: bool = False


def paired(row: Evaluated, other: Evaluated) -> Pair | str:
    """Return two rows' predictions on the cells that both have, or why they cannot be compared track by track.

    Where each row is tested on the same tracks in all its cells, the two need not have the same seeds.
    """
    if row.classes != other.classes:
        return "they know different classes"
    if _fixed_tracks(row.cells) and _fixed_tracks(other.cells):
        first, second = dict(row.cells), dict(other.cells)
        pairs = [(next(iter(first.values())), next(iter(second.values())))]
    else:
        common = [name for name in row.cells if name in other.cells]
        if not common:
            return "they have no seed or fold in common"
        first, second = ({name: side.cells[name] for name in common} for side in (row, other))
        pairs = [(first[name], second[name]) for name in common]
    for a, b in pairs:
        if not np.array_equal(a.tracks, b.tracks) or not np.array_equal(a.labels, b.labels):
            return "they were evaluated on different tracks"
    contents = [{side.contents[name] for name in cells} for side, cells in ((row, first), (other, second))]
    refusal = "" if contents[0] == contents[1] else "what they were tested on was not prepared alike"
    return Pair(first, second, refusal, bool(alike({0: first, 1: second})))


@threadpool_limits.wrap(limits=1, user_api="blas")
def compare_pairs(
    pairs: Mapping[int, Pair],
    metric: Metric,
    measure: str,
    *,
    greater_is_better: bool,
    smallest: float | None,
    price: float = 1.0,
) -> dict[int, dict[Hashable, Any]]:
    """Return, for each pair, the line of ``comparison.compare``: ``first`` less ``second``, corrected over all pairs.

    Seeds' variances are pooled over the distinct rows of all pairs, as they are over those of a table. By ``price``
    corrected p values are multiplied, where rows were looked at more than once.
    """
    weights, units = Weights(resamples_for(metric)), Units()
    cells = {
        2 * number + side: own
        for number, pair in pairs.items()
        for side, own in enumerate((pair.first, pair.second))
    }
    rows = {row: measure_row(metric, own, weights, units) for row, own in cells.items()}
    if not rows:
        return {}
    measured = family(rows, alike(cells))
    place = {row: at for at, row in enumerate(measured.rows)}
    first, second = (np.array([place[2 * number + side] for number in pairs]) for side in (0, 1))
    same = np.array([pair.is_same for pair in pairs.values()])
    table = judge(
        measured.differences(first, second),
        measure,
        greater_is_better=greater_is_better,
        bound=largest_difference(metric),
        smallest=smallest,
        same=same,
        price=price,
    )
    return dict(zip(pairs, lines_of(table), strict=True))


def _fixed_tracks(cells: Mapping[str, SetPredictions]) -> bool:
    """Return whether all cells have the same tracks."""
    every = list(cells.values())
    return all(np.array_equal(cell.tracks, every[0].tracks) for cell in every)


def find_rows(text: str, rows: Mapping[int, Labels], labels: Mapping[int, str]) -> list[int]:
    """Return the rows that a text means: those called so, else those that have all its parts as labels.

    Parts stand between ``·`` or commas: ``cnn · none``.
    """
    called = [row for row, label in labels.items() if label.casefold() == text.strip().casefold()]
    if called:
        return called
    parts = {part.strip().casefold() for part in text.replace("·", ",").split(",") if part.strip()}
    return [
        row for row, of in rows.items() if parts and parts <= {str(label).casefold() for label in of.values()}
    ]


def _axes(rows: Mapping[int, Labels]) -> list[str]:
    return list(next(iter(rows.values()), {}))


def _by_key(rows: Mapping[int, Labels], axes: Sequence[str]) -> dict[tuple[str, ...], int]:
    keys = {row: tuple(str(labels[axis]) for axis in axes) for row, labels in rows.items()}
    counted = Counter(keys.values())
    return {key: row for row, key in keys.items() if counted[key] == 1}
