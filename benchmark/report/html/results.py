"""Sections that show results: the leaderboard, classes, confusion, and how training went."""

from __future__ import annotations

import re

from benchmark.analysis.cost import against_cost, known_costs
from benchmark.analysis.leaderboard import HIGH, LOW, MEAN
from benchmark.report.html.chart import Chart, learning_curves
from benchmark.report.html.grid import LETTERS, difference_grid, share_grid, table_grid
from benchmark.report.html.material import Material
from benchmark.report.html.scatter import cost_scatter
from benchmark.report.html.section import (
    MOST_LINES,
    MOST_MATRIX_CELLS,
    MOST_PANELS,
    Choice,
    Panel,
    Section,
    best,
)

LEADERBOARD = "leaderboard-table"


def leaderboard_section(material: Material) -> Section:
    """Return the leaderboard, with a filter for each axis."""
    axes = [column.key for column in material.board.drawn if column.key in material.results.axes]
    measured = [f"{measure.name} {MEAN}" for measure in material.results.measures]
    sort = material.sorted_by.name
    bars = {
        f"{sort} {MEAN}": (f"{sort} {LOW}", f"{sort} {MEAN}", f"{sort} {HIGH}"),
        "rank": ("rank_low", "rank_middle", "rank_high"),
    }
    grid = table_grid(LEADERBOARD, material.board, axes[0] if axes else None, measured, bars)
    legend = ", ".join(f"{letter} {mark}" for mark, letter in LETTERS.items() if mark in material.all_marks)
    filters = {axis: material.plan.suite.axes[axis] for axis in axes}
    return Section(
        "leaderboard",
        "Leaderboard",
        texts=(*material.board.lead, *((f"Letters beside a number: {legend}.",) if legend else ())),
        grids=(grid,),
        sortable=True,
        filters={axis: labels for axis, labels in filters.items() if len(labels) > 1},
    )


def classes_section(material: Material) -> Section:
    """Return a heatmap per evaluation set: how much of each class was recognised."""
    marks = material.marks_by_label()
    grids = []
    for evaluation, found in material.sets.items():
        shares = found.shares
        shown = shares.head(MOST_LINES)
        caption = (
            f"Per cent of each class's tracks on {evaluation} that were recognised, mean over cells."
            + best(len(shown), len(shares))
        )
        named = shown.rename(index=material.labels)
        grids.append(share_grid(f"classes-{slug(evaluation)}", named, caption, "row", marks))
    return Section("classes", "Per class", grids=tuple(grids))


def differences_section(material: Material) -> Section:
    """Return a heatmap per evaluation set: each row less its baseline, per class."""
    marks = material.marks_by_label()
    grids = []
    for evaluation, found in material.sets.items():
        differences = found.differences
        if not len(differences):
            continue
        shown = differences.head(MOST_LINES)
        caption = (
            f"Points that each class gains or loses against the row's baseline on {evaluation}, as found: what "
            "of it is more than chance stands under effects. Blue is more, orange is less."
            + best(len(shown), len(differences))
        )
        named = shown.rename(index=material.labels)
        grids.append(difference_grid(f"differences-{slug(evaluation)}", named, caption, "row", marks))
    return Section("differences", "Difference to the baseline", grids=tuple(grids))


def confusion_section(material: Material) -> Section:
    """Return the confusion matrices of the best rows, to choose from."""
    choices, texts = [], []
    for evaluation, found in material.sets.items():
        sizes = max((matrix.size for matrix in found.confusions.values()), default=1)
        most = max(1, min(MOST_PANELS, MOST_MATRIX_CELLS // sizes))
        name = f"confusion-{slug(evaluation)}"
        panels = []
        for row, matrix in list(found.confusions.items())[:most]:
            label = material.labels[row]
            said = f" [{', '.join(material.marks(row))}]" if material.marks(row) else ""
            caption = (
                f"{label} on {evaluation}{said}: per cent of each true class (lines) taken for each class."
            )
            grid = share_grid(
                f"{name}-{row}",
                matrix,
                caption,
                "true class",
                {},
            )
            panels.append(Panel(str(row), label, grid))
        if panels:
            choices.append(Choice(name, f"Row, on {evaluation}", tuple(panels)))
            texts.append(best(len(panels), len(found.shares)).strip())
    shown = tuple(dict.fromkeys(text for text in texts if text))
    return Section("confusion", "Confusion", texts=shown if choices else (), choices=tuple(choices))


def curves_section(material: Material) -> Section:
    """Return the learning curves of the best rows."""
    panels: list[Chart] = []
    for row in list(material.labels)[:MOST_PANELS]:
        chart = learning_curves(material.labels[row], material.results.histories(row), material.marks(row))
        if chart is not None:
            panels.append(chart)
    if not panels:
        return Section("curves", "Learning curves")
    said = "Accuracy on items by epoch: a thin line per cell, a thick one for their mean."
    return Section(
        "curves",
        "Learning curves",
        texts=(said + best(min(MOST_PANELS, len(material.labels)), len(material.labels)),),
        charts=(("", tuple(panels)),),
        legend=(("validation", "validation"), ("training", "training")),
    )


def cost_section(material: Material) -> Section:
    """Return accuracy against each cost in which rows differ, and the rows that no other beats."""
    measure = material.sorted_by
    tables = {
        cost: table
        for cost in known_costs(material.lines)
        if len(table := against_cost(material.lines, measure, cost)) > 1
    }
    if not tables:
        return Section("cost", "Cost")
    panels = tuple(
        cost_scatter(table, material.labels, cost, measure, material.all_marks)
        for cost, table in tables.items()
    )
    return Section(
        "cost",
        "Cost",
        texts=(
            "Each point is a complete row that is not leaky. Filled and joined are those that no other row beats: "
            "whatever is cheaper is worse. Differences of accuracy may be chance; see which are real.",
        ),
        charts=(("", panels),),
        is_wide=True,
    )


def slug(text: str) -> str:
    """Return a text as part of an element's id."""
    return re.sub(r"\W+", "-", text).strip("-")
