"""How much data, as tables: curves over sizes, what choices are worth in data, where curves cross."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from benchmark.analysis.data_worth import CROSS, ONE_SIDE, Crossing, Worth
from benchmark.analysis.questions import Answers, Questions
from benchmark.report.questions.lines import MOST_LINES, plain_lines
from benchmark.report.questions.words import Words
from benchmark.report.table import MISSING, Column, Table, keys_beside


def learning_tables(asked: Questions, words: Words) -> list[Table]:
    """Return the tables of learning curves; none without something to show."""
    tables = (learning_table(asked, words), worth_table(asked), crossings_table(asked, words))
    return [table for table in tables if table is not None]


def learning_table(asked: Questions, words: Words) -> Table | None:
    """Return the means of each curve at each number of training tracks."""
    lines = [
        {
            "row": learned.curve.name, "size": label, "tracks": number, "measure": answers.asked.measure, "value": mean,
            "low": low, "high": high,
        }
        for answers in asked.sets
        for learned in answers.learning
        for label, number, mean, low, high in zip(
            learned.curve.labels, learned.curve.numbers, learned.means, learned.low, learned.high, strict=True
        )
    ]  # fmt: skip
    if not lines:
        return None
    kind = words.share(str(lines[0]["measure"]))
    columns = (
        Column("row", "row"),
        Column("size", "training size"),
        Column(
            "tracks",
            "training tracks",
            "integer",
            drawn=any(float(str(line["tracks"])) > 1 for line in lines),
        ),
        Column("measure", "on"),
        Column("value", "mean", kind, low="low", high="high"),
    )
    caption = (
        "Learning curves: each row trained on a share of its training part, nested, the same tracks for all rows of a "
        "seed; validation and test stay as they are [simultaneous 95 % intervals over the sizes of a curve]."
    )
    return Table(columns, plain_lines(lines[:MOST_LINES]), caption)


def worth_table(asked: Questions) -> Table | None:
    """Return what choices are worth in data."""
    lines = [
        {
            "choice": f"{worth.axis}: {_own(worth.curve.rest, worth.axis)}",
            "rest": _others(worth.curve.rest, worth.axis),
            "measure": answers.asked.measure,
            "with": _size(worth.size, answers.total),
            "baseline": _own(worth.other.rest, worth.axis),
            "equals": worth_text(worth.equal, worth, answers),
            "interval": interval_text(worth, answers),
            "size": worth.size, "equal": worth.equal, "low": worth.low, "high": worth.high,
        }
        for answers in asked.sets
        for worth in answers.worths
    ]  # fmt: skip
    if not lines:
        return None
    columns = (
        Column("choice", "choice"),
        Column("rest", "row", drawn=any(line["rest"] for line in lines)),
        Column("measure", "on", spare=1),
        Column("with", "with"),
        Column("baseline", "equals"),
        Column("equals", "with"),
        Column("interval", "95 % interval"),
        *(Column(key, drawn=False) for key in ("size", "equal", "low", "high")),
    )
    caption = (
        "What a choice is worth in data: with how many training tracks the row without it is as good. Between sizes "
        "curves are straight over the logarithm; the interval holds the sizes at which the difference is not "
        "significant (Fieller 1954), not corrected. It is open (< or >) where the curve ends before that is known."
    )
    return Table(columns, plain_lines(lines[:MOST_LINES]), caption, lead=tuple(worth_sentences(asked)))


def worth_sentences(asked: Questions) -> list[str]:
    """Return, per evaluation set and pair of curves, what the choice is worth at the middle of its sizes."""
    said = []
    for answers in asked.sets:
        pairs: dict[tuple[Any, Any], list[Worth]] = {}
        for worth in answers.worths:
            pairs.setdefault((worth.curve.rest, worth.other.rest), []).append(worth)
        for several in pairs.values():
            worth = several[(len(several) - 1) // 2]
            said.append(
                f"{worth.curve.name} with {_size(worth.size, answers.total)} equals {worth.other.name} with "
                f"{worth_text(worth.equal, worth, answers)}, 95 % interval "
                f"{interval_text(worth, answers)} ({answers.asked.measure})."
            )
    return said[:4]


def interval_text(worth: Worth, answers: Answers) -> str:
    """Return the interval of what a row is worth; one end is enough where all of it is beyond the baseline's curve."""
    sizes = worth.other.numbers
    low, high = worth_text(worth.low, worth, answers), worth_text(worth.high, worth, answers)
    if worth.low == 0 and worth.high == sizes[0]:
        return low
    if math.isinf(worth.high) and worth.low == sizes[-1]:
        return high
    return f"{low} … {high}"


