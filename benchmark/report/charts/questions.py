"""Charts of answers to further questions: curves over sizes and doses, surfaces, interactions, here and there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmark.analysis.asked import Asked, mean_intervals
from benchmark.analysis.cochran import ALPHA
from benchmark.analysis.dose import Response
from benchmark.analysis.questions import Answers, LearningCurve, Questions, Surface
from benchmark.analysis.shift import Shift
from benchmark.report.charts.evidence import effects_forest
from benchmark.report.charts.kinds import Axis, Estimate, Heatmap, Line, Lines, Picture, Point, Scatter, Tile
from benchmark.report.charts.results import Marks
from benchmark.report.charts.words import MOST_CURVES, MOST_NAMED, MOST_SURFACES, best, slug
from benchmark.report.questions.words import Words


def learning_pictures(asked: Questions, words: Words, marks: Marks) -> Iterator[Picture]:
    """Yield the learning curves of each evaluation set."""
    for answers in asked.sets:
        if answers.learning:
            curves = _sorted(answers, [_line(curve) for curve in answers.learning])
            axis = Axis("training tracks", log=True, ticks=_ticks(curves))
            measure = words.measures[answers.asked.measure].name
            title = f"{measure} against the number of training tracks"
            yield _curves(
                f"training-size-{slug(answers.asked.set)}", title, curves, axis, answers, words, marks
            )


def dose_pictures(asked: Questions, words: Words, marks: Marks) -> Iterator[Picture]:
    """Yield, for each evaluation set, the curves over each axis of doses, and the surfaces over two."""
    for answers in asked.sets:
        name = slug(answers.asked.set)
        for axis in dict.fromkeys(response.curve.axis for response in answers.responses):
            own = [response for response in answers.responses if response.curve.axis == axis]
            curves = _sorted(answers, [_line(response) for response in own])
            across = Axis(axis, ticks=tuple((number, f"{number:g}") for number in own[0].curve.numbers))
            title = f"{answers.asked.measure} against {axis}"
            yield _curves(f"dose-{slug(axis)}-{name}", title, curves, across, answers, words, marks)
        shown = answers.surfaces[:MOST_SURFACES]
        more = best(len(shown), len(answers.surfaces), "surfaces").replace("best", "the first")
        for number, surface in enumerate(shown, 1):
            yield _surface(f"surface-{number}-{name}", surface, answers, words, more, marks)


def interaction_pictures(asked: Questions, words: Words, marks: Marks) -> Iterator[Picture]:
    """Yield, for each pair of axes, the effect of each value of one within the values of the other."""
    import pandas as pd

    for answers in asked.sets:
        percent = words.measures[answers.asked.measure].percent
        tested = dict.fromkeys((str(line["axis"]), str(line["of"])) for line in answers.interactions.between)
        for axis, of in tested:
            by_value: dict[str, list[dict[str, object]]] = {}
            for line in answers.interactions.within:
                if (line["axis"], line["of"]) == (axis, of):
                    known = {key: line[key] for key in ("difference", "low", "high")}
                    by_value.setdefault(f"{axis}: {line['value']}", []).append(
                        {"axis": of, "value": line["at"], **known}
                    )
            shown = {name: pd.DataFrame(lines) for name, lines in list(by_value.items())[:MOST_CURVES]}
            title = (
                f"What {axis} changes in {answers.asked.measure}, by {of}"
                f"{best(len(shown), len(by_value), 'values').replace('best', 'the first')}"
            )
            name = f"interaction-{slug(axis)}-{slug(of)}-{slug(answers.asked.set)}"
            yield Picture(name, title, (effects_forest(title, shown, percent=percent),), marks)


def shift_pictures(asked: Questions, words: Words, marks: Marks) -> Iterator[Picture]:
    """Yield each row's value on another evaluation set against the one on the first."""
    for shift in asked.shifts:
        here, there = words.measures[shift.here], words.measures[shift.there]
        points = tuple(
            Point(name, here_value, there_value)
            for name, (here_value, there_value) in shift_points(shift, asked, words).items()
        )
        title = f"{there.name} against {here.name}, 95 % intervals; on the dotted line both are the same"
        chart = Scatter(
            title,
            Axis(here.name, percent=here.percent).over(
                (end for point in points for end in point.x.ends), 0.04
            ),
            Axis(there.name, percent=there.percent).over(
                (end for point in points for end in point.y.ends), 0.04
            ),
            points,
            diagonal=True,
            named=len(points) <= MOST_NAMED,
        )
        yield Picture(f"here-and-there-{slug(there.set)}", title, (chart,), marks)


