"""Two rows, or the rows of two result sets, side by side: what the statistics say, as tables and as JSON."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from benchmark.analysis.comparison import BETTER, EQUAL, SAME, WORSE, by_pair
from benchmark.analysis.evaluated import contents_of
from benchmark.analysis.leaderboard import MEAN, leaderboard, row_label, varying
from benchmark.analysis.pairing import Evaluated, Matched, Pair, compare_pairs, find_rows, match_rows, paired
from benchmark.analysis.protocols import Contents
from benchmark.analysis.statistics import comparisons_on
from benchmark.exceptions import UsageError
from benchmark.report.leaderboard import MARKS
from benchmark.report.table import Column, Kind, Table, plain
from benchmark.report.verdicts import margin_text
from benchmark.results.frames import ROW, Measure, Results, lines_of
from benchmark.results.standing import BLOCKS, LEAKY
from benchmark.settings import LeaderboardSettings

if TYPE_CHECKING:
    from benchmark.plugin.metric import Metric

_COMPARED = ("difference", "low", "high", "p", "p_holm", "p_equal", "p_equal_holm", "units")


@dataclass(frozen=True)
class Side:
    """One of two result sets.

    Attributes:
        name: what it is called.
        results: what is stored of it.
        board: its leaderboard.
        labels: what its rows are called, by number.
        settings: how its leaderboard is made.
        price: by what p values of it are multiplied, since it was looked at more than once.
        seedless: models that declare that their seed changes nothing.
    """

    name: str
    results: Results
    board: pd.DataFrame
    labels: Mapping[int, str]
    settings: LeaderboardSettings
    price: float = 1.0
    seedless: frozenset[str] = frozenset()

    @cached_property
    def lines(self) -> dict[int, Mapping[Any, Any]]:
        """The lines of the leaderboard, by row."""
        return {int(line[ROW]): line for line in lines_of(self.board)}

    @property
    def axes(self) -> dict[int, dict[str, str]]:
        """The labels of each row."""
        return {
            row: {axis: str(line[axis]) for axis in self.results.axes} for row, line in self.lines.items()
        }


def make_side(
    name: str,
    results: Results,
    settings: LeaderboardSettings,
    *,
    price: float = 1.0,
    seedless: frozenset[str] = frozenset(),
) -> Side:
    """Return a result set with its leaderboard."""
    board = leaderboard(results.cells, results.axes, results.measures, settings.sort)
    axes = varying(results.cells, results.axes)
    labels = {int(line[ROW]): row_label(line, axes) for line in lines_of(board)}
    return Side(name, results, board, labels, settings, price, seedless)


def choose_row(side: Side, text: str) -> int:
    """Return the one row that a text means.

    Raises:
        UsageError: when it means none or several; lists the rows.
    """
    rows = find_rows(text, side.axes, side.labels)
    if len(rows) == 1:
        return rows[0]
    what = "names no row" if not rows else f"fits {len(rows)} rows"
    shown = rows or list(side.labels)
    listed = "\n".join(f"  {side.labels[row]}" for row in shown)
    raise UsageError(f"'{text}' {what} of {side.name}. Its rows:\n{listed}")


def match(first: Side, other: Side) -> Matched:
    """Return the rows of two sets that belong together.

    Raises:
        UsageError: when none do; lists the rows of both.
    """
    matched = match_rows(first.axes, other.axes)
    if matched.pairs:
        return matched
    listed = "\n".join(
        f"{side.name}:\n" + "\n".join(f"  {label}" for label in side.labels.values())
        for side in (first, other)
    )
    raise UsageError(f"No row of one has the labels of a row of the other. Say which with --rows.\n{listed}")


def comparisons(
    first: Side,
    other: Side,
    pairs: Sequence[tuple[int, int]],
    metrics: Mapping[str, Metric],
) -> dict[Measure, list[dict[str, Any]]]:
    """Return, by measure that both sets have, one line per pair of rows.

    A line has the names of both rows (``a``, ``b``), their means over the cells that each has (``a_mean``,
    ``b_mean``), the ``difference`` (b less a, paired by track) with ``low``, ``high``, ``p`` and ``p_holm``,
    ``p_equal`` and ``p_equal_holm``, ``pairs`` (over how many of them they are corrected), ``price`` (by what they are
    multiplied beyond that), ``units``, and a ``verdict`` in words. ``metrics`` are by the names of measures.

    Competitors of one table are compared as the table does it: whoever picks a pair has seen all of them. What is too
    small to care about is what ``first`` says.
    """
    known = {measure.name: measure for measure in other.results.measures}
    compared = {}
    for measure in first.results.measures:
        if measure.name in known and measure.name in metrics:
            compared[measure] = _lines(first, other, pairs, measure, metrics[measure.name])
    return compared


def comparison_table(measure: Measure, lines: Sequence[dict[str, Any]], first: str, other: str) -> Table:
    """Return the comparison on one measure; A and B are ``first`` and ``other``."""
    kind: Kind = "percent" if measure.percent else "number"
    unit: Kind = "points" if measure.percent else "signed"
    same = all(line["a"] == line["b"] for line in lines)
    names = (Column("a", "row"),) if same else (Column("a", "row of A"), Column("b", "row of B"))
    columns = (
        *names,
        Column("a_mean", "A", kind),
        Column("b_mean", "B", kind),
        Column("difference", "B − A", unit, low="low", high="high"),
        Column("p_holm", "p (Holm)", "probability", spare=1),
        Column("verdict", "verdict"),
    )
    units = max((line["units"] or 0 for line in lines), default=0)
    tested = f", paired by track over {units} independent units or more" if units else ""
    corrected = max((line["pairs"] or 0 for line in lines), default=0)
    price = max((line["price"] or 1 for line in lines), default=1)
    paid = []
    if corrected > len(lines):
        paid.append(f" p is corrected over all {corrected} pairs of the table.")
    if price > 1:
        paid.append(f" p is multiplied by {price:g}, since 'bench run --decide' looked more than once.")
    marks = dict.fromkeys(mark for line in lines for mark in line["marks"])
    said = "; ".join(MARKS.get(mark, mark) for mark in marks)
    sides = f" A: {first}. B: {other}." if first != other else f" Rows of {first}."
    caption = f"{measure.name}{tested}.{sides}{''.join(paid)}"
    caption += f" {said[0].upper()}{said[1:]}." if said else ""
    return Table(columns, tuple(lines), caption)


def _lines(
    side: Side,
    other_side: Side,
    pairs: Sequence[tuple[int, int]],
    measure: Measure,
    metric: Metric,
) -> list[dict[str, Any]]:
    """Compare pairs of rows, in both sets' cells that pair."""
    lines = [_means(side, other_side, pair, measure) for pair in pairs]
    smallest, price = side.settings.smallest / 100, max(side.price, other_side.price)
    facts: dict[str, Any] = {"pairs": len(pairs), "price": price}
    of_table = _of_table(side, measure) if side is other_side else {}
    paired_rows: dict[int, Pair] = {}
    for number, (a, b) in enumerate(pairs):
        if (b, a) in of_table:
            known = of_table[b, a]
            facts_of_table = {"pairs": known["pairs"], "price": price}
            lines[number] |= {key: plain(known[key]) for key in _COMPARED} | facts_of_table
            lines[number]["verdict"] = _incomparable(side, a, other_side, b, measure) or _verdict(
                known, smallest, measure
            )
            continue
        first, second = _tested(side, a, measure.set), _tested(other_side, b, measure.set)
        if first is None or second is None:
            lines[number]["verdict"] = f"{'A' if first is None else 'B'} has no predictions on {measure.set}"
            continue
        both = paired(second, first)
        if isinstance(both, str):
            lines[number]["verdict"] = f"cannot be paired: {both}"
        else:
            paired_rows[number] = both
    try:
        comparisons = compare_pairs(
            paired_rows,
            metric,
            measure.name,
            greater_is_better=measure.greater_is_better,
            smallest=smallest if measure.percent else None,
            price=price,
        )
    except Exception as error:  # A plugin's metric may raise anything.
        said = f"the metric raised {type(error).__name__}: {error}"
        return [
            line | ({"verdict": said} if number in paired_rows else {}) for number, line in enumerate(lines)
        ]
    for number, compared in comparisons.items():
        a, b = pairs[number]
        refusal = _incomparable(side, a, other_side, b, measure)
        if not refusal and paired_rows[number].refusal:
            refusal = f"no verdict: {paired_rows[number].refusal}"
        verdict = refusal or _verdict(compared, smallest, measure)
        lines[number] |= {key: plain(compared[key]) for key in _COMPARED} | facts | {"verdict": verdict}
    return lines


