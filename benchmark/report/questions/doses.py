"""Dose and response, as tables: shapes, means at each dose, surfaces over two doses."""

from __future__ import annotations

from typing import Any

from benchmark.analysis.dose import BENDS, DIP, FALLS, FLAT, PEAK, RISES, Response
from benchmark.analysis.questions import Answers, Questions, Surface
from benchmark.report.questions.lines import MOST_LINES, plain_lines
from benchmark.report.questions.words import Words
from benchmark.report.table import Column, Table, keys_beside

SHAPES = {
    RISES: "better with more",
    FALLS: "worse with more",
    PEAK: "best inside",
    DIP: "worst inside",
    BENDS: "bends",
    FLAT: "flat",
}


def doses_tables(asked: Questions, words: Words) -> list[Table]:
    """Return the tables of doses; none without something to show."""
    surfaces = (
        surface_table(surface, answers, words) for answers in asked.sets for surface in answers.surfaces
    )
    tables = (shapes_table(asked, words), doses_table(asked, words), *surfaces)
    return [table for table in tables if table is not None]


def shapes_table(asked: Questions, words: Words) -> Table | None:
    """Return the shape of each response to a dose, and where its optimum lies."""
    lines = [
        {
            "axis": response.curve.axis, "row": response.curve.name, "measure": answers.asked.measure,
            "shape": _shape(response, words),
            "best": _number(response.best), "optimum": _range(response), "p": response.p, "low": response.best_low,
            "high": response.best_high, "doses": ", ".join(response.curve.labels),
        }
        for answers in asked.sets
        for response in answers.responses
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
    return Table(columns, plain_lines(lines), caption)


def doses_table(asked: Questions, words: Words) -> Table | None:
    """Return the mean at each dose, and the difference to the lowest."""
    lines = [
        {
            "axis": response.curve.axis, "row": response.curve.name, "measure": answers.asked.measure, "dose": label,
            "value": response.means[at], "low": response.low[at], "high": response.high[at],
            "change": response.change[at],
            "change low": response.change_low[at], "change high": response.change_high[at],
        }
        for answers in asked.sets
        for response in answers.responses
        for at, label in enumerate(response.curve.labels)
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
    return Table(columns, plain_lines(lines[:MOST_LINES]), caption)


def surface_table(surface: Surface, answers: Answers, words: Words) -> Table:
    """Return means over two axes of numbers; what may be the best is starred."""
    columns = list(dict.fromkeys(label for _, label in surface.rows))
    kind = words.share(answers.asked.measure)
    keys = keys_beside(columns, (surface.axis, "may be best at"))
    lines: dict[str, dict[str, Any]] = {}
    for (label, other), row in surface.rows.items():
        line = lines.setdefault(label, {surface.axis: label})
        line[keys[other]] = answers.asked.rows[row].mean
        if row in surface.best:
            line["may be best at"] = ", ".join(filter(None, [line.get("may be best at"), other]))
    where = ", ".join(label for _, label in surface.rest)
    caption = (
        f"{answers.asked.measure}{f' of {where}' if where else ''} over {surface.axis} (down) and {surface.other} "
        "(across); the last column names those that no other is better than (all pairs corrected, Holm)."
    )
    heads = (
        Column(surface.axis, surface.axis),
        *(Column(key, name, kind, None, surface.other) for name, key in keys.items()),
        Column("may be best at", "may be best at"),
    )
    return Table(heads, plain_lines(list(lines.values())), caption)


def _shape(response: Response, words: Words) -> str:
    return SHAPES.get(response.shape, response.shape)


def _range(response: Response) -> str:
    low, high = _number(response.best_low), _number(response.best_high)
    return low if low == high else f"{low} … {high}"


def _number(value: float) -> str:
    return f"{value:g}"
