"""Answers as tables, which all formats draw."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.analysis.cochran import ALPHA
from benchmark.analysis.data_worth import CROSS, ONE_SIDE, Crossing, Worth
from benchmark.analysis.dose import BENDS, DIP, FALLS, FLAT, PEAK, RISES, Response
from benchmark.analysis.questions import Answers, Questions, Surface
from benchmark.analysis.shift import Shift, changed_places
from benchmark.report.table import MISSING, Column, Kind, Table, plain
from benchmark.results.frames import Measure

LEARNING, DOSES, INTERACTIONS, SHIFT = (
    "How much data", "Dose and response", "Interactions", "Here and there",
)  # fmt: skip
TITLES = (LEARNING, DOSES, INTERACTIONS, SHIFT)
# More lines nobody reads; those with the smallest p values are kept.
_MOST_CLASS_LINES, _MOST_POINTS = 120, 400
SHAPES = {
    RISES: "better with more",
    FALLS: "worse with more",
    PEAK: "best inside",
    DIP: "worst inside",
    BENDS: "bends",
    FLAT: "flat",
}


@dataclass(frozen=True)
class Words:
    """How measures and rows are called: the measure of each name, and the label of each row."""

    measures: Mapping[str, Measure]
    labels: Mapping[int, str]
    smallest: float

    def share(self, measure: str) -> Kind:
        """Return the kind of a measure's values."""
        return "percent" if self.measures[measure].percent else "number"

    def change(self, measures: Iterable[str]) -> Kind:
        """Return the kind of differences."""
        return "points" if all(self.measures[name].percent for name in measures) else "signed"


def question_tables(found: Questions, words: Words) -> dict[str, list[Table]]:
    """Return tables by the titles of their sections; none without something to show."""
    tables: dict[str, Sequence[Table | None]] = {
        LEARNING: [learning_table(found, words), worth_table(found), crossings_table(found, words)],
        DOSES: [
            shapes_table(found, words),
            doses_table(found, words),
            *(surface_table(each, one, words) for one in found.sets for each in one.surfaces),
        ],
        INTERACTIONS: [
            between_table(found, words),
            within_table(found, words),
            between_classes_table(found, words),
        ],
        SHIFT: [
            shift_table(found.shifts, words),
            *(places_table(each, found, words) for each in found.shifts),
        ],
    }
    known = {title: [table for table in several if table is not None] for title, several in tables.items()}
    return {title: several for title, several in known.items() if several}


