"""Sections that show statistics: pairs of rows, effects of factors, calibration."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from benchmark.analysis.comparison import by_pair
from benchmark.report.html.chart import Chart, Scale, reliability
from benchmark.report.html.grid import BAR, Bar, Cell, Grid, Head, points
from benchmark.report.html.material import Material
from benchmark.report.html.palette import difference_step
from benchmark.report.html.results import slug
from benchmark.report.html.section import MOST_COMPARED, MOST_LINES, MOST_PANELS, Section, best
from benchmark.report.table import MISSING, probability_text
from benchmark.results.frames import Measure

if TYPE_CHECKING:
    from benchmark.analysis.critical_difference import CriticalDifference

LEVEL = 0.05
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
        f"correction over all pairs). Coloured where p < {LEVEL:g}: blue where the row on the left is better, "
        "orange where it is worse. Grey: these data cannot tell the two apart.",
    ]
    words += [
        f"On {measure}, these data can separate differences of about {_size(material, str(measure), least)}."
        for measure, least in statistics.separable.items()
        if math.isfinite(least)
    ]
    found = statistics.critical_difference
    ranks = () if isinstance(found, str) else (_ranks_grid(found),)
    notes = (*statistics.notes, found) if isinstance(found, str) else statistics.notes
    return Section(
        "pairs", "Which differences are real", texts=tuple(words), grids=(*grids, *ranks), items=tuple(notes)
    )


def effects_section(material: Material) -> Section:
    """Return what each value of an axis changes against its baseline: overall, and per class."""
    statistics = material.statistics
    if statistics is None or not len(statistics.effects):
        return Section("effects", "Effects of factors")
    effects = statistics.effects
    overall, by_class = effects[effects["class"] == ""], effects[effects["class"] != ""]
    grids = [_effects_grid(material, overall)] if len(overall) else []
    for (axis, measure), found in by_class.groupby(["axis", "measure"], sort=False):
        grids.append(_class_effects_grid(str(axis), str(measure), found))
    said = (
        "The paired difference that a value makes to its baseline, over all models and seeds, with its 95 % "
        "interval."
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
            title = f"{material.labels[row]} — ECE {100 * float(bins['ece'].iloc[0]):.1f} %"
            panels.append(reliability(title, bins, material.marks(row)))
        charts.append((f"On {evaluation}.{best(len(panels), len(by_row))}", tuple(panels)))
    said = (
        "How often answers of a given confidence are right. Below the dotted line a model is too sure of itself. "
        "ECE is the expected calibration error; larger dots stand for more answers."
    )
    return Section("calibration", "Calibration", texts=(said,), charts=tuple(charts))


def _ranks_grid(found: CriticalDifference) -> Grid:
    caption = (
        f"Average ranks over {len(found.datasets)} data sets ({', '.join(found.datasets)}); Friedman's test that all "
        f"are equal: p {p_text(found.p)}. Ranks that differ by less than {found.difference:.2f} cannot be told apart "
        "(Nemenyi)."
    )
    heads = (Head("method"), Head("average rank", True))
    lines = tuple(
        (Cell(str(name), str(name), is_head=True), Cell(f"{rank:.2f}", str(rank)))
        for name, rank in found.ranks.items()
    )
    return Grid("average-ranks", caption, heads, lines)


def _pairs_grid(material: Material, measure: str, compared: pd.DataFrame) -> Grid:
    known = by_pair(compared, measure)
    present = {row for pair in known for row in pair}
    rows = [row for row in material.labels if row in present]
    shown = rows[:MOST_COMPARED]
    limit = max((abs(float(line["difference"])) for line in known.values()), default=1.0)
    lines = []
    for number, row in enumerate(shown, 1):
        head = Cell(f"{number} {material.labels[row]}", is_head=True, marks=material.marks(row))
        cells = (_pair_cell(known, row, other, limit, material.measure(measure)) for other in shown)
        lines.append((head, *cells))
    tests = " or ".join(dict.fromkeys(map(str, compared["test"])))
    caption = f"Differences of {measure} between rows ({tests}).{best(len(shown), len(rows))}"
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
    style = f"d{difference_step(better, limit)}" if p < LEVEL else "unclear"
    return Cell(_signed(difference, measure), note=f"p {p_text(p)}", style=style)


def _effects_grid(material: Material, effects: pd.DataFrame) -> Grid:
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
                Cell(str(int(line["pairs"])), str(line["pairs"])),
                Cell(p_text(float(line["p_holm"])), str(line["p_holm"])),
            )
        )  # fmt: skip
    heads = ("value", "baseline", "measure", "difference", "95 % interval", "pairs of rows", "p (Holm)")
    numbers = ("difference", "pairs of rows", "p (Holm)")
    return Grid(
        "effects-overall", "Overall.", tuple(Head(head, head in numbers) for head in heads), tuple(lines)
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
            cells.append(Cell(points(difference, 0), style=style))
        lines.append(tuple(cells))
    caption = f"Per class, {axis} on {measure}: points; coloured where the 95 % interval does not hold zero."
    heads = (Head(axis), *(Head(str(name), True, slanted=True) for name in classes))
    return Grid(f"effects-{slug(axis)}-{slug(measure)}", caption, heads, tuple(lines), style="heat")


def interval_text(low: float, high: float, measure: Measure) -> str:
    """Return the interval of a difference."""
    known = math.isfinite(low) and math.isfinite(high)
    return f"{_signed(low, measure)} … {_signed(high, measure)}" if known else MISSING


def _signed(difference: float, measure: Measure) -> str:
    """Return a difference with its sign, in points where the measure is a percentage."""
    return points(difference) if measure.percent else f"{difference:+.3f}".replace("-", "−")


def _size(material: Material, name: str, least: float) -> str:
    return f"{100 * least:.1f} points" if material.measure(name).percent else f"{least:.3f}"


def p_text(p: float) -> str:
    """Return a p value, or that there is none."""
    return probability_text(p) if math.isfinite(p) else MISSING
