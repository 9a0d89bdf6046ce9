"""Ensembles as tables: beside the leaderboard, and not in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from benchmark.analysis.ensembles.ensemble import Ensemble, Ensembles, Value, ensembles, is_watched
from benchmark.report.leaderboard import sorting
from benchmark.report.table import Column, Kind, Table, plain
from benchmark.results.frames import ROW, Measure, Results, lines_of
from benchmark.results.validation import read_validation

if TYPE_CHECKING:
    from benchmark.results.plan import Plan

TITLE = "Ensembles"
MARK = "ensemble"
_APART = (
    "Not ranked, and no part of the leaderboard's comparisons: an ensemble is made of its rows, and is compared with "
    "one row only, which was chosen by validation too."
)
_MOST_NAMED = 5


@dataclass(frozen=True)
class EnsembleTables:
    """Ensembles of rows, what they are made of cell by cell, and ensembles of the seeds of a row."""

    rows: Table
    members: Table | None
    seeds: Table | None


def ensemble_tables(
    results: Results, plan: Plan, lines: pd.DataFrame, labels: Mapping[int, str]
) -> EnsembleTables | None:
    """Return the tables of the ensembles that a suite asks for; None where it asks for none."""
    settings = plan.suite.leaderboard.ensembles
    if settings is None:
        return None
    sort = sorting(results, plan)
    validation = read_validation(results.records, results.folders)
    made = ensembles(results, lines, settings, validation, sort)
    marks = {int(line[ROW]): tuple(line["marks"]) for line in lines_of(lines)}
    drawn = _Drawn(results, labels, marks, sort)
    absent = [*_absent(made.absent, labels, "of rows"), *made.notes]
    return EnsembleTables(
        drawn.of_rows(made, settings.size, absent),
        drawn.members(made) if made.of_rows else None,
        drawn.of_seeds(made, _absent(made.seeds_absent, labels, "of seeds")) if settings.seeds else None,
    )


class _Drawn:
    """Draws ensembles; ``labels`` and ``marks`` are those of rows."""

    def __init__(
        self,
        results: Results,
        labels: Mapping[int, str],
        marks: Mapping[int, tuple[str, ...]],
        sort: Measure,
    ) -> None:
        self._measures = {measure.name: measure for measure in results.measures}
        self._several = len(results.sets) > 1
        self._watched = [
            name for name in results.sets if any(is_watched(results, id_, name) for id_ in results.filed)
        ]
        self._labels, self._marks, self._sort = labels, marks, sort

    def of_rows(self, made: Ensembles, size: int, absent: Sequence[str]) -> Table:
        """Return a line per ensemble of rows."""
        lines = [
            {
                "ensemble": f"{MARK} {number}" if len(made.of_rows) > 1 else MARK,
                "rows": len(ensemble.rows),
                "made_of": self._made_of(ensemble),
                "against": self._labels[ensemble.reference],
            }
            | self._common(ensemble)
            for number, ensemble in enumerate(made.of_rows, 1)
        ]
        columns = (
            Column("ensemble", "ensemble"),
            Column("made_of", "made of", spare=1),
            *self._columns(),
            Column("against", "Δ to", spare=2),
            Column("cells", "cells", "integer", spare=3),
            Column("rows", "of rows", "integer", spare=3),
            Column("marks", "marks"),
        )
        caption = (
            f"Ensembles of up to {size} members, chosen for each cell by {self._sort.metric} on its validation part, "
            "greedily and with replacement (Caruana et al. 2004); weights and values are means over cells [95 % "
            f"interval], and Δ is the difference to the row that is best by validation. {_APART}"
        )
        if self._watched:
            caption += f" Nothing is said of {', '.join(self._watched)}, which the members were chosen on."
        return _table(columns, lines, caption, absent, "rows")

    def members(self, made: Ensembles) -> Table:
        """Return what each ensemble is made of, cell by cell."""
        lines = [
            {
                "ensemble": f"{MARK} {number}" if len(made.of_rows) > 1 else MARK,
                "cell": cell,
                "row": self._labels[row],
                "times": count,
                "weight": count / sum(counts.values()),
                "validation": plain(ensemble.validation[cell]),
            }
            for number, ensemble in enumerate(made.of_rows, 1)
            for cell, counts in ensemble.members.items()
            for row, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        ]
        columns = (
            Column("ensemble", "ensemble"),
            Column("cell", "cell (seed/fold)"),
            Column("row", "member"),
            Column("times", "times", "integer"),
            Column("weight", "weight", "percent"),
            Column(
                "validation",
                f"{self._sort.metric} on validation",
                "percent" if self._sort.percent else "number",
            ),
        )
        caption = "What each ensemble is made of, cell by cell, and what it reached on the validation part."
        return Table(columns, tuple(lines), caption)

    def of_seeds(self, made: Ensembles, absent: Sequence[str]) -> Table:
        """Return a line per row whose seeds are an ensemble."""
        lines = [
            {
                "row": self._labels[ensemble.reference],
                "seeds": max(sum(counts.values()) for counts in ensemble.members.values()),
            }
            | self._common(ensemble)
            for ensemble in made.of_seeds
        ]
        columns = (
            Column("row", "seeds of"),
            *self._columns(),
            Column("seeds", "seeds", "integer", spare=1),
            Column("cells", "folds", "integer", spare=1),
            Column("marks", "marks"),
        )
        caption = (
            "The seeds of each row together, with equal weights. The interval covers the choice of test tracks, and "
            "not that of the seeds: there is one ensemble of them (for each fold). Δ is the difference to the mean of "
            "the seeds. Not ranked."
        )
        return _table(columns, lines, caption, absent, "seeds")

    def _columns(self) -> list[Column]:
        columns = []
        measures = [measure for measure in self._measures.values() if measure.set not in self._watched]
        for measure in sorted(measures, key=lambda measure: measure != self._sort):
            group = measure.set if self._several else ""
            kind: Kind = "percent" if measure.percent else "number"
            change: Kind = "points" if measure.percent else "signed"
            spare = 0 if measure == self._sort else 4
            name = measure.name
            columns += [
                Column(
                    name,
                    measure.metric,
                    kind,
                    f"{name} sd",
                    group,
                    spare,
                    low=f"{name} low",
                    high=f"{name} high",
                ),
                Column(
                    f"{name} difference",
                    f"Δ {measure.metric}",
                    change,
                    None,
                    group,
                    spare and 5,
                    measure == self._sort,
                    low=f"{name} difference low",
                    high=f"{name} difference high",
                ),
            ]
        return columns

    def _made_of(self, ensemble: Ensemble) -> str:
        shares = [f"{100 * share:.0f} % {self._labels[row]}" for row, share in ensemble.weights().items()]
        more = [f"{len(shares) - _MOST_NAMED} more"] if len(shares) > _MOST_NAMED else []
        return "; ".join([*shares[:_MOST_NAMED], *more])

    def _common(self, ensemble: Ensemble) -> dict[str, Any]:
        marks = dict.fromkeys(mark for row in ensemble.weights() for mark in self._marks[row])
        line: dict[str, Any] = {"cells": len(ensemble.members), "marks": [MARK, *marks]}
        for value in ensemble.values:
            line |= _values(value)
        return line


def _table(
    columns: tuple[Column, ...],
    lines: Sequence[dict[str, Any]],
    caption: str,
    notes: Sequence[str],
    which: str,
) -> Table:
    """Return a table; of one without lines the caption says all there is to say."""
    if lines:
        return Table(columns, tuple(lines), caption, tuple(notes))
    return Table(columns, (), " ".join([f"There is no ensemble of {which}.", *notes]))


def _values(value: Value) -> dict[str, Any]:
    name = value.measure
    numbers = {
        name: value.mean,
        f"{name} sd": value.sd,
        f"{name} low": value.low,
        f"{name} high": value.high,
        f"{name} difference": value.difference,
        f"{name} difference low": value.difference_low,
        f"{name} difference high": value.difference_high,
    }
    return {key: plain(number) for key, number in numbers.items()}


def _absent(absent: Mapping[str, Sequence[int]], labels: Mapping[int, str], which: str) -> list[str]:
    """Return a sentence for each reason why rows take no part."""
    said = []
    for why, rows in absent.items():
        names = ", ".join(labels[row] for row in rows[:_MOST_NAMED])
        more = f" and {len(rows) - _MOST_NAMED} more" if len(rows) > _MOST_NAMED else ""
        count = "1 row has" if len(rows) == 1 else f"{len(rows)} rows have"
        said.append(f"{count} no part in ensembles {which}: {why} ({names}{more}).")
    return said
