"""All that is stored of a suite, as the tables that analysis starts from."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from benchmark.record import CellRecord
from benchmark.results.folder import read_history
from benchmark.results.predictions import SetPredictions
from benchmark.results.standing import BLOCKS, Block, Standing

if TYPE_CHECKING:
    from benchmark.plugin.metric import Metric

ROW, CELL_NAME, STATUS = "row", "cell", "status"


def lines_of(frame: pd.DataFrame) -> list[dict[Hashable, Any]]:
    """Return the lines of a data frame as mappings of plain Python values.

    Pandas' own ``to_dict`` looks up each column by itself, which takes four times as long where lines are few.
    """
    names = frame.columns.tolist()
    lines = frame.to_numpy(object).tolist()
    return [dict(zip(names, map(_plain, line), strict=True)) for line in lines]


def _plain(value: Any) -> Any:
    if value is pd.NA:
        return None
    return value.item() if isinstance(value, np.generic) else value


@dataclass(frozen=True)
class Measure:
    """One column of results: a metric on an evaluation set; ``name`` is ``set/metric``."""

    set: str
    metric: str
    greater_is_better: bool
    percent: bool

    @property
    def name(self) -> str:
        """How suites and tables call it."""
        return f"{self.set}/{self.metric}"


def sorting_measure(measures: Sequence[Measure], name: str | None) -> Measure:
    """Return the measure that orders rows: the one that is named, or the first."""
    return next((measure for measure in measures if measure.name == name), measures[0])


@dataclass(frozen=True)
class Results:
    """All that is stored of a suite.

    ``cells`` has one line per cell of the suite: ``row`` (number of its row, in the suite's order),
    a column per axis with its labels, ``cell`` (seed and fold in words), ``id``, ``status`` (or
    ``missing``, ``damaged``, ``set apart``), ``error``, ``added`` (whether its seed is none of the suite's list; such
    cells are here once they have ended), ``marks``, the audit's ``verdict`` and the ``standing`` in
    which it may be ranked (the gravest of its evaluation sets; ``<set> standing`` on each), ``total`` and ``trainable``
    parameters,
    ``training_seconds``, ``total_seconds``, ``peak_memory_mb``, ``train_items``, the costs of
    ``CellRecord.cost``, and one column per measure (``<set>/<metric>``), NaN without a value. Tracks that leak are left
    out of all this: ``<set> left out`` of ``<set> tracks``, and ``<set/metric> whole`` is the value with them.
    ``metrics`` are the metrics by label, ``stored`` the predictions of finished cells by id and evaluation set,
    without what is left out, and ``standings`` what decides that. ``filed`` are the names that the sets of a cell are
    filed under, by id and by what the suite calls them.
    """

    cells: pd.DataFrame
    axes: tuple[str, ...]
    measures: tuple[Measure, ...]
    records: Mapping[str, CellRecord]
    folders: Mapping[str, Path]
    notes: tuple[str, ...]
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    stored: Mapping[str, Mapping[str, SetPredictions]] = field(default_factory=dict)
    standings: Mapping[str, Mapping[str, Standing]] = field(default_factory=dict)
    filed: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def sets(self) -> tuple[str, ...]:
        """The evaluation sets, in the suite's order."""
        return tuple(dict.fromkeys(measure.set for measure in self.measures))

    def by_cell(self, row: int, evaluation: str) -> dict[str, SetPredictions]:
        """Return what each finished cell of a row predicted on an evaluation set, by its name, sorted."""
        stored = {name: self.stored.get(id_, {}).get(evaluation) for name, id_ in sorted(self._finished(row))}
        return {name: predictions for name, predictions in stored.items() if predictions is not None}

    def standing(self, row: int, evaluation: str) -> Block | None:
        """Return what a row's finished cells may be ranked with on an evaluation set, the gravest; None without any."""
        standings = [self.standings.get(id_, {}).get(evaluation) for _, id_ in self._finished(row)]
        blocks = [standing.block for standing in standings if standing is not None]
        return max(blocks, key=BLOCKS.index, default=None)

    def classes(self, row: int) -> tuple[str, ...]:
        """Return the classes of a row, in the order of its probabilities; none without a finished cell."""
        finished = self._finished(row)
        return tuple(self.records[finished[0][1]].classes) if finished else ()

    def histories(self, row: int) -> dict[str, pd.DataFrame]:
        """Return the epochs of a row's finished cells, by the cell's name; those that have some."""
        histories = {}
        for name, id_ in self._finished(row):
            history = pd.DataFrame(read_history(self.folders[id_]))
            numeric = [column for column in history.columns if column != "stage"]
            if "epoch" in numeric:
                histories[name] = history.assign(
                    **{column: pd.to_numeric(history[column], errors="coerce") for column in numeric}
                )
        return histories

    def _finished(self, row: int) -> list[tuple[str, str]]:
        """Return the names and ids of the cells of a row that are ok."""
        return self._finished_cells.get(row, [])

    def cells_of(self, row: int) -> pd.DataFrame:
        """Return the lines of ``cells`` of a row."""
        return self._cells_by_row[row]

    @cached_property
    def _cells_by_row(self) -> dict[int, pd.DataFrame]:
        return {int(str(row)): cells for row, cells in self.cells.groupby(ROW, sort=False)}

    @cached_property
    def _finished_cells(self) -> dict[int, list[tuple[str, str]]]:
        finished: dict[int, list[tuple[str, str]]] = {}
        ok = self.cells[self.cells[STATUS] == "ok"]
        for row, name, id_ in zip(ok[ROW], ok[CELL_NAME], ok["id"], strict=True):
            finished.setdefault(int(row), []).append((str(name), str(id_)))
        return finished
