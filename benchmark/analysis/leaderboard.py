"""The leaderboard: one line per row, from one line per cell. Pure functions of tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from benchmark.record import COSTS
from benchmark.results.frames import ROW, STATUS, Measure, sorting_measure
from benchmark.results.standing import BLOCKS, LEAKY, gravity

MEAN, SD, DIFFERENCE, LOW, HIGH, WHOLE = "mean", "sd", "difference", "low", "high", "whole"
# Columns of a table of cells.
Cells = Mapping[str, np.ndarray]


def leaderboard(
    cells: pd.DataFrame,
    axes: Sequence[str],
    measures: Sequence[Measure],
    sort: str | None = None,
    baseline: Mapping[str, str | int] | None = None,
) -> pd.DataFrame:
    """Return one line per row, the best first.

    Columns: ``row``; the axes' labels; ``ok`` and ``expected`` (numbers of cells), ``added`` (of how many of
    them the seed is none of the suite's list); ``status`` (how
    cells that are not ok ended, in words); ``complete``; ``standing`` (on the set that orders rows: ``honest``,
    ``shared groups`` or ``leaky``; those of one standing may be ranked with each other, leaky ones not at all);
    ``clean`` (of the standing that is ranked: the honest one, or that of shared groups where no row with results is
    honest); ``marks``; ``verdict``
    (that of an audit of the split, the worst of the cells, and how many tracks are left out);
    ``total`` parameters; ``training_seconds``, ``train_items`` and the costs of ``CellRecord.cost`` (means);
    ``peak_memory_mb`` (maximum); and per measure ``<set/metric> mean``, ``sd`` (over seeds and folds, ddof = 1, NaN
    for one; none where a finished cell lacks the value), ``whole`` (the mean with the tracks that are left out for
    leaking, where there are such) and, with a ``baseline``, ``difference`` to the row that has the baseline's labels
    and otherwise the same. Intervals and sets of ranks are joined on ``row``: they come from predictions
    and not from this table.

    ``sort`` names the measure that orders rows (default: the first).
    """
    by = sorting_measure(measures, sort)
    # A data frame for each of a thousand rows takes longer than all that is asked of it.
    columns = {str(name): cells[name].to_numpy() for name in cells}
    by_row = np.argsort(columns[ROW], kind="stable")
    rows, starts = np.unique(columns[ROW][by_row], return_index=True)
    places = np.split(by_row, starts[1:])
    lines = [
        _line(int(row), _chosen(columns, at), axes, measures, by)
        for row, at in zip(rows, places, strict=True)
    ]
    table = pd.DataFrame(lines)
    table["clean"] = table["standing"] == _ranked_standing(table)
    if baseline:
        wanted = {axis: str(label) for axis, label in baseline.items()}
        for measure in measures:
            table[f"{measure.name} {DIFFERENCE}"] = _differences(
                table, axes, wanted, f"{measure.name} {MEAN}"
            )
    order = -table[f"{by.name} {MEAN}"] if by.greater_is_better else table[f"{by.name} {MEAN}"]
    ranked = table["complete"] & table["clean"]
    return (
        table.assign(_ranked=~ranked, _standing=table["standing"].map(BLOCKS.index), _order=order)
        .sort_values(["_ranked", "_standing", "_order", ROW], kind="stable", na_position="last")
        .drop(columns=["_ranked", "_standing", "_order"])
        .reset_index(drop=True)
    )


def baseline_rows(
    table: pd.DataFrame, axes: Sequence[str], baseline: Mapping[str, str | int]
) -> dict[int, int]:
    """Return, for each row that has one, the row with the baseline's labels and otherwise the same."""
    wanted = {axis: str(label) for axis, label in baseline.items()}
    columns = [table[axis].tolist() for axis in axes]
    labels = {int(row): tuple(column[place] for column in columns) for place, row in enumerate(table[ROW])}
    rows = {own: row for row, own in labels.items()}
    references = {}
    for row, own in labels.items():
        reference = rows.get(tuple(wanted.get(axis, label) for axis, label in zip(axes, own, strict=True)))
        if reference is not None and reference != row:
            references[row] = reference
    return references


def row_label(line: Mapping[Any, Any], axes: Sequence[str]) -> str:
    """Return how figures call a row: the labels of the axes that vary."""
    return " · ".join(str(line[axis]) for axis in axes) or "all"


def varying(cells: pd.DataFrame, axes: Sequence[str]) -> list[str]:
    """Return the axes with more than one value; the others need no column."""
    return [axis for axis in axes if cells[axis].nunique() > 1] or list(axes)[:1]


