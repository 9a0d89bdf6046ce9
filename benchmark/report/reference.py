"""What others reported, beside what was measured, as tables for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from benchmark.analysis.reference import HIGH, LOW, MEASURED, REPORTED
from benchmark.report.table import MISSING, Column, Kind, Table, cell_text, plain
from benchmark.results.frames import ROW, Measure, lines_of


def reference_tables(
    beside: pd.DataFrame,
    lines: pd.DataFrame,
    axes: Sequence[str],
    measures: Sequence[Measure],
    source: str,
    marks: Sequence[str] = (),
) -> list[Table]:
    """Return a table of the measures that are percentages and one of the others; those that have lines.

    ``beside`` comes from ``analysis.reference.beside_reference``, ``lines`` is the leaderboard, ``axes`` have a
    column each, ``marks`` are what the caption must say of what was measured.
    """
    labels = {int(line[ROW]): {axis: str(line[axis]) for axis in axes} for line in lines_of(lines)}
    tables = []
    for percent in (True, False):
        names = [measure.name for measure in measures if measure.percent == percent]
        chosen = beside[beside["measure"].isin(names)]
        if len(chosen):
            tables.append(_table(chosen, labels, axes, source, marks, percent=percent))
    return tables


def _table(
    beside: pd.DataFrame,
    labels: Mapping[int, Mapping[str, str]],
    axes: Sequence[str],
    source: str,
    marks: Sequence[str],
    *,
    percent: bool,
) -> Table:
    kind: Kind = "percent" if percent else "number"
    columns = (
        *(Column(axis, axis) for axis in axes),
        Column("measure", "on"),
        Column(REPORTED, "reported", kind),
        Column(MEASURED, "measured", kind),
        Column("interval", "95 % interval"),
        Column("difference", "difference", "points" if percent else "signed", low="least", high="most"),
        Column("agrees", "reported is"),
        Column(LOW, drawn=False),
        Column(HIGH, drawn=False),
    )
    table = []
    for record in lines_of(beside):
        line = {str(key): plain(value) for key, value in record.items()}
        agrees = {True: "inside", False: "outside"}.get(line["inside"], MISSING)
        if line[LOW] is not None and line[HIGH] is not None:
            line |= {"least": line[LOW] - line[REPORTED], "most": line[HIGH] - line[REPORTED]}
        line |= {"interval": _interval(line[LOW], line[HIGH], kind), "agrees": agrees}
        table.append({**line, **labels[int(record[ROW])]})
    said = f" What was measured is marked: {', '.join(marks)}." if marks else ""
    unit = ", in percent" if percent else ""
    return Table(columns, tuple(table), f"Reported by {source}, beside what was measured here{unit}.{said}")


def _interval(low: float | None, high: float | None, kind: Kind) -> str:
    if low is None or high is None:
        return MISSING
    column = Column("value", kind=kind)
    return f"[{cell_text(column, {'value': low})}, {cell_text(column, {'value': high})}]"
