"""Chapters of statistics: which differences are real, what changes what, how far answers can be trusted."""

from __future__ import annotations

import pandas as pd

from benchmark.report.chapters.kinds import Chapter, Tables, titled
from benchmark.report.charts.evidence import (
    class_effects_pictures,
    effects_picture,
    pairs_picture,
    ranks_picture,
    reliability_pictures,
)
from benchmark.report.charts.words import MOST_LINES
from benchmark.report.evidence import (
    best_tables,
    calibration_table,
    class_effects_tables,
    effects_by_row_table,
    effects_table,
    ranks_table,
)
from benchmark.report.material import Material
from benchmark.report.sections import CALIBRATION, EFFECTS, EVIDENCE
from benchmark.report.verdicts import block_names, margin_text, separable_sentences


def evidence_chapter(material: Material) -> Chapter:
    """Return, per measure, which differences between rows are more than chance; and average ranks, where known."""
    statistics = material.statistics
    pictures = [
        pairs_picture(
            material.measure(str(measure)), compared, material.labels, material.marked, material.marks
        )
        for measure, compared in (
            statistics.comparisons.groupby("measure", sort=False) if len(statistics.comparisons) else ()
        )
    ]
    names = block_names(statistics, material.lines, material.results.axes)
    best = best_tables(statistics, material.sorted_by, material.labels, names)
    tables = (
        *titled("Differences to the best row", *best),
        *titled("Average ranks", ranks_table(statistics.critical_difference)),
    )
    if not isinstance(statistics.critical_difference, str):
        picture = ranks_picture(statistics.critical_difference, material.sorted_by.metric, material.marks)
        pictures.append(picture)
    said = (
        "Each cell of a matrix is the row on its left less the row above it, with the p value below (Holm's correction "
        "over all pairs) and its 95 % interval when the pointer is on it. Blue: the row on the left is better; orange: "
        "it is worse; framed: the two are equal within "
        f"{margin_text(statistics.smallest, material.sorted_by)}; grey: undecided. Only rows that are tested alike are "
        "compared.",
        *separable_sentences(statistics, material.results.measures),
    )
    title = "Which differences are real"
    shown = tuple(pictures)
    if not shown:
        return Chapter(EVIDENCE, title, tables, sortable=True)
    return Chapter(EVIDENCE, title, tables, shown, said, tuple(statistics.notes), sortable=True)


def effects_chapter(material: Material) -> Chapter:
    """Return what each value of an axis changes against its baseline: overall, by row, and per class."""
    statistics, measures = material.statistics, material.results.measures
    overall = statistics.effects[statistics.effects["class"] == ""]
    by_class = statistics.effects[statistics.effects["class"] != ""]
    pictures = []
    if len(overall):
        sort = material.sorted_by
        by_set = {str(name): own for name, own in overall.groupby("set", sort=False)}
        pictures.append(effects_picture(by_set, sort.metric, percent=sort.percent, marks=material.marks))
    if len(by_class):
        pictures += class_effects_pictures(by_class, material.marks)
    by_row = effects_by_row_table(statistics, measures, material.labels)
    per_class = class_effects_tables(statistics)
    tables = (
        *titled("Effects", effects_table(statistics, measures, material.labels)),
        *((Tables("Effects by row", (by_row,), most_on_page=MOST_LINES),) if by_row is not None else ()),
        *((Tables("Effects per class", tuple(per_class), on_page=False),) if per_class else ()),
    )
    said = (
        "The paired difference that a value makes to its baseline, over all models and seeds, with its 95 % "
        "interval. Rows with the same answers whatever is changed are left out.",
    )
    return Chapter(
        EFFECTS, "Effects of factors", tables, tuple(pictures), said if tables else (), sortable=True
    )


def calibration_chapter(material: Material) -> Chapter:
    """Return reliability diagrams of the best rows, and the expected calibration error of all."""
    calibration: pd.DataFrame = material.statistics.calibration
    if not len(calibration):
        return Chapter(CALIBRATION, "Calibration")
    pictures = tuple(reliability_pictures(calibration, material.labels, material.marked, material.marks))
    said = (
        "How often answers of a given confidence are right. Below the dotted line a model is too sure of itself. "
        "ECE is the expected calibration error, and behind it what a calibrated model would show by chance alone; "
        "larger dots stand for more answers.",
    )
    tables = titled("Calibration", calibration_table(material.statistics, material.labels))
    return Chapter(CALIBRATION, "Calibration", tables, pictures, said, sortable=True)
