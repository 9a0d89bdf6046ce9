"""Sections that show statistics: pairs of rows, effects of factors, calibration."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from benchmark.analysis.comparison import BETTER, EQUAL, WORSE, by_pair
from benchmark.report.html.chart import Chart, Scale, reliability
from benchmark.report.html.grid import BAR, Bar, Cell, Grid, Head, points
from benchmark.report.html.material import Material
from benchmark.report.html.palette import difference_step
from benchmark.report.html.results import slug
from benchmark.report.html.section import MOST_COMPARED, MOST_LINES, MOST_PANELS, Section, best
from benchmark.report.table import MISSING, probability_text
from benchmark.report.verdicts import margin_text, separable_sentences
from benchmark.results.frames import Measure

if TYPE_CHECKING:
    pass

Line = Mapping[Hashable, Any]


def pairs_section(material: Material) -> Section:
    """Return, per measure, a matrix of differences between rows and which of them are more than chance."""
    statistics = material.statistics
    if statistics is None or not len(statistics.comparisons):
        return Section("pairs", "Which differences are real")
    grids = tuple(
        _pairs_grid(material, str(measure), compared)
        for measure, compared in statistics.comparisons.groupby("measure", sort=False)
    )
    words = [
        "Each cell is the row on its left less the row above it, with the p value below (Holm's "
        "correction over all pairs) and its 95 % interval when the pointer is on it. Blue: the row on the left is "
        "better; orange: it is worse; framed: the two are equal within "
        f"{margin_text(statistics.smallest, material.sorted_by)}; grey: undecided. Only rows that are tested alike are "
        "compared.",
    ]
    words += separable_sentences(statistics, material.results.measures)
    return Section(
        "pairs", "Which differences are real", texts=tuple(words), grids=grids, items=tuple(statistics.notes)
    )


def effects_section(material: Material) -> Section:
    """Return what each value of an axis changes against its baseline: overall, and per class."""
    statistics = material.statistics
    if statistics is None or not len(statistics.effects):
        return Section("effects", "Effects of factors")
    effects = statistics.effects
    overall, by_class = effects[effects["class"] == ""], effects[effects["class"] != ""]
    grids = [_effects_grid(material, overall)] if len(overall) else []
    by_row = statistics.effects_by_row
    if len(by_row):
        shown = by_row.head(MOST_LINES)
        caption = f"In each row against the one that differs in nothing else.{best(len(shown), len(by_row))}"
        grids.append(_effects_grid(material, shown, "effects-by-row", caption))
    for (axis, measure), found in by_class.groupby(["axis", "measure"], sort=False):
        grids.append(_class_effects_grid(str(axis), str(measure), found))
    said = (
        "The paired difference that a value makes to its baseline, over all models and seeds, with its 95 % "
        "interval. Rows with the same answers whatever is changed are left out."
    )
    return Section("effects", "Effects of factors", texts=(said,), grids=tuple(grids))


def calibration_section(material: Material) -> Section:
    """Return reliability diagrams of the best rows, and the expected calibration error of all."""
    statistics = material.statistics
    if statistics is None or not len(statistics.calibration):
        return Section("calibration", "Calibration")
    charts = []
    for evaluation, found in statistics.calibration.groupby("set", sort=False):
        by_row = {int(bins["row"].iloc[0]): bins for _, bins in found.groupby("row")}
        panels: list[Chart] = []
        for row in [row for row in material.labels if row in by_row][:MOST_PANELS]:
            bins = by_row[row]
            error, floor = (100 * float(bins[key].iloc[0]) for key in ("ece", "floor"))
            title = f"{material.labels[row]} — ECE {error:.1f} %, {floor:.1f} by chance"
            panels.append(reliability(title, bins, material.marks(row)))
        charts.append((f"On {evaluation}.{best(len(panels), len(by_row))}", tuple(panels)))
    said = (
        "How often answers of a given confidence are right. Below the dotted line a model is too sure of itself. "
        "ECE is the expected calibration error, and behind it what a calibrated model would show by chance alone; "
        "larger dots stand for more answers."
    )
    return Section("calibration", "Calibration", texts=(said,), charts=tuple(charts))


def _pairs_grid(material: Material, measure: str, compared: pd.DataFrame) -> Grid:
    present = {*compared["row"], *compared["other"]}
    rows = [row for row in material.labels if row in present]
    shown = rows[:MOST_COMPARED]
    limit = float(compared["difference"].abs().max())
    known = by_pair(compared[compared["row"].isin(shown) & compared["other"].isin(shown)], measure)
    lines = []
    for number, row in enumerate(shown, 1):
        head = Cell(f"{number} {material.labels[row]}", is_head=True, marks=material.marks(row))
        cells = (_pair_cell(known, row, other, limit, material.measure(measure)) for other in shown)
        lines.append((head, *cells))
    caption = f"Differences of {measure} between rows.{best(len(shown), len(rows))}"
    heads = (Head("row"), *(Head(str(number), True, slanted=True) for number in range(1, len(shown) + 1)))
    return Grid(f"pairs-{slug(measure)}", caption, heads, tuple(lines), style="heat")


def _pair_cell(
    known: Mapping[tuple[int, int], Line], row: int, other: int, limit: float, measure: Measure
) -> Cell:
    if row == other:
        return Cell("", style="same")
    line = known.get((row, other))
    if line is None:
        return Cell(MISSING, style="none")
    difference, p = float(line["difference"]), float(line["p_holm"])
    better = difference if measure.greater_is_better else -difference
    decided = {
        BETTER: f"d{difference_step(better, limit)}",
        WORSE: f"d{difference_step(better, limit)}",
        EQUAL: "equal",
    }
    style = decided.get(str(line["verdict"]), "unclear")
    note = f"p {p_text(p)}" if math.isfinite(p) else str(line["reason"])
    return Cell(_signed(difference, measure), note=note, style=style, title=_title(line, measure))


def _title(line: Line, measure: Measure) -> str:
    low, high = float(line["low"]), float(line["high"])
    return f"95 % {interval_text(low, high, measure)}, {line['verdict']}"


def _effects_grid(
    material: Material, effects: pd.DataFrame, name: str = "effects-overall", caption: str = "Overall."
) -> Grid:
    """Return changes with their intervals: overall, or of each row (those have no corrected p value)."""
    by_row = "row" in effects
    least, most = min(0.0, float(effects["low"].min())), max(0.0, float(effects["high"].max()))
    scale = Scale(least, most, 4, BAR - 4)
    lines = []
    for line in effects.to_dict("records"):
        measure = material.measure(str(line["measure"]))
        low, at, high = (float(line[key]) for key in ("low", "difference", "high"))
        known = math.isfinite(low) and math.isfinite(high)
        bar = Bar(scale(low), scale(at), scale(high), scale(0.0)) if known else None
        lines.append(
            (
                Cell(f"{line['axis']}: {line['value']}", f"{line['axis']}: {line['value']}", is_head=True),
                Cell(str(line["baseline"]), str(line["baseline"])),
                Cell(str(line["measure"]), str(line["measure"])),
                Cell(_signed(at, measure), str(at)),
                Cell(interval_text(low, high, measure), style="interval", bar=bar),
                *_effect_cells(material, line, by_row=by_row),
            )
        )  # fmt: skip
    last = ("row",) if by_row else ("pairs of rows", "p (Holm)")
    heads = ("value", "baseline", "measure", "difference", "95 % interval", *last)
    numbers = ("difference", "pairs of rows", "p (Holm)")
    return Grid(name, caption, tuple(Head(head, head in numbers) for head in heads), tuple(lines))


def _effect_cells(material: Material, line: Line, *, by_row: bool) -> tuple[Cell, ...]:
    if by_row:
        label = material.labels[int(line["row"])]
        return (Cell(label, label),)
    protocol = "changes what is tested" if line["protocol"] else ""
    return (
        Cell(str(int(line["pairs"])), str(line["pairs"]), note=protocol),
        Cell(p_text(float(line["p_holm"])), str(line["p_holm"])),
    )


def _class_effects_grid(axis: str, measure: str, effects: pd.DataFrame) -> Grid:
    """Return values by classes; only differences whose interval excludes zero are coloured."""
    values, classes = dict.fromkeys(effects["value"]), list(dict.fromkeys(effects["class"]))
    known = {(line["value"], line["class"]): line for line in effects.to_dict("records")}
    limit = float(effects["difference"].abs().max())
    lines = []
    for value in list(values)[:MOST_LINES]:
        cells = [Cell(str(value), is_head=True)]
        for name in classes:
            line = known.get((value, name))
            if line is None or not math.isfinite(float(line["difference"])):
                cells.append(Cell(MISSING, style="none"))
                continue
            difference = float(line["difference"])
            clear = float(line["low"]) > 0 or float(line["high"]) < 0
            style = f"d{difference_step(difference, limit)}" if clear else "unclear"
            title = f"95 % {points(float(line['low']))} … {points(float(line['high']))}"
            cells.append(Cell(points(difference, 0), style=style, title=title))
        lines.append(tuple(cells))
    caption = (
        f"Per class, {axis} on {measure}: points, drawn towards the mean of all classes (partial pooling); coloured "
        "where the 95 % interval does not hold zero."
    )
    heads = (Head(axis), *(Head(str(name), True, slanted=True) for name in classes))
    return Grid(f"effects-{slug(axis)}-{slug(measure)}", caption, heads, tuple(lines), style="heat")


def interval_text(low: float, high: float, measure: Measure) -> str:
    """Return the interval of a difference."""
    known = math.isfinite(low) and math.isfinite(high)
    return f"{_signed(low, measure)} … {_signed(high, measure)}" if known else MISSING


def _signed(difference: float, measure: Measure) -> str:
    """Return a difference with its sign, in points where the measure is a percentage."""
    return points(difference) if measure.percent else f"{difference:+.3f}".replace("-", "−")


def p_text(p: float) -> str:
    """Return a p value, or that there is none."""
    return probability_text(p) if math.isfinite(p) else MISSING
