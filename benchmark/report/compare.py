"""Two rows, or the rows of two result sets, side by side: what the statistics say, as tables and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.analysis.comparison import holm
from benchmark.analysis.leaderboard import MEAN, leaderboard, row_label, varying
from benchmark.analysis.pairing import Matched, compare_pair, find_rows, match_rows, paired
from benchmark.analysis.ranks import ALPHA
from benchmark.exceptions import UsageError
from benchmark.report.leaderboard import MARKS
from benchmark.report.table import Column, Kind, Table, plain
from benchmark.results.frames import ROW, Measure, Results
from benchmark.results.standing import BLOCKS, LEAKY

if TYPE_CHECKING:
    from benchmark.plugin.metric import Metric

_COMPARED = ("difference", "low", "high", "p", "test", "units")


@dataclass(frozen=True)
class Side:
    """One of two result sets: what it is called, its results, its leaderboard, and what its rows are called."""

    name: str
    results: Results
    lines: Mapping[int, Mapping[Any, Any]]
    labels: Mapping[int, str]

    @property
    def axes(self) -> dict[int, dict[str, str]]:
        """The labels of each row."""
        return {
            row: {axis: str(line[axis]) for axis in self.results.axes} for row, line in self.lines.items()
        }


def make_side(name: str, results: Results) -> Side:
    """Return a result set with its leaderboard."""
    lines = leaderboard(results.cells, results.axes, results.measures)
    axes = varying(results.cells, results.axes)
    by_row = {int(line[ROW]): line for line in lines.to_dict("records")}
    return Side(name, results, by_row, {row: row_label(line, axes) for row, line in by_row.items()})


def choose_row(side: Side, text: str) -> int:
    """Return the one row that a text means.

    Raises:
        UsageError: when it means none or several; lists the rows.
    """
    found = find_rows(text, side.axes, side.labels)
    if len(found) == 1:
        return found[0]
    what = "names no row" if not found else f"fits {len(found)} rows"
    shown = found or list(side.labels)
    listed = "\n".join(f"  {side.labels[row]}" for row in shown)
    raise UsageError(f"'{text}' {what} of {side.name}. Its rows:\n{listed}")


def match(one: Side, other: Side) -> Matched:
    """Return the rows of two sets that belong together.

    Raises:
        UsageError: when none do; lists the rows of both.
    """
    found = match_rows(one.axes, other.axes)
    if found.pairs:
        return found
    listed = "\n".join(
        f"{side.name}:\n" + "\n".join(f"  {label}" for label in side.labels.values()) for side in (one, other)
    )
    raise UsageError(f"No row of one has the labels of a row of the other. Say which with --rows.\n{listed}")


def comparisons(
    one: Side, other: Side, pairs: Sequence[tuple[int, int]], metrics: Mapping[str, Metric]
) -> dict[Measure, list[dict[str, Any]]]:
    """Return, by measure that both sets have, one line per pair of rows.

    A line has the names of both rows (``a``, ``b``), their means over the cells that each has (``a_mean``,
    ``b_mean``), the paired ``difference`` (b less a) with ``low``, ``high``, ``p`` and ``p_holm`` (Holm over the
    pairs), ``test``, ``units``, and a ``verdict`` in words. ``metrics`` are by the names of measures.
    """
    known = {measure.name: measure for measure in other.results.measures}
    found = {}
    for measure in one.results.measures:
        if measure.name in known and measure.name in metrics:
            lines = [_line(one, other, pair, measure, metrics[measure.name]) for pair in pairs]
            found[measure] = _judged(lines, measure)
    return found


def comparison_table(measure: Measure, lines: Sequence[dict[str, Any]], one: str, other: str) -> Table:
    """Return the comparison on one measure; A and B are ``one`` and ``other``."""
    kind: Kind = "percent" if measure.percent else "number"
    unit: Kind = "points" if measure.percent else "number"
    same = all(line["a"] == line["b"] for line in lines)
    names = (Column("a", "row"),) if same else (Column("a", "row of A"), Column("b", "row of B"))
    columns = (
        *names,
        Column("a_mean", "A", kind),
        Column("b_mean", "B", kind),
        Column("difference", "B − A", unit),
        Column("low", "95 % from", unit),
        Column("high", "to", unit),
        Column("p_holm", "p (Holm)", "probability"),
        Column("verdict", "verdict"),
    )
    tests = ", ".join(dict.fromkeys(str(line["test"]) for line in lines if line["test"]))
    tested = f", {tests} over {max(line['units'] or 0 for line in lines)} units" if tests else ""
    marks = dict.fromkeys(mark for line in lines for mark in line["marks"])
    said = "; ".join(MARKS.get(mark, mark) for mark in marks)
    sides = f" A: {one}. B: {other}." if one != other else f" Rows of {one}."
    caption = f"{measure.name}{tested}.{sides}" + (f" {said[0].upper()}{said[1:]}." if said else "")
    return Table(columns, tuple(lines), caption)


def _line(one: Side, other: Side, pair: tuple[int, int], measure: Measure, metric: Metric) -> dict[str, Any]:
    """Compare one pair, in both sets' cells that pair."""
    a, b = pair
    line: dict[str, Any] = {
        "a": one.labels[a],
        "b": other.labels[b],
        "a_mean": plain(one.lines[a][f"{measure.name} {MEAN}"]),
        "b_mean": plain(other.lines[b][f"{measure.name} {MEAN}"]),
        **dict.fromkeys((*_COMPARED, "p_holm")),
        "marks": list(dict.fromkeys((*one.lines[a]["marks"], *other.lines[b]["marks"]))),
    }
    refusal = _incomparable(one.lines[a], other.lines[b])
    first, second = (side.results.predictions(row, measure.set) for side, row in ((one, a), (other, b)))
    if first is None or second is None:
        missing = "A" if first is None else "B"
        return line | {"refusal": refusal, "verdict": f"{missing} has no predictions on {measure.set}"}
    both = paired(first, second)
    if isinstance(both, str):
        return line | {"refusal": refusal, "verdict": f"cannot be paired: {both}"}
    try:
        found = compare_pair(both[1], both[0], metric, measure.name)
    except Exception as error:  # A plugin's metric may raise anything.
        return line | {"refusal": refusal, "verdict": f"the metric raised {type(error).__name__}: {error}"}
    return line | {"refusal": refusal, **{key: plain(found[key]) for key in _COMPARED}}


