"""The leaderboard: one line per row, from one line per cell. Pure functions of tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from benchmark.analysis.protocols import HONEST, LEAKY
from benchmark.results.frames import ROW, STATUS, Measure
from benchmark.results.record import COSTS

UNRANKED = (LEAKY,)
MEAN, SD, DIFFERENCE, LOW, HIGH = "mean", "sd", "difference", "low", "high"


def leaderboard(
    cells: pd.DataFrame,
    axes: Sequence[str],
    measures: Sequence[Measure],
    sort: str | None = None,
    baseline: Mapping[str, str | int] | None = None,
) -> pd.DataFrame:
    """Return one line per row, the best first.

    Columns: ``row``; the axes' labels; ``ok`` and ``expected`` (numbers of cells); ``status`` (how
    cells that are not ok ended, in words); ``complete``; ``clean`` (not leaky); ``marks``; ``standing`` (in which
    company it may be ranked); ``verdict`` (that of an audit of the split, the worst of the cells);
    ``total`` parameters; ``training_seconds``, ``train_items`` and the costs of ``CellRecord.cost`` (means);
    ``peak_memory_mb`` (maximum); and per measure ``<set/metric> mean``, ``sd`` (over seeds and folds, ddof = 1, NaN
    for one) and, with a ``baseline``, ``difference`` to the row that has the baseline's labels and
    otherwise the same. Intervals and sets of ranks are joined on ``row``: they come from predictions
    and not from this table.

    ``sort`` names the measure that orders rows (default: the first).
    """
    by = next((measure for measure in measures if measure.name == sort), measures[0])
    lines = [_line(row, group, axes, measures) for row, group in cells.groupby(ROW, sort=True)]
    table = pd.DataFrame(lines)
    if baseline:
        wanted = {axis: str(label) for axis, label in baseline.items()}
        for measure in measures:
            table[f"{measure.name} {DIFFERENCE}"] = _differences(
                table, axes, wanted, f"{measure.name} {MEAN}"
            )
    order = -table[f"{by.name} {MEAN}"] if by.greater_is_better else table[f"{by.name} {MEAN}"]
    ranked = table["complete"] & table["clean"]
    return (
        table.assign(_ranked=~ranked, _order=order)
        .sort_values(["_ranked", "_order", ROW], kind="stable", na_position="last")
        .drop(columns=["_ranked", "_order"])
        .reset_index(drop=True)
    )


def baseline_rows(
    table: pd.DataFrame, axes: Sequence[str], baseline: Mapping[str, str | int]
) -> dict[int, int]:
    """Return, for each row that has one, the row with the baseline's labels and otherwise the same."""
    wanted = {axis: str(label) for axis, label in baseline.items()}
    by_labels = {tuple(line[axis] for axis in axes): int(line[ROW]) for _, line in table.iterrows()}
    found = {}
    for _, line in table.iterrows():
        reference = by_labels.get(tuple(wanted.get(axis, line[axis]) for axis in axes))
        if reference is not None and reference != line[ROW]:
            found[int(line[ROW])] = reference
    return found


def row_label(line: Mapping[Any, Any], axes: Sequence[str]) -> str:
    """Return how figures call a row: the labels of the axes that vary."""
    return " · ".join(str(line[axis]) for axis in axes) or "all"


def varying(cells: pd.DataFrame, axes: Sequence[str]) -> list[str]:
    """Return the axes with more than one value; the others need no column."""
    return [axis for axis in axes if cells[axis].nunique() > 1] or list(axes)[:1]


def _line(row: Any, group: pd.DataFrame, axes: Sequence[str], measures: Sequence[Measure]) -> dict[str, Any]:
    first = group.iloc[0]
    ok = group[group[STATUS] == "ok"]
    marks = tuple(dict.fromkeys(mark for marks in group["marks"] for mark in marks))
    wrong = group.loc[group[STATUS] != "ok", STATUS].value_counts()
    line = {
        ROW: int(row),
        **{axis: first[axis] for axis in axes},
        "ok": len(ok),
        "expected": len(group),
        STATUS: ", ".join(f"{count} {status}" for status, count in wrong.items()),
        "complete": len(ok) == len(group),
        "clean": not set(marks) & set(UNRANKED),
        "marks": marks,
        "standing": _standing(group, marks),
        "verdict": _verdict(group),
        "total": _mean(ok, "total"),
        "training_seconds": _mean(ok, "training_seconds"),
        "train_items": _mean(ok, "train_items"),
        **{name: _mean(ok, name) for name in COSTS},
        "peak_memory_mb": ok["peak_memory_mb"].max() if "peak_memory_mb" in ok and len(ok) else np.nan,
    }
    for measure in measures:
        values = ok[measure.name].dropna()
        line[f"{measure.name} {MEAN}"] = values.mean() if len(values) else np.nan
        line[f"{measure.name} {SD}"] = values.std(ddof=1) if len(values) > 1 else np.nan
    return line


def _verdict(group: pd.DataFrame) -> str:
    """Return what audits said of a row's cells, the worst of it; nothing for a row without results."""
    if "verdict" not in group:
        return "unknown"
    said = [verdict for verdict in dict.fromkeys(group["verdict"]) if verdict]
    leaky = [verdict for verdict in said if verdict.startswith("leaky")]
    return (leaky or [verdict for verdict in said if verdict == "unknown"] or said or [""])[0]


def _standing(group: pd.DataFrame, marks: Sequence[str]) -> str:
    """Return in which company a row may be ranked: the word of the audit on its worst cell, else whether it leaks."""
    said = set(group["block"].dropna()) - {"", HONEST} if "block" in group else set()
    if set(marks) & set(UNRANKED) or LEAKY in said:
        return LEAKY
    return str(min(said)) if said else HONEST


def _mean(cells: pd.DataFrame, column: str) -> float:
    return float(cells[column].astype(float).mean()) if column in cells and len(cells) else float("nan")


def _differences(
    table: pd.DataFrame, axes: Sequence[str], wanted: Mapping[str, str], column: str
) -> list[float]:
    references = baseline_rows(table, axes, wanted)
    values = dict(zip(table[ROW], table[column], strict=True))
    return [values[row] - values[references[row]] if row in references else np.nan for row in table[ROW]]
