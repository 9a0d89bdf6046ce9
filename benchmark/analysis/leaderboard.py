"""The leaderboard: one line per row, from one line per cell. Pure functions of tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from benchmark.record import COSTS
from benchmark.results.frames import ROW, STATUS, Measure, sorting_measure
from benchmark.results.standing import BLOCKS, LEAKY, gravity

MEAN, SD, DIFFERENCE, LOW, HIGH, WHOLE = "mean", "sd", "difference", "low", "high", "whole"


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
    for one), ``whole`` (the mean with the tracks that are left out for leaking, where there are such) and, with a
    ``baseline``, ``difference`` to the row that has the baseline's labels and
    otherwise the same. Intervals and sets of ranks are joined on ``row``: they come from predictions
    and not from this table.

    ``sort`` names the measure that orders rows (default: the first).
    """
    by = sorting_measure(measures, sort)
    lines = [_line(row, group, axes, measures, by) for row, group in cells.groupby(ROW, sort=True)]
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
    by_labels = {tuple(line[axis] for axis in axes): int(line[ROW]) for line in table.to_dict("records")}
    references = {}
    for line in table.to_dict("records"):
        reference = by_labels.get(tuple(wanted.get(axis, line[axis]) for axis in axes))
        if reference is not None and reference != line[ROW]:
            references[int(line[ROW])] = reference
    return references


def row_label(line: Mapping[Any, Any], axes: Sequence[str]) -> str:
    """Return how figures call a row: the labels of the axes that vary."""
    return " · ".join(str(line[axis]) for axis in axes) or "all"


def varying(cells: pd.DataFrame, axes: Sequence[str]) -> list[str]:
    """Return the axes with more than one value; the others need no column."""
    return [axis for axis in axes if cells[axis].nunique() > 1] or list(axes)[:1]


def _line(
    row: Any, group: pd.DataFrame, axes: Sequence[str], measures: Sequence[Measure], by: Measure
) -> dict[str, Any]:
    first = group.iloc[0]
    ok = group[group[STATUS] == "ok"]
    marks = tuple(dict.fromkeys(mark for marks in group["marks"] for mark in marks))
    wrong = group.loc[group[STATUS] != "ok", STATUS].value_counts()
    line = {
        ROW: int(row),
        **{axis: first[axis] for axis in axes},
        "ok": len(ok),
        "expected": len(group),
        "added": int(group["added"].sum()) if "added" in group else 0,
        STATUS: ", ".join(f"{count} {status}" for status, count in wrong.items()),
        "complete": len(ok) == len(group),
        "standing": _standing(group, marks, by.set),
        "marks": marks,
        "verdict": _verdict(group, measures, by),
        "total": _mean(ok, "total"),
        "training_seconds": _mean(ok, "training_seconds"),
        "train_items": _mean(ok, "train_items"),
        **{name: _mean(ok, name) for name in COSTS},
        "peak_memory_mb": ok["peak_memory_mb"].max() if "peak_memory_mb" in ok and len(ok) else np.nan,
    }
    for measure in measures:
        values = _known(ok, measure.name)
        line[f"{measure.name} {MEAN}"] = values.mean() if len(values) else np.nan
        line[f"{measure.name} {SD}"] = values.std(ddof=1) if len(values) > 1 else np.nan
        if f"{measure.name} {WHOLE}" in ok:
            with_leaks = ok[f"{measure.name} {WHOLE}"].fillna(ok[measure.name])
            line[f"{measure.name} {WHOLE}"] = with_leaks.mean()
    return line


def _standing(group: pd.DataFrame, marks: Sequence[str], evaluation: str) -> str:
    """Return the gravest standing of a row's finished cells on a set; older tables say it by their marks."""
    own = f"{evaluation} standing"
    column = own if own in group and group[own].notna().any() else "standing"
    standings = set(group[column].dropna()) if column in group else set()
    return max(standings, key=BLOCKS.index) if standings else LEAKY if LEAKY in marks else BLOCKS[0]


def _ranked_standing(table: pd.DataFrame) -> str:
    """Return the most honest standing that has results, complete or not: only its rows are ranked."""
    standings = set(table.loc[table["ok"] > 0, "standing"]) - {LEAKY}
    return min(standings, key=BLOCKS.index, default=BLOCKS[0])


def _verdict(group: pd.DataFrame, measures: Sequence[Measure], by: Measure) -> str:
    """Return what audits said of a row's cells, the worst of it; nothing for a row without results."""
    if "verdict" not in group:
        return "unknown"
    said = [verdict for verdict in dict.fromkeys(group["verdict"]) if verdict]
    worst = max(said, key=gravity, default="")
    left_out = _left_out(group, measures, by)
    return "; ".join([left_out, worst] if left_out and gravity(worst) else [left_out or worst])


def _left_out(group: pd.DataFrame, measures: Sequence[Measure], by: Measure) -> str:
    """Return how many tracks that leak are left out of each set, and what ``by`` would be with them."""
    parts = []
    several = len({measure.set for measure in measures}) > 1
    for name in sorted({measure.set for measure in measures}, key=lambda name: name != by.set):
        if f"{name} left out" not in group or not group[f"{name} left out"].notna().any():
            continue
        tested = group[group[f"{name} tracks"].notna()]
        counts = group.loc[group[STATUS] == "ok", f"{name} left out"].fillna(0).astype(int)
        low, high = counts.min(), counts.max()
        number = f"{high}" if low == high else f"{low} to {high}"
        text = f"{number} of {int(tested[f'{name} tracks'].max())} left out"
        whole = f"{by.name} {WHOLE}"
        if name == by.set and whole in group:
            value = group[whole].fillna(group[by.name]).mean()
            text += f", with {'it' if high == 1 else 'them'} " + (
                f"{100 * value:.1f}" if by.percent else f"{value:.3g}"
            )
        parts.append(f"{name}: {text}" if several else text)
    return "; ".join(parts)


def _mean(cells: pd.DataFrame, column: str) -> float:
    known = _known(cells, column)
    return float(known.mean()) if len(known) else float("nan")


def _known(cells: pd.DataFrame, column: str) -> np.ndarray:
    """Return the values of a column that are there."""
    if column not in cells:
        return np.empty(0)
    values = np.asarray(cells[column], float)
    return values[~np.isnan(values)]


def _differences(
    table: pd.DataFrame, axes: Sequence[str], wanted: Mapping[str, str], column: str
) -> list[float]:
    references = baseline_rows(table, axes, wanted)
    values = dict(zip(table[ROW], table[column], strict=True))
    return [values[row] - values[references[row]] if row in references else np.nan for row in table[ROW]]