def _of_table(side: Side, measure: Measure) -> dict[tuple[int, int], dict[Hashable, Any]]:
    """Return what the table itself says of pairs of competitors, each pair both ways round."""
    compared = comparisons_on(side.results, side.board, measure, side.settings, side.seedless, side.price)
    if compared.empty:
        return {}
    tests = int(compared["p_holm"].notna().sum())
    return by_pair(compared.assign(pairs=tests), measure.name)


def _means(first: Side, other: Side, pair: tuple[int, int], measure: Measure) -> dict[str, Any]:
    a, b = pair
    return {
        "a": first.labels[a],
        "b": other.labels[b],
        "a_mean": plain(first.lines[a][f"{measure.name} {MEAN}"]),
        "b_mean": plain(other.lines[b][f"{measure.name} {MEAN}"]),
        **dict.fromkeys((*_COMPARED, "pairs", "price")),
        "marks": list(dict.fromkeys((*first.lines[a]["marks"], *other.lines[b]["marks"]))),
    }


def _tested(side: Side, row: int, evaluation: str) -> Evaluated | None:
    """Return what a row predicted on a set, and what it was tested on; None without predictions."""
    cells = side.results.by_cell(row, evaluation)
    if not cells:
        return None
    known = contents_of(side.results, row, cells, evaluation, Contents())
    return Evaluated(cells, known, side.results.classes(row))


