"""Figures of answers. They draw what analysis computed, and compute nothing."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from benchmark.analysis.questions import Answers, Questions
from benchmark.report.evidence_figures import effects_figure
from benchmark.report.figures import COLOURS, heatmap, new_figure, set_title
from benchmark.report.questions.series import Series, dose_series, learning_series, scatter_points
from benchmark.report.questions.tables import Words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_CURVES = 10
MARKERS = "os^Dv"


def question_figures(found: Questions, words: Words, marks: str) -> Iterator[tuple[str, Figure]]:
    """Yield the figures of all answers, each with the name of its file."""
    said = f" [{marks}]" if marks else ""
    for one in found.sets:
        measure, name = words.measures[one.asked.measure], _slug(one.asked.set)
        if one.learning:
            curves = learning_series(one)
            title = f"{measure.name} against the number of training tracks{_best(curves)}{said}"
            yield (
                f"training-size-{name}",
                curves_figure(
                    curves, title, "training tracks", measure.metric, log=True, percent=measure.percent
                ),
            )
        for axis in dict.fromkeys(each.curve.axis for each in one.responses):
            curves = dose_series(one, axis)
            title = f"{measure.name} against {axis}{_best(curves)}{said}"
            yield (
                f"dose-{_slug(axis)}-{name}",
                curves_figure(curves, title, axis, measure.metric, log=False, percent=measure.percent),
            )
        for number, surface in enumerate(one.surfaces, 1):
            yield f"surface-{number}-{name}", _surface_figure(one, surface, said)
        yield from _interaction_figures(one, measure.percent, said)
    for each in found.shifts:
        here, there = words.measures[each.here], words.measures[each.there]
        title = f"{here.name} and {there.name}, 95 % intervals{said}"
        yield (
            f"here-and-there-{_slug(there.set)}",
            shift_figure(
                scatter_points(each, found, words), title, here.name, there.name, percent=here.percent
            ),
        )


def curves_figure(
    curves: Sequence[Series], title: str, x_label: str, y_label: str, *, log: bool, percent: bool
) -> Figure:
    """Draw curves with their intervals; a colour and a marker each."""
    figure, axes = new_figure(7.6, 4.2)
    scale = 100 if percent else 1
    for number, each in enumerate(curves[:_MOST_CURVES]):
        middle, low, high = (
            [scale * value for value in values] for values in (each.values, each.low, each.high)
        )
        axes.errorbar(
            each.numbers, middle,
            yerr=[
                [_length(end, value) for value, end in zip(middle, low, strict=True)],
                [_length(value, end) for value, end in zip(middle, high, strict=True)],
            ],
            fmt=MARKERS[number % len(MARKERS)] + "-", markersize=4, capsize=2, linewidth=1.2,
            color=COLOURS[number % len(COLOURS)], label=each.name,
        )  # fmt: skip
    if log:
        axes.set_xscale("log")
        ticks = sorted({number for each in curves for number in each.numbers})
        axes.set_xticks(ticks, [f"{number:.0f}" if number >= 2 else f"{number:g}" for number in ticks])
        axes.minorticks_off()
    axes.set_xlabel(x_label, fontsize=8)
    axes.set_ylabel(f"{y_label}, %" if percent else y_label, fontsize=8)
    axes.tick_params(labelsize=8)
    axes.grid(linewidth=0.3)
    axes.legend(fontsize=7, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    set_title(figure, title)
    return figure


def shift_figure(
    points: Mapping[str, tuple[tuple[float, float, float], tuple[float, float, float]]],
    title: str,
    x_label: str,
    y_label: str,
    *,
    percent: bool,
) -> Figure:
    """Draw each row's value there against here, with intervals; on the dotted line both are the same."""
    figure, axes = new_figure(7.6, 4.8)
    scale = 100 if percent else 1
    for number, (name, (here, there)) in enumerate(points.items()):
        x, y = ([scale * value for value in values] for values in (here, there))
        axes.errorbar(
            x[1], y[1], xerr=[[_length(x[0], x[1])], [_length(x[1], x[2])]],
            yerr=[[_length(y[0], y[1])], [_length(y[1], y[2])]],
            fmt=MARKERS[number % len(MARKERS)], markersize=4, linewidth=0.7, capsize=2,
            color=COLOURS[number % len(COLOURS)], label=name if number < 2 * _MOST_CURVES else None,
        )  # fmt: skip
    low, high = axes.get_xlim()
    axes.axline((low, low), slope=1, color="0.5", linewidth=0.8, linestyle=":")
    axes.set_xlim(low, high)
    axes.set_xlabel(f"{x_label}, %" if percent else x_label, fontsize=8)
    axes.set_ylabel(f"{y_label}, %" if percent else y_label, fontsize=8)
    axes.tick_params(labelsize=8)
    axes.legend(fontsize=7, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    set_title(figure, title)
    return figure


def _surface_figure(one: Answers, surface: object, said: str) -> Figure:
    import pandas as pd

    rows = surface.rows  # type: ignore[attr-defined]
    values = pd.Series({pair: one.asked.rows[row].mean for pair, row in rows.items()}).unstack(sort=False)
    axis, other = surface.axis, surface.other  # type: ignore[attr-defined]
    return heatmap(values, f"{one.asked.measure} over {axis} (down) and {other} (across){said}")


def _interaction_figures(one: Answers, percent: bool, said: str) -> Iterator[tuple[str, Figure]]:
    """Draw, for each pair of axes, the effect of each value of one within the values of the other."""
    import pandas as pd

    tested = dict.fromkeys((str(line["axis"]), str(line["of"])) for line in one.interactions.between)
    for axis, of in tested:
        lines = [line for line in one.interactions.within if (line["axis"], line["of"]) == (axis, of)]
        by_value: dict[str, list[dict[str, object]]] = {}
        for line in lines:
            known = {key: line[key] for key in ("difference", "low", "high")}
            by_value.setdefault(str(line["value"]), []).append({"axis": of, "value": line["at"], **known})
        shown = {
            f"{axis}: {value}": pd.DataFrame(each) for value, each in list(by_value.items())[:_MOST_CURVES]
        }
        title = f"What {axis} changes in {one.asked.measure}, by {of}{said}"
        yield (
            f"interaction-{_slug(axis)}-{_slug(of)}-{_slug(one.asked.set)}",
            effects_figure(shown, title, percent=percent),
        )


def _length(low: float, high: float) -> float:
    """Return how long one side of an interval is; rounding may put an end on the wrong side."""
    return max(high - low, 0.0) if math.isfinite(high - low) else 0.0


def _best(curves: Sequence[Series]) -> str:
    return f" (best {_MOST_CURVES} of {len(curves)})" if len(curves) > _MOST_CURVES else ""


def _slug(text: str) -> str:
    return re.sub(r"\W+", "-", text)
