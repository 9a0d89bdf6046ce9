"""The leaderboard on the page, with a filter for each axis."""

from __future__ import annotations

from benchmark.analysis.leaderboard import HIGH, LOW, MEAN
from benchmark.report.html.section import Section
from benchmark.report.html.tables import LETTERS, page_table
from benchmark.report.material import Material

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
    table = page_table(LEADERBOARD, material.board, axes[0] if axes else None, measured, bars)
    legend = ", ".join(f"{letter} {mark}" for mark, letter in LETTERS.items() if mark in material.marks)
    filters = {axis: material.plan.suite.axes[axis] for axis in axes}
    return Section(
        "leaderboard",
        "Leaderboard",
        texts=(*material.board.lead, *((f"Letters beside a number: {legend}.",) if legend else ())),
        tables=(table,),
        sortable=True,
        filters={axis: labels for axis, labels in filters.items() if len(labels) > 1},
    )
