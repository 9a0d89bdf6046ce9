"""Interactions, as tables: where effects differ, what they are, and the same per class."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from benchmark.analysis.cochran import ALPHA
from benchmark.analysis.questions import Questions
from benchmark.report.questions.lines import MOST_LINES, plain_lines
from benchmark.report.questions.words import Words
from benchmark.report.table import Column, Table

_MOST_CLASS_LINES = 120


def interactions_tables(asked: Questions, words: Words) -> list[Table]:
    """Return the tables of interactions; none without something to show."""
    tables = (between_table(asked, words), within_table(asked, words), between_classes_table(asked, words))
    return [table for table in tables if table is not None]


def between_table(asked: Questions, words: Words) -> Table | None:
    """Return where the effect of one axis differs between values of another."""
    lines = [
        dict(line) | {"measure": answers.asked.measure, "change": _change(line), "question": _between(line)}
        for answers in asked.sets
        for line in answers.interactions.between
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
    return Table(columns, plain_lines(_least_p(lines, MOST_LINES)), caption, _cut(lines, MOST_LINES), (lead,))


def within_table(asked: Questions, words: Words) -> Table | None:
    """Return the effect of one axis within each value of another."""
    between = {
        (answers.asked.set, line["axis"], line["of"])
        for answers in asked.sets
        for line in answers.interactions.between
    }
    lines = [
        dict(line)
        | {"measure": answers.asked.measure, "change": _change(line), "where": f"{line['of']}: {line['at']}"}
        for answers in asked.sets
        for line in answers.interactions.within
        if (answers.asked.set, line["axis"], line["of"]) in between
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
    return Table(columns, plain_lines(lines[:MOST_LINES]), caption, _cut(lines, MOST_LINES))


def between_classes_table(asked: Questions, words: Words) -> Table | None:
    """Return the interactions of each class, the smallest p values first."""
    every = [
        dict(line)
        | {"measure": f"{answers.asked.set}/recall", "change": _change(line), "question": _between(line)}
        for answers in asked.sets
        for line in answers.interactions.by_class
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
    return Table(columns, plain_lines(lines), caption, _cut(every, _MOST_CLASS_LINES))


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
