"""Charts of results: classes, differences to the baseline, confusions, how training went, and what accuracy costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from benchmark.analysis.cost import COST, COSTS, FRONT, VALUE
from benchmark.analysis.learning_curves import mean_curve
from benchmark.report.charts.kinds import (
    Axis,
    Bars,
    Estimate,
    Heatmap,
    Line,
    Lines,
    Picture,
    Point,
    Role,
    Scatter,
    Tile,
)
from benchmark.report.charts.words import MOST_LINES, MOST_PANELS, best, shortened, slug
from benchmark.results.frames import ROW, Measure, lines_of

if TYPE_CHECKING:
    import pandas as pd

_MOST_MATRIX_TILES = 12_000
_LOG_FROM = 20
Marks = tuple[str, ...]
Marked = Mapping[int, Marks]
Labels = Mapping[int, str]


def shares_picture(
    evaluation: str, shares: pd.DataFrame, labels: Labels, marked: Marked, marks: Marks
) -> Picture:
    """Return how much of each class (columns) the best rows recognise on an evaluation set, 0 to 1."""
    shown = shares.head(MOST_LINES)
    title = f"Recognised per class on {evaluation}{best(len(shown), len(shares))}"
    chart = heatmap(title, "row", shown, labels, marked)
    return Picture(f"per-class-{slug(evaluation)}", title, (chart,), marks)


def differences_picture(
    evaluation: str, differences: pd.DataFrame, labels: Labels, marked: Marked, marks: Marks
) -> Picture:
    """Return by how much each class gains or loses against the row's baseline."""
    shown = differences.head(MOST_LINES)
    title = f"Difference to the baseline on {evaluation}{best(len(shown), len(differences))}"
    chart = heatmap(title, "row", shown, labels, marked, unit="points")
    return Picture(f"difference-{slug(evaluation)}", title, (chart,), marks)