def _line(
    row: int, cells: Cells, axes: Sequence[str], measures: Sequence[Measure], by: Measure
) -> dict[str, Any]:
    is_ok = cells[STATUS] == "ok"
    ok = _chosen(cells, is_ok)
    marks = tuple(dict.fromkeys(mark for marks in cells["marks"] for mark in marks))
    wrong = Counter(cells[STATUS][~is_ok].tolist())
    line = {
        ROW: row,
        **{axis: cells[axis][0] for axis in axes},
        "ok": int(is_ok.sum()),
        "expected": len(is_ok),
        "added": int(cells["added"].sum()) if "added" in cells else 0,
        STATUS: ", ".join(f"{count} {status}" for status, count in wrong.most_common()),
        "complete": bool(is_ok.all()),
        "standing": _standing(cells, marks, by.set),
        "marks": marks,
        "verdict": _verdict(cells, ok, measures, by),
        **{name: _mean(_known(ok, name)) for name in ("total", "training_seconds", "train_items", *COSTS)},
        "peak_memory_mb": max(_known(ok, "peak_memory_mb"), default=np.nan),
    }
    for measure in measures:
        values = _known(ok, measure.name)
        if len(values) < is_ok.sum():
            # The mean of some finished cells would be that of easier or harder ones than other rows have.
            values = values[:0]
        line[f"{measure.name} {MEAN}"] = _mean(values)
        line[f"{measure.name} {SD}"] = values.std(ddof=1) if len(values) > 1 else np.nan
        if f"{measure.name} {WHOLE}" in ok:
            line[f"{measure.name} {WHOLE}"] = _mean_of_all_tracks(ok, measure.name)
    return line


def _standing(cells: Cells, marks: Sequence[str], evaluation: str) -> str:
    """Return the gravest standing of a row's finished cells on a set; older tables say it by their marks."""
    own = _there(cells, f"{evaluation} standing")
    standings = set(own) if len(own) else set(_there(cells, "standing"))
    return max(standings, key=BLOCKS.index) if standings else LEAKY if LEAKY in marks else BLOCKS[0]


def _ranked_standing(table: pd.DataFrame) -> str:
    """Return the most honest standing that has results, complete or not: only its rows are ranked."""
    standings = set(table.loc[table["ok"] > 0, "standing"]) - {LEAKY}
    return min(standings, key=BLOCKS.index, default=BLOCKS[0])


def _verdict(cells: Cells, ok: Cells, measures: Sequence[Measure], by: Measure) -> str:
    """Return what audits said of a row's cells, the worst of it; nothing for a row without results."""
    if "verdict" not in cells:
        return "unknown"
    said = [verdict for verdict in dict.fromkeys(cells["verdict"]) if verdict]
    worst = max(said, key=gravity, default="")
    left_out = _left_out(cells, ok, measures, by)
    return "; ".join([left_out, worst] if left_out and gravity(worst) else [left_out or worst])


def _left_out(cells: Cells, ok: Cells, measures: Sequence[Measure], by: Measure) -> str:
    """Return how many tracks that leak are left out of each set, and what ``by`` would be with them."""
    parts = []
    names = {measure.set for measure in measures}
    for name in sorted(names, key=lambda name: name != by.set):
        if not len(_there(cells, f"{name} left out")):
            continue
        counts = np.nan_to_num(np.asarray(ok[f"{name} left out"], float)).astype(int)
        low, high = counts.min(), counts.max()
        number = f"{high}" if low == high else f"{low} to {high}"
        text = f"{number} of {int(_known(cells, f'{name} tracks').max())} left out"
        if name == by.set and f"{by.name} {WHOLE}" in cells:
            value = _mean_of_all_tracks(cells, by.name)
            text += f", with {'it' if high == 1 else 'them'} " + (
                f"{100 * value:.1f}" if by.percent else f"{value:.3g}"
            )
        parts.append(f"{name}: {text}" if len(names) > 1 else text)
    return "; ".join(parts)


def _chosen(cells: Cells, at: np.ndarray) -> dict[str, np.ndarray]:
    return {name: values[at] for name, values in cells.items()}


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _mean_of_all_tracks(cells: Cells, measure: str) -> float:
    """Return the mean of a measure with the tracks that are left out for leaking, where there are such."""
    whole, own = (np.asarray(cells[name], float) for name in (f"{measure} {WHOLE}", measure))
    values = np.where(np.isnan(whole), own, whole)
    return _mean(values[~np.isnan(values)])


def _known(cells: Cells, column: str) -> np.ndarray:
    """Return the numbers of a column that are there."""
    values = np.asarray(cells.get(column, ()), float)
    return values[~np.isnan(values)]


def _there(cells: Cells, column: str) -> np.ndarray:
    """Return the values of a column that are there, of whatever kind."""
    values = cells.get(column, np.empty(0))
    return values[~pd.isna(values)]


def _differences(
    table: pd.DataFrame, axes: Sequence[str], wanted: Mapping[str, str], column: str
) -> list[float]:
    references = baseline_rows(table, axes, wanted)
    values = dict(zip(table[ROW], table[column], strict=True))
    return [values[row] - values[references[row]] if row in references else np.nan for row in table[ROW]]