def learning_table(found: Questions, words: Words) -> Table | None:
    """Return the means of each curve at each number of training tracks."""
    lines = [
        {
            "row": each.curve.name, "size": label, "tracks": number, "measure": one.asked.measure, "value": mean,
            "low": low, "high": high,
        }
        for one in found.sets
        for each in one.learning
        for label, number, mean, low, high in zip(
            each.curve.labels, each.curve.numbers, each.means, each.low, each.high, strict=True
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
    return Table(columns, _plain(lines[:_MOST_POINTS]), caption)


def worth_table(found: Questions) -> Table | None:
    """Return what choices are worth in data."""
    lines = [
        {
            "choice": f"{each.axis}: {_own(each.curve.rest, each.axis)}",
            "rest": _others(each.curve.rest, each.axis),
            "measure": one.asked.measure,
            "with": _size(each.size, one.total),
            "baseline": _own(each.other.rest, each.axis),
            "equals": worth_text(each.equal, each, one),
            "interval": interval_text(each, one),
            "size": each.size, "equal": each.equal, "low": each.low, "high": each.high,
        }
        for one in found.sets
        for each in one.worths
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
    return Table(columns, _plain(lines[:_MOST_POINTS]), caption, lead=tuple(worth_sentences(found)))


def worth_sentences(found: Questions) -> list[str]:
    """Return, per evaluation set and pair of curves, what the choice is worth at the middle of its sizes."""
    said = []
    for one in found.sets:
        pairs: dict[tuple[Any, Any], list[Worth]] = {}
        for each in one.worths:
            pairs.setdefault((each.curve.rest, each.other.rest), []).append(each)
        for several in pairs.values():
            each = several[(len(several) - 1) // 2]
            said.append(
                f"{each.curve.name} with {_size(each.size, one.total)} equals {each.other.name} with "
                f"{worth_text(each.equal, each, one)}, 95 % interval {interval_text(each, one)} ({one.asked.measure})."
            )
    return said[:4]


def interval_text(each: Worth, one: Answers) -> str:
    """Return the interval of what a row is worth; one end is enough where all of it is beyond the baseline's curve."""
    sizes = each.other.numbers
    low, high = worth_text(each.low, each, one), worth_text(each.high, each, one)
    if each.low == 0 and each.high == sizes[0]:
        return low
    if math.isinf(each.high) and each.low == sizes[-1]:
        return high
    return f"{low} … {high}"


def worth_text(size: float, each: Worth, one: Answers) -> str:
    """Return a size in words: beyond the ends of the baseline's curve nothing is known."""
    sizes = each.other.numbers
    if size == 0:
        return f"< {_size(sizes[0], one.total)}"
    if math.isinf(size):
        return f"> {_size(sizes[-1], one.total)}"
    return _size(size, one.total)


def crossings_table(found: Questions, words: Words) -> Table | None:
    """Return whether curves cross, and by how much they differ at each size."""
    every = [(one, each) for one in found.sets for each in one.crossings]
    if not every:
        return None
    sizes = {label: None for one, _ in every for each in one.learning for label in each.curve.labels}
    lines = []
    for one, each in every:
        line: dict[str, Any] = {
            "one": each.one.name,
            "other": each.other.name,
            "measure": one.asked.measure,
            "verdict": crossing_text(each),
            "where": ", ".join(_size(place, one.total) for place in each.places) or None,
        }
        for number, size in enumerate(each.sizes):
            label = each.one.labels[each.one.numbers.index(size)]
            line |= {
                label: each.differences[number],
                f"{label} low": each.low[number],
                f"{label} high": each.high[number],
                f"{label} p": each.p[number],
            }
        lines.append(line)
    kind = words.change(one.asked.measure for one, _ in every)
    columns = (
        Column("one", "row"),
        Column("other", "less row"),
        Column("measure", "on", spare=1),
        Column("verdict", "do they cross?"),
        Column("where", "means cross at", spare=1),
        *(
            Column(size, size, kind, None, "difference with", 2, low=f"{size} low", high=f"{size} high")
            for size in sizes
        ),
        *(Column(f"{size} p", drawn=False) for size in sizes),
    )
    caption = (
        "Curves that differ in one choice: the difference at each size, paired by track and seed [simultaneous 95 % "
        "intervals over sizes]. Curves are said to cross where one is better at one size and the other at another, "
        "both significant; p corrected over all sizes of all pairs (Holm)."
    )
    return Table(columns, _plain(lines[:_MOST_POINTS]), caption)


def crossing_text(each: Crossing) -> str:
    """Return in words whether two curves cross."""
    if each.verdict == CROSS:
        return "they cross"
    if each.verdict == ONE_SIDE:
        return "one is better at some sizes, the other at none"
    return "undecided"


def shapes_table(found: Questions, words: Words) -> Table | None:
    """Return the shape of each response to a dose, and where its optimum lies."""
    lines = [
        {
            "axis": each.curve.axis, "row": each.curve.name, "measure": one.asked.measure, "shape": _shape(each, words),
            "best": _number(each.best), "optimum": _range(each), "p": each.p, "low": each.best_low,
            "high": each.best_high, "doses": ", ".join(each.curve.labels),
        }
        for one in found.sets
        for each in one.responses
    ]  # fmt: skip
    if not lines:
        return None
    columns = (
        Column("axis", "dose"),
        Column("row", "row"),
        Column("measure", "on"),
        Column("shape", "response"),
        Column("best", "best mean at"),
        Column("optimum", "best dose may be"),
        Column("p", "p (Holm)", "probability", spare=1),
        *(Column(key, drawn=False) for key in ("low", "high", "doses")),
    )
    caption = (
        "How each row responds to a dose. 'Better with more': some larger doses are better than smaller ones, and none "
        "is worse; 'best inside': a dose is better than a smaller one and better than a larger one; 'flat': all are "
        f"equal within {100 * words.smallest:g} points. All differences and change points of all curves of a set are "
        "tested, and corrected together (Holm). The best dose is one of those that no other is better than."
    )
    return Table(columns, _plain(lines), caption)


def doses_table(found: Questions, words: Words) -> Table | None:
    """Return the mean at each dose, and the difference to the lowest."""
    lines = [
        {
            "axis": each.curve.axis, "row": each.curve.name, "measure": one.asked.measure, "dose": label,
            "value": each.means[at], "low": each.low[at], "high": each.high[at], "change": each.change[at],
            "change low": each.change_low[at], "change high": each.change_high[at],
        }
        for one in found.sets
        for each in one.responses
        for at, label in enumerate(each.curve.labels)
    ]  # fmt: skip
    if not lines:
        return None
    names = [str(line["measure"]) for line in lines]
    columns = (
        Column("axis", "dose", drawn=len({line["axis"] for line in lines}) > 1),
        Column("row", "row"),
        Column("measure", "on"),
        Column("dose", "dose"),
        Column("value", "mean", words.share(names[0]), low="low", high="high"),
        Column("change", "to the lowest", words.change(names), low="change low", high="change high"),
    )
    caption = "Mean at each dose, and the paired difference to the lowest [simultaneous 95 % intervals over the doses]."
    return Table(columns, _plain(lines[:_MOST_POINTS]), caption)


def surface_table(found: Surface, one: Answers, words: Words) -> Table:
    """Return means over two axes of numbers; what may be the best is starred."""
    columns = list(dict.fromkeys(label for _, label in found.rows))
    kind = words.share(one.asked.measure)
    lines: dict[str, dict[str, Any]] = {}
    for (label, other), row in found.rows.items():
        line = lines.setdefault(label, {found.axis: label})
        line[other] = one.asked.rows[row].mean
        if row in found.best:
            line["may be best at"] = ", ".join(filter(None, [line.get("may be best at"), other]))
    where = ", ".join(label for _, label in found.rest)
    caption = (
        f"{one.asked.measure}{f' of {where}' if where else ''} over {found.axis} (down) and {found.other} (across); "
        "the last column names those that no other is better than (all pairs corrected, Holm)."
    )
    heads = (
        Column(found.axis, found.axis),
        *(Column(name, name, kind, None, found.other) for name in columns),
        Column("may be best at", "may be best at"),
    )
    return Table(heads, _plain(list(lines.values())), caption)


def between_table(found: Questions, words: Words) -> Table | None:
    """Return where the effect of one axis differs between values of another."""
    lines = [
        dict(line) | {"measure": one.asked.measure, "change": _change(line), "question": _between(line)}
        for one in found.sets
        for line in one.interactions.between
    ]
    if not lines:
        return None
    columns = (
        Column("change", "change"),
        Column("question", "more with … than with …"),
        Column("measure", "on"),
        Column("difference", "difference of effects", words.change(_measures(lines)), low="low", high="high"),
        Column("p_holm", "p (Holm)", "probability"),
        *(Column(key, drawn=False) for key in ("axis", "value", "baseline", "of", "at", "against", "p")),
    )
    caption = (
        "Interactions: by how much a change does more with one value of another axis than with another one, paired by "
        "track and seed [95 % interval]; p corrected over all lines of a set (Holm)."
    )
    lead = f"{sum(float(str(line['p_holm'])) < ALPHA for line in lines)} of {len(lines)} interactions are significant."
    return Table(columns, _plain(_least_p(lines, _MOST_POINTS)), caption, _cut(lines, _MOST_POINTS), (lead,))


def within_table(found: Questions, words: Words) -> Table | None:
    """Return the effect of one axis within each value of another."""
    between = {
        (one.asked.set, line["axis"], line["of"]) for one in found.sets for line in one.interactions.between
    }
    lines = [
        dict(line)
        | {"measure": one.asked.measure, "change": _change(line), "where": f"{line['of']}: {line['at']}"}
        for one in found.sets
        for line in one.interactions.within
        if (one.asked.set, line["axis"], line["of"]) in between
    ]
    if not lines:
        return None
    columns = (
        Column("change", "change"),
        Column("where", "within"),
        Column("measure", "on"),
        Column("difference", "difference", words.change(_measures(lines)), low="low", high="high"),
        Column("pairs", "pairs of rows", "integer", spare=1),
        *(Column(key, drawn=False) for key in ("axis", "value", "baseline", "of", "at", "p")),
    )
    caption = "What a value changes within each value of another axis [95 % interval, not corrected]."
    return Table(columns, _plain(lines[:_MOST_POINTS]), caption, _cut(lines, _MOST_POINTS))


def between_classes_table(found: Questions, words: Words) -> Table | None:
    """Return the interactions of each class, the smallest p values first."""
    every = [
        dict(line)
        | {"measure": f"{one.asked.set}/recall", "change": _change(line), "question": _between(line)}
        for one in found.sets
        for line in one.interactions.by_class
    ]
    if not every:
        return None
    lines = _least_p(every, _MOST_CLASS_LINES)
    columns = (
        Column("class", "class"),
        Column("change", "change"),
        Column("question", "more with … than with …"),
        Column("measure", "on"),
        Column("difference", "difference of effects", "points", low="low", high="high"),
        Column("p_holm", "p (Holm)", "probability"),
        *(Column(key, drawn=False) for key in ("axis", "value", "baseline", "of", "at", "against", "p")),
    )
    caption = (
        "The same per class, on the share of its tracks that is recognised; p corrected over all classes and changes "
        "of a set (Holm), the smallest first."
    )
    return Table(columns, _plain(lines), caption, _cut(every, _MOST_CLASS_LINES))


def shift_table(shifts: Sequence[Shift], words: Words) -> Table | None:
    """Return how far each other set agrees with the first in the order of rows."""
    lines = [
        {
            "here": each.here, "there": each.there, "rows": len(each.rows), "tau": each.tau, "low": each.low,
            "high": each.high, "decided": f"{each.decided} of {each.pairs}",
            "swapped": "; ".join(f"{words.labels[a]} and {words.labels[b]}" for a, b in each.swapped) or None,
        }
        for each in shifts
    ]  # fmt: skip
    if not lines:
        return None
    columns = (
        Column("here", "here"),
        Column("there", "there"),
        Column("rows", "rows", "integer"),
        Column("tau", "rank agreement", "signed", low="low", high="high"),
        Column("decided", "pairs in a sure order on both"),
        Column("swapped", "change places"),
    )
    caption = (
        "Whether rows keep their order: Kendall's tau of their means, 1 for the same order and -1 for the reverse, and "
        "what it may be [95 % confidence]: pairs whose order is sure on both sets bound it, all others may be either "
        "way. Rows change places where the first is surely better here, and surely worse there."
    )
    return Table(columns, _plain(lines), caption)


def places_table(each: Shift, found: Questions, words: Words) -> Table:
    """Return both values of each row, and its places."""
    rows = {one.asked.measure: one.asked for one in found.sets}
    values = {name: {row: rows[name].rows[row].mean for row in each.rows} for name in (each.here, each.there)}
    better = words.measures[each.here].greater_is_better
    places = changed_places(values, each.rows, each.here, each.there, greater_is_better=better)
    lines = [
        {
            "row": words.labels[row], "here": values[each.here][row], "there": values[each.there][row],
            "change": values[each.there][row] - values[each.here][row], "from": places[row][0], "to": places[row][1],
        }
        for row in sorted(each.rows, key=lambda row: places[row][0])
    ]  # fmt: skip
    columns = (
        Column("row", "row"),
        Column("here", each.here, words.share(each.here)),
        Column("there", each.there, words.share(each.there)),
        Column("change", "difference", words.change([each.here])),
        Column("from", "place here", "integer"),
        Column("to", "place there", "integer"),
    )
    return Table(
        columns, _plain(lines), f"Each row on {each.here} and on {each.there}, and its place by the mean."
    )


def _shape(each: Response, words: Words) -> str:
    return SHAPES.get(each.shape, each.shape)


def _range(each: Response) -> str:
    low, high = _number(each.best_low), _number(each.best_high)
    return low if low == high else f"{low} … {high}"


def _number(value: float) -> str:
    return f"{value:g}"


def _size(number: float, total: float) -> str:
    """Return a number of tracks as a share of the training part, and as it is."""
    if not math.isfinite(number):
        return MISSING
    return f"{100 * number / total:.0f} % ({number:.0f} tracks)" if total > 1.5 else f"{100 * number:.0f} %"


def _own(rest: Sequence[tuple[str, str]], axis: str) -> str:
    return dict(rest)[axis]


def _others(rest: Sequence[tuple[str, str]], axis: str) -> str:
    return " · ".join(label for name, label in rest if name != axis)


def _change(line: Mapping[str, Any]) -> str:
    return f"{line['axis']}: {line['baseline']} → {line['value']}"


def _between(line: Mapping[str, Any]) -> str:
    return f"{line['of']}: {line['at']} than {line['against']}"


def _measures(lines: Sequence[Mapping[str, Any]]) -> list[str]:
    return [str(line["measure"]) for line in lines]


def _least_p(lines: Sequence[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    return sorted(lines, key=lambda line: (math.isnan(line["p"]), line["p"]))[:most]


def _cut(lines: Sequence[Any], most: int) -> tuple[str, ...]:
    return (f"{most} of {len(lines):,} lines are shown.",) if len(lines) > most else ()


def _plain(lines: Sequence[Mapping[Hashable, Any] | Mapping[str, Any]]) -> tuple[dict[str, object], ...]:
    return tuple({str(key): plain(value) for key, value in line.items()} for line in lines)