def confusions_picture(
    evaluation: str,
    matrices: Mapping[int, pd.DataFrame],
    count: int,
    labels: Labels,
    marked: Marked,
    marks: Marks,
) -> Picture:
    """Return the confusion matrices of the best of ``count`` rows: shares of each true class (lines) by answer."""
    largest = max((matrix.size for matrix in matrices.values()), default=1)
    most = max(1, min(MOST_PANELS, _MOST_MATRIX_TILES // largest))
    charts = tuple(
        heatmap(labels[row], "true class", matrix, {}, {}, marks=marked.get(row, ()))
        for row, matrix in list(matrices.items())[:most]
    )
    title = (
        f"Confusion on {evaluation}: true class down, answer across, in per cent of the true class"
        f"{best(len(charts), count)}"
    )
    return Picture(f"confusion-{slug(evaluation)}", title, charts, marks, choose=f"Row, on {evaluation}")


def heatmap(
    title: str,
    corner: str,
    values: pd.DataFrame,
    labels: Mapping[Any, str],
    marked: Mapping[Any, Marks],
    *,
    unit: Any = "share",
    marks: Marks = (),
) -> Heatmap:
    """Return a table of numbers as a heatmap; ``labels`` name its lines, where the index itself does not."""
    import numpy as np

    numbers = values.to_numpy(dtype=float)
    known = np.abs(numbers[np.isfinite(numbers)])
    return Heatmap(
        title,
        corner,
        tuple(str(labels.get(name, name)) for name in values.index),
        tuple(map(str, values.columns)),
        tuple(
            tuple(Tile(float(value)) if np.isfinite(value) else None for value in line) for line in numbers
        ),
        unit,
        float(known.max()) if len(known) else 1.0,
        tuple(tuple(marked.get(name, ())) for name in values.index),
        marks,
    )


def topk_picture(
    evaluation: str, tables: Mapping[str, tuple[pd.DataFrame, pd.DataFrame]], marks: Marks
) -> Picture:
    """Return top-1 and top-2 accuracy by class (the paper's Fig. 9); ``tables`` by row, from ``class_topk``."""
    classes = tuple(map(str, next(iter(tables.values()))[0].index))
    groups = tuple(
        (
            label,
            tuple(
                tuple(
                    Estimate(*map(float, ends))
                    for ends in zip(table["share"], table["low"], table["high"], strict=True)
                )
                for table in both
            ),
        )
        for label, both in tables.items()
    )
    title = f"Top-1 and top-2 accuracy per class on {evaluation}"
    chart = Bars(
        title,
        Axis("share of the class's tracks", percent=True, low=0, high=1),
        classes,
        ("top 1", "top 2"),
        groups,
    )
    return Picture(f"top1-top2-{slug(evaluation)}", title, (chart,), marks)


def curves_picture(
    histories: Mapping[int, Mapping[str, pd.DataFrame]],
    count: int,
    labels: Labels,
    marked: Marked,
    marks: Marks,
) -> Picture | None:
    """Return accuracy by epoch of the best of ``count`` rows; None where none has more than one epoch."""
    charts = [_curves(labels[row], cells, marked.get(row, ())) for row, cells in histories.items()]
    known = tuple(chart for chart in charts if chart is not None)
    title = f"Learning curves{best(len(histories), count)}"
    return Picture("learning-curves", title, known, marks) if known else None


def _curves(label: str, cells: Mapping[str, pd.DataFrame], marks: Marks) -> Lines | None:
    """Return accuracy by epoch, seeds thin and their mean thick."""
    epochs = max((len(history) for history in cells.values()), default=0)
    lines: list[Line] = []
    roles: tuple[tuple[str, Role], ...] = (("accuracy", "training"), ("val_accuracy", "validation"))
    for column, role in roles:
        for name, history in cells.items():
            if column in history:
                lines.append(_line(name, history["epoch"], history[column], role, thin=True))
        mean = mean_curve(cells, column).dropna()
        if len(mean):
            lines.append(_line(role, mean.index, mean, role))
    if epochs < 2 or not lines:
        return None
    last = max(float(history["epoch"].max()) for history in cells.values())
    across = Axis("epoch", low=1, high=last, whole=True)
    return Lines(label, across, Axis("accuracy of items", percent=True, low=0, high=1), tuple(lines), marks)


def _line(name: str, x: Any, y: Any, role: Role, *, thin: bool = False) -> Line:
    return Line(name, tuple(map(float, x)), tuple(Estimate(float(value)) for value in y), role, thin)


def cost_picture(
    tables: Mapping[str, pd.DataFrame], labels: Labels, measure: Measure, marks: Marks
) -> Picture | None:
    """Return values against each cost in which rows differ (``tables``: by column, what ``against_cost`` gave)."""
    charts = tuple(_cost(table, labels, cost, measure) for cost, table in tables.items() if len(table) > 1)
    return Picture("cost", f"{measure.name} against cost", charts, marks) if charts else None


def _cost(table: pd.DataFrame, labels: Labels, cost: str, measure: Measure) -> Scatter:
    least = float(table[COST].min())
    log = least > 0 and float(table[COST].max()) / least >= _LOG_FROM
    x, y = Axis(COSTS[cost], log=log), Axis(measure.metric, percent=measure.percent)
    points = []
    taken: dict[tuple[float, float], int] = {}
    for line in lines_of(table.sort_values([FRONT, COST, VALUE], kind="stable")):
        place = float(line[COST]), float(line[VALUE])
        if line[FRONT]:
            taken[place] = taken.get(place, 0) + 1
        name = labels[int(line[ROW])]
        first = bool(line[FRONT]) and taken[place] == 1
        points.append(
            Point(
                name,
                Estimate(place[0]),
                Estimate(place[1]),
                bool(line[FRONT]),
                shortened(name) if first else "",
            )
        )
    more = {place: f" and {number - 1} more" for place, number in taken.items() if number > 1}
    named = tuple(
        Point(p.name, p.x, p.y, p.front, p.text + more.get((p.x.value, p.y.value), "") if p.text else "")
        for p in points
    )
    return Scatter(
        f"{measure.name} against {COSTS[cost]}",
        x.over(table[COST], 0.08),
        y.over(table[VALUE], 0.12),
        named,
    )


def shown_histories(histories_of: Any, rows: Sequence[int]) -> dict[int, Mapping[str, pd.DataFrame]]:
    """Return the epochs of the cells of the best rows, as many as are drawn."""
    return {row: histories_of(row) for row in rows[:MOST_PANELS]}