def _verdict(compared: Mapping[Any, Any], smallest: float, measure: Measure) -> str:
    verdict = compared["verdict"]
    if verdict in (BETTER, WORSE):
        return f"{'B' if verdict == BETTER else 'A'} is better"
    if compared["reason"] == SAME:
        return "the same answers"
    if verdict == EQUAL:
        return f"equal within {margin_text(smallest, measure)}"
    return "undecided" + (f": {compared['reason']}" if compared["reason"] else "")


def _incomparable(first: Side, row: int, second: Side, other_row: int, measure: Measure) -> str:
    """Return why neither of two rows may be called better, whatever the numbers say; or nothing."""
    a, b = first.lines[row], second.lines[other_row]
    incomplete = [
        f"{name} is incomplete ({line['ok']}/{line['expected']} cells)"
        for name, line in (("A", a), ("B", b))
        if not line["complete"]
    ]
    if incomplete:
        return "no verdict: " + " and ".join(incomplete)
    standings = [
        (name, side.results.standing(number, measure.set) or side.lines[number]["standing"])
        for name, side, number in (("A", first, row), ("B", second, other_row))
    ]
    if standings[0][1] != standings[1][1]:
        graver = max(standings, key=lambda standing: BLOCKS.index(standing[1]))
        return f"no verdict: {graver[0]} {'is leaky' if graver[1] == LEAKY else 'has shared groups'}"
    # Where a row leaks, its standing says; a leak on another set is none on this one.
    if set(a["marks"]) - {LEAKY} != set(b["marks"]) - {LEAKY}:
        return f"no verdict: A is {_marked(a)} and B is {_marked(b)}"
    return ""


def _marked(line: Mapping[Any, Any]) -> str:
    return " and ".join(line["marks"]) or "not marked"