def worth_text(size: float, worth: Worth, answers: Answers) -> str:
    """Return a size in words: beyond the ends of the baseline's curve nothing is known."""
    sizes = worth.other.numbers
    if size == 0:
        return f"< {_size(sizes[0], answers.total)}"
    if math.isinf(size):
        return f"> {_size(sizes[-1], answers.total)}"
    return _size(size, answers.total)


def crossings_table(asked: Questions, words: Words) -> Table | None:
    """Return whether curves cross, and by how much they differ at each size."""
    every = [(answers, crossing) for answers in asked.sets for crossing in answers.crossings]
    if not every:
        return None
    sizes = {
        label: None
        for answers, _ in every
        for crossing in answers.learning
        for label in crossing.curve.labels
    }
    keys = keys_beside(sizes, ("one", "other", "measure", "verdict", "where"))
    lines = []
    for answers, crossing in every:
        line: dict[str, Any] = {
            "one": crossing.curve.name,
            "other": crossing.other.name,
            "measure": answers.asked.measure,
            "verdict": crossing_text(crossing),
            "where": ", ".join(_size(place, answers.total) for place in crossing.places) or None,
        }
        for number, size in enumerate(crossing.sizes):
            label = keys[crossing.curve.labels[crossing.curve.numbers.index(size)]]
            line |= {
                label: crossing.differences[number],
                f"{label} low": crossing.low[number],
                f"{label} high": crossing.high[number],
                f"{label} p": crossing.p[number],
            }
        lines.append(line)
    kind = words.change(answers.asked.measure for answers, _ in every)
    columns = (
        Column("one", "row"),
        Column("other", "less row"),
        Column("measure", "on", spare=1),
        Column("verdict", "do they cross?"),
        Column("where", "means cross at", spare=1),
        *(
            Column(key, size, kind, None, "difference with", 2, low=f"{key} low", high=f"{key} high")
            for size, key in keys.items()
        ),
        *(Column(f"{key} p", drawn=False) for key in keys.values()),
    )
    caption = (
        "Curves that differ in one choice: the difference at each size, paired by track and seed [simultaneous 95 % "
        "intervals over sizes]. Curves are said to cross where one is better at one size and the other at another, "
        "both significant; p corrected over all sizes of all pairs (Holm)."
    )
    return Table(columns, plain_lines(lines[:MOST_LINES]), caption)


def crossing_text(crossing: Crossing) -> str:
    """Return in words whether two curves cross."""
    if crossing.verdict == CROSS:
        return "they cross"
    if crossing.verdict == ONE_SIDE:
        return "one is better at some sizes, the other at none"
    return "undecided"


def _size(number: float, total: float) -> str:
    """Return a number of tracks as a share of the training part, and as it is."""
    if not math.isfinite(number):
        return MISSING
    return f"{100 * number / total:.0f} % ({number:.0f} tracks)" if total > 1.5 else f"{100 * number:.0f} %"


def _own(rest: Sequence[tuple[str, str]], axis: str) -> str:
    return dict(rest)[axis]


def _others(rest: Sequence[tuple[str, str]], axis: str) -> str:
    return " · ".join(label for name, label in rest if name != axis)