def _judged(lines: list[dict[str, Any]], measure: Measure) -> list[dict[str, Any]]:
    """Add the corrected p values and the verdicts."""
    tested = [line for line in lines if line["p"] is not None]
    corrected = holm(np.array([line["p"] for line in tested], dtype=float))
    for line, p in zip(tested, corrected, strict=True):
        line["p_holm"] = float(p)
        line["verdict"] = line["refusal"] or _verdict(float(line["difference"]), float(p), measure)
    return [{key: value for key, value in line.items() if key != "refusal"} for line in lines]


def _verdict(difference: float, p: float, measure: Measure) -> str:
    if p >= ALPHA:
        return "cannot be told apart"
    return f"{'B' if (difference > 0) == measure.greater_is_better else 'A'} is better"


def _incomparable(a: Mapping[Any, Any], b: Mapping[Any, Any]) -> str:
    """Return why neither of two rows may be called better, whatever the numbers say; or nothing."""
    incomplete = [
        f"{name} is incomplete ({line['ok']}/{line['expected']} cells)"
        for name, line in (("A", a), ("B", b))
        if not line["complete"]
    ]
    if incomplete:
        return "no verdict: " + " and ".join(incomplete)
    if a["block"] != b["block"]:
        graver = max((("A", a["block"]), ("B", b["block"])), key=lambda each: BLOCKS.index(each[1]))
        return f"no verdict: {graver[0]} {'is leaky' if graver[1] == LEAKY else 'has shared groups'}"
    if set(a["marks"]) != set(b["marks"]):
        return f"no verdict: A is {_marked(a)} and B is {_marked(b)}"
    return ""


def _marked(line: Mapping[Any, Any]) -> str:
    return " and ".join(line["marks"]) or "not marked"
