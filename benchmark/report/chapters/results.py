"""Chapters of results: reported values, classes, confusion, cost, how training went, and audits."""

from __future__ import annotations

import pandas as pd

from benchmark.analysis.cost import against_cost, known_costs
from benchmark.analysis.reference import beside_reference
from benchmark.analysis.topk_per_class import class_topk
from benchmark.report.audit import audit_table
from benchmark.report.chapters.kinds import Chapter, Tables, titled
from benchmark.report.charts.kinds import Picture
from benchmark.report.charts.results import (
    confusions_picture,
    cost_picture,
    curves_picture,
    differences_picture,
    shares_picture,
    topk_picture,
)
from benchmark.report.charts.words import MOST_PANELS
from benchmark.report.material import Material
from benchmark.report.reference import reference_tables
from benchmark.report.sections import AUDIT, CLASSES, CONFUSION, COST, CURVES, REFERENCE
from benchmark.report.shown import shown_rows
from benchmark.report.table import Column, Table, keys_beside, plain
from benchmark.results.frames import lines_of


def reference_chapter(material: Material) -> Chapter:
    """Return what others reported, beside what was measured."""
    reference, title = material.plan.suite.reference, "Reported and measured"
    if reference is None:
        return Chapter(REFERENCE, title)
    intervals = material.statistics.intervals
    beside = beside_reference(material.lines, intervals, material.results.axes, reference)
    tables = reference_tables(
        beside, material.lines, material.axes, material.results.measures, reference.source, material.marks
    )
    return Chapter(REFERENCE, title, titled(title, *tables), sortable=True)


def classes_chapter(material: Material) -> Chapter:
    """Return how much of each class is recognised, what that changes against the baseline, and the best rows' bars."""
    pictures, tables = [], []
    for evaluation, known in material.sets.items():
        labels, marked, marks = material.labels, material.marked, material.marks
        pictures.append(shares_picture(evaluation, known.shares, labels, marked, marks))
        if len(known.differences):
            pictures.append(differences_picture(evaluation, known.differences, labels, marked, marks))
        topk = _topk(material, evaluation)
        if topk is not None:
            pictures.append(topk)
        tables.append(_per_class(evaluation, known.shares.rename(index=labels)))
    said = (
        "Per cent of each class's tracks that were recognised, mean over cells; and the points that each class gains "
        "or loses against the row's baseline, as found: what of it is more than chance stands under effects. Blue is "
        "more, orange is less.",
    )
    shown = (Tables("Recognised per class", tuple(tables), on_page=False),) if tables else ()
    return Chapter(CLASSES, "Per class", shown, tuple(pictures), said if pictures else ())


def _topk(material: Material, evaluation: str) -> Picture | None:
    """Return the bars of the rows that the suite shows; None without predictions."""
    tables = {}
    for row in shown_rows(material.lines, material.results.axes, material.plan.suite.leaderboard):
        cells, classes = material.results.by_cell(row, evaluation).values(), material.results.classes(row)
        if cells:
            tables[material.labels[row]] = (class_topk(cells, classes, 1), class_topk(cells, classes, 2))
    return topk_picture(evaluation, tables, material.marks) if tables else None


def _per_class(evaluation: str, shares: pd.DataFrame) -> Table:
    keys = keys_beside(map(str, shares.columns), ("row",))
    columns = (Column("row", "row"), *(Column(key, name, "percent") for name, key in keys.items()))
    lines = [
        {"row": str(label)} | {keys[str(name)]: plain(value) for name, value in line.items()}
        for label, line in zip(shares.index, lines_of(shares), strict=True)
    ]
    caption = f"Percent of each class's tracks on {evaluation} that were recognised, mean over cells."
    return Table(columns, tuple(lines), caption)


def confusion_chapter(material: Material) -> Chapter:
    """Return the confusion matrices of the best rows."""
    pictures = tuple(
        confusions_picture(
            evaluation, known.confusions, len(known.shares), material.labels, material.marked, material.marks
        )
        for evaluation, known in material.sets.items()
    )
    return Chapter(CONFUSION, "Confusion", (), pictures)


def cost_chapter(material: Material) -> Chapter:
    """Return accuracy against each cost in which rows differ, and the rows that no other beats."""
    measure = material.sorted_by
    tables = {cost: against_cost(material.lines, measure, cost) for cost in known_costs(material.lines)}
    picture = cost_picture(tables, material.labels, measure, material.marks)
    said = (
        "Each point is a complete row that is not leaky. Filled and joined are those that no other row beats: "
        "whatever is cheaper is worse. Differences of accuracy may be chance; see which are real.",
    )
    return Chapter(COST, "Cost", (), (picture,) if picture else (), said if picture else ())


def curves_chapter(material: Material) -> Chapter:
    """Return the learning curves of the best rows."""
    histories = {row: material.results.histories(row) for row in list(material.labels)[:MOST_PANELS]}
    picture = curves_picture(
        histories, len(material.labels), material.labels, material.marked, material.marks
    )
    said = ("Accuracy on items by epoch: a thin line per cell, a thick one for their mean.",)
    return Chapter(CURVES, "Learning curves", (), (picture,) if picture else (), said if picture else ())


def audit_chapter(material: Material) -> Chapter:
    """Return what leakage audits found."""
    title = "Leakage audit"
    return Chapter(AUDIT, title, titled(title, audit_table(material.results.records.values())), sortable=True)