def shift_points(shift: Shift, asked: Questions, words: Words) -> dict[str, tuple[Estimate, Estimate]]:
    """Return each row's value and 95 % interval here and there, by the row's name."""
    rows_of = {answers.asked.measure: answers.asked for answers in asked.sets}
    here, there = (_points(rows_of[name], shift.rows) for name in (shift.here, shift.there))
    return {words.labels[row]: (here[row], there[row]) for row in shift.rows}


def _points(asked: Asked, rows: Sequence[int]) -> dict[int, Estimate]:
    """Return values with intervals of their own: each covers with 95 %, and not all of them together."""
    low, high = mean_intervals(asked, rows, ALPHA * len(rows))
    return {
        row: Estimate(asked.rows[row].mean, float(low[at]), float(high[at])) for at, row in enumerate(rows)
    }


def _curves(
    name: str, title: str, curves: Sequence[Line], axis: Axis, answers: Answers, words: Words, marks: Marks
) -> Picture:
    shown = tuple(curves[:MOST_CURVES])
    measure = words.measures[answers.asked.measure]
    title += best(len(shown), len(curves), "curves")
    numbers = [number for line in shown for number in line.x]
    ends = [end for line in shown for estimate in line.y for end in estimate.ends]
    y = Axis(measure.metric, percent=measure.percent)
    return Picture(name, title, (Lines(title, axis.over(numbers, 0.04), y.over(ends, 0.04), shown),), marks)


def _line(curve: LearningCurve | Response) -> Line:
    ends = zip(curve.means, curve.low, curve.high, strict=True)
    return Line(
        curve.curve.name, curve.curve.numbers, tuple(Estimate(*map(float, estimate)) for estimate in ends)
    )


def _sorted(answers: Answers, curves: list[Line]) -> list[Line]:
    """Return curves with the one that is best at its last number first."""
    sign = -1 if answers.asked.greater_is_better else 1
    return sorted(curves, key=lambda line: sign * line.y[-1].value)


def _ticks(curves: Sequence[Line]) -> tuple[tuple[float, str], ...]:
    numbers = sorted({number for line in curves for number in line.x})
    return tuple((number, f"{number:.0f}" if number >= 2 else f"{number:g}") for number in numbers)


def _surface(name: str, surface: Surface, answers: Answers, words: Words, more: str, marks: Marks) -> Picture:
    lines = list(dict.fromkeys(label for label, _ in surface.rows))
    columns = list(dict.fromkeys(label for _, label in surface.rows))
    where = ", ".join(label for _, label in surface.rest)
    title = (
        f"{answers.asked.measure}{f' of {where}' if where else ''} over {surface.axis} (down) and {surface.other} "
        f"(across); framed: no other is better{more}"
    )

    def tile(row: int | None) -> Tile | None:
        if row is None:
            return None
        return Tile(answers.asked.rows[row].mean, "best" if row in surface.best else "")

    percent = words.measures[answers.asked.measure].percent
    tiles = tuple(tuple(tile(surface.rows.get((line, column))) for column in columns) for line in lines)
    chart = Heatmap(
        title,
        surface.axis,
        tuple(lines),
        tuple(columns),
        tiles,
        "share" if percent else "number",
        digits=0 if percent else 3,
    )
    return Picture(name, title, (chart,), marks)
