"""Charts of statistics: pairs of rows, effects of factors, reliability, average ranks."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from benchmark.analysis.comparison import BETTER, EQUAL, WORSE, by_pair
from benchmark.report.charts.kinds import (
    Axis,
    Estimate,
    Forest,
    Heatmap,
    Picture,
    Ranks,
    Reliability,
    State,
    Tile,
)
from benchmark.report.charts.words import MOST_COMPARED, MOST_LINES, MOST_RELIABILITIES, best, slug
from benchmark.report.table import MISSING, probability_text
from benchmark.results.frames import Measure, lines_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from benchmark.analysis.critical_difference import CriticalDifference
    from benchmark.report.charts.results import Labels, Marked, Marks

Records = Mapping[Hashable, Any]


def pairs_picture(
    measure: Measure, compared: pd.DataFrame, labels: Labels, marked: Marked, marks: Marks
) -> Picture:
    """Return the differences between the best rows on one measure: the row of a line less that of a column."""
    present = {*compared["row"], *compared["other"]}
    rows = [row for row in labels if row in present]
    shown = rows[:MOST_COMPARED]
    known = by_pair(compared[compared["row"].isin(shown) & compared["other"].isin(shown)], measure.name)
    title = f"Differences of {measure.name} between rows{best(len(shown), len(rows))}"
    chart = Heatmap(
        title,
        "row",
        tuple(f"{number} {labels[row]}" for number, row in enumerate(shown, 1)),
        tuple(str(number) for number in range(1, len(shown) + 1)),
        tuple(tuple(_pair(known, row, other, measure) for other in shown) for row in shown),
        "points" if measure.percent else "signed",
        float(compared["difference"].abs().max()),
        tuple(tuple(marked.get(row, ())) for row in shown),
        digits=1 if measure.percent else 3,
        less_is_better=not measure.greater_is_better,
    )
    return Picture(f"pairs-{slug(measure.name)}", title, (chart,), marks)


def _pair(known: Mapping[tuple[int, int], Records], row: int, other: int, measure: Measure) -> Tile | None:
    if row == other:
        return Tile(math.nan, "same")
    line = known.get((row, other))
    if line is None:
        return None
    p = float(line["p_holm"])
    states: dict[str, State] = {BETTER: "", WORSE: "", EQUAL: "equal"}
    note = f"p {probability_text(p)}" if math.isfinite(p) else str(line["reason"])
    ends = interval_text(float(line["low"]), float(line["high"]), percent=measure.percent)
    hint = f"95 % {ends}, {line['verdict']}"
    return Tile(float(line["difference"]), states.get(str(line["verdict"]), "unclear"), note, hint)


def effects_picture(
    effects: Mapping[str, pd.DataFrame], metric: str, *, percent: bool, marks: Marks
) -> Picture:
    """Return what each value of each axis changes, with a group for each evaluation set."""
    title = f"What each choice changes in {metric}"
    return Picture("effects", title, (effects_forest(title, effects, percent=percent),), marks)


def effects_forest(title: str, effects: Mapping[str, pd.DataFrame], *, percent: bool) -> Forest:
    """Return effects (``axis, value, difference, low, high``) by group; ``percent``: they are differences of shares.

    Without an ``axis`` lines are called by the value alone.
    """
    groups = tuple(
        (
            name,
            tuple((_effect_label(line), _estimate(line)) for line in lines_of(table)),
        )
        for name, table in effects.items()
    )
    labels = tuple(dict.fromkeys(label for _, own in groups for label, _ in own))
    return Forest(title, Axis("difference to the baseline, 95 % interval", points=percent), labels, groups)


def _effect_label(line: Mapping[Any, Any]) -> str:
    return f"{line['axis']}: {line['value']}" if line.get("axis") else str(line["value"])


def _estimate(line: Mapping[Any, Any]) -> Estimate:
    return Estimate(float(line["difference"]), float(line["low"]), float(line["high"]))


def class_effects_pictures(effects: pd.DataFrame, marks: Marks) -> Iterator[Picture]:
    """Yield, by axis and measure, what its values (lines) change for each class; ``effects`` are those of classes."""
    for (axis, measure), own in effects.groupby(["axis", "measure"], sort=False):
        values, classes = list(dict.fromkeys(own["value"])), list(dict.fromkeys(own["class"]))
        known = {(line["value"], line["class"]): line for line in lines_of(own)}
        shown = values[:MOST_LINES]
        title = (
            f"What {axis} changes in {measure} of each class: points, drawn towards the mean of all classes (partial "
            f"pooling); coloured where the 95 % interval does not hold zero{best(len(shown), len(values), 'values')}"
        )
        chart = Heatmap(
            title,
            str(axis),
            tuple(map(str, shown)),
            tuple(map(str, classes)),
            tuple(tuple(_class_tile(known.get((value, name))) for name in classes) for value in shown),
            "points",
            float(own["difference"].abs().max()),
        )
        yield Picture(f"class-effects-{slug(str(axis))}-{slug(str(measure))}", title, (chart,), marks)


def _class_tile(line: Records | None) -> Tile | None:
    if line is None or not math.isfinite(float(line["difference"])):
        return None
    low, high = float(line["low"]), float(line["high"])
    clear = low > 0 or high < 0
    return Tile(
        float(line["difference"]),
        "" if clear else "unclear",
        hint=f"95 % {interval_text(low, high, percent=True)}",
    )


def reliability_pictures(
    calibration: pd.DataFrame, labels: Labels, marked: Marked, marks: Marks
) -> Iterator[Picture]:
    """Yield, for each evaluation set, how often answers of a given confidence are right, of the best rows."""
    for evaluation, own in calibration.groupby("set", sort=False):
        by_row = {int(str(row)): bins for row, bins in own.groupby("row")}
        shown = [row for row in labels if row in by_row][:MOST_RELIABILITIES]
        charts = tuple(reliability(labels[row], by_row[row], marked.get(row, ())) for row in shown)
        title = f"Reliability on {evaluation}{best(len(shown), len(by_row))}"
        yield Picture(f"reliability-{slug(str(evaluation))}", title, charts, marks)


def reliability(label: str, bins: pd.DataFrame, marks: Marks = ()) -> Reliability:
    """Return ``confidence``, ``accuracy`` and ``count`` of each bin that has tracks, and the error of all."""
    error, floor = (100 * float(bins[key].iloc[0]) for key in ("ece", "floor"))
    known = bins[bins["count"] > 0]
    points = zip(known["confidence"], known["accuracy"], known["count"], strict=True)
    return Reliability(
        f"{label} — ECE {error:.1f} %, {floor:.1f} by chance",
        tuple((float(a), float(b), int(count)) for a, b, count in points),
        marks,
    )


def ranks_picture(average: CriticalDifference, metric: str, marks: Marks) -> Picture:
    """Return average ranks, and bars over methods that do not differ."""
    title = f"Average ranks by {metric}"
    ranks = tuple((str(name), float(rank)) for name, rank in average.ranks.items())
    bars = tuple(_cliques(average.ranks.to_numpy(), average.difference))
    return Picture("average-ranks", title, (Ranks(title, ranks, average.difference, bars),), marks)


def _cliques(ranks: np.ndarray, difference: float) -> list[tuple[float, float]]:
    """Return the first and last rank of each largest group in which no two differ; ``ranks`` are sorted."""
    cliques: list[tuple[float, float]] = []
    for start in ranks:
        end = ranks[(ranks >= start) & (ranks - start < difference)].max()
        if end > start and not any(low <= start and end <= high for low, high in cliques):
            cliques.append((float(start), float(end)))
    return cliques


def interval_text(low: float, high: float, *, percent: bool) -> str:
    """Return the interval of a difference, in points or as it is."""
    known = math.isfinite(low) and math.isfinite(high)
    return f"{signed(low, percent=percent)} … {signed(high, percent=percent)}" if known else MISSING


def signed(difference: float, *, percent: bool) -> str:
    """Return a difference with its sign, in points where it is one of shares."""
    text = f"{100 * difference:+.1f}" if percent else f"{difference:+.3f}"
    return (text if float(text) else text.replace("-", "+")).replace("-", "−")
