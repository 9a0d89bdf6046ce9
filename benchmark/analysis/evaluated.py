"""One evaluation set of a table: its rows, which of them are the same, and which compete. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from benchmark.analysis.identical import alike
from benchmark.analysis.protocols import Block, Contents, competitors
from benchmark.results.frames import ROW, Results
from benchmark.results.predictions import SetPredictions
from benchmark.results.standing import BLOCKS, HONEST, LEAKY

Rows = Mapping[int, Mapping[str, SetPredictions]]


@dataclass(frozen=True)
class EvaluatedSet:
    """One evaluation set: the rows that were evaluated on it, which of them are one row, and which compete.

    ``standing`` is what an audit allows of each row on this set; another set may have another.
    """

    name: str
    rows: Rows
    same: Mapping[int, int]
    blocks: tuple[Block, ...]
    standing: Mapping[int, str]

    @property
    def block_of(self) -> dict[int, int]:
        """The place of each row's block in ``blocks``."""
        return {row: number for number, block in enumerate(self.blocks) for row in block.rows}

    @property
    def leaky(self) -> list[int]:
        """The rows whose results leak."""
        return [row for row, standing in self.standing.items() if standing == LEAKY]

    @property
    def clean(self) -> set[int]:
        """Rows of the most honest standing that there is; leaky ones never."""
        best = min(self.standing.values(), key=_gravity, default=HONEST)
        return {row for row, standing in self.standing.items() if standing == best != LEAKY}


def evaluated_set(results: Results, evaluation: str, lines: pd.DataFrame, contents: Contents) -> EvaluatedSet:
    """Return an evaluation set with its rows, in the order of the suite."""
    rows = {int(row): results.by_cell(int(row), evaluation) for row in sorted(lines[ROW])}
    rows = {row: cells for row, cells in rows.items() if cells}
    said = dict(zip(map(int, lines[ROW]), map(str, lines["standing"]), strict=True))
    # Tables that were made without an audit's word on each set have one for the row.
    standing = {row: str(results.standing(row, evaluation) or said[row]) for row in rows}
    tested = {
        row: contents_of(results, row, own_cells(results, row, cells), evaluation, contents)
        for row, cells in rows.items()
    }
    blocks = competitors(tested, standing)
    blocks.sort(key=lambda block: block.standing != HONEST)
    return EvaluatedSet(evaluation, rows, alike(rows), tuple(blocks), standing)


def _gravity(standing: str) -> int:
    return [str(block) for block in BLOCKS].index(standing)


def own_cells(
    results: Results, row: int, cells: Mapping[str, SetPredictions]
) -> Mapping[str, SetPredictions]:
    """Return the cells of a row whose seeds were not added to the suite's own.

    Who competes with whom is decided by these: that a row was given more seeds than another makes them no strangers.
    """
    every = results.cells_of(row)
    added = set(every.loc[every["added"], "cell"]) if "added" in every else set()
    own = {name: cell for name, cell in cells.items() if name not in added}
    return own or cells


def contents_of(
    results: Results, row: int, cells: Mapping[str, SetPredictions], evaluation: str, contents: Contents
) -> dict[str, str]:
    """Return what each cell of a row was tested on, by the cell's name."""
    own = results.cells_of(row)
    ids = {str(name): str(id_) for name, id_ in zip(own["cell"], own["id"], strict=True)}
    return {
        name: contents.of(
            cell,
            results.records[ids[name]].spec,
            results.filed.get(ids[name], {}).get(evaluation, evaluation),
        )
        for name, cell in cells.items()
    }
