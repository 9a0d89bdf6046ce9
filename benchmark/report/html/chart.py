"""Charts as geometry, which a template draws as SVG. Positions are computed here, and no result is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from benchmark.analysis.learning_curves import mean_curve

WIDTH, HEIGHT = 300, 190
WIDE, TALL = 400, 250
LEFT, RIGHT, TOP, BOTTOM = 38, 10, 10, 34
_MOST_POINTS = 120
Pairs = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Tick:
    """A place on an axis, in units of the drawing, and what is written there."""

    at: float
    text: str


@dataclass(frozen=True)
class Dot:
    """A point: its place, its class, what is said of it, and a name drawn beside it where that is not empty."""

    x: float
    y: float
    style: str
    title: str
    name: str = ""
    left: bool = False


@dataclass(frozen=True)
class Chart:
    """One panel. ``lines`` are pairs of a class and the points of a polyline; ``said`` is for screen readers."""

    title: str
    said: str
    x_label: str
    y_label: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    lines: tuple[tuple[str, str], ...] = ()
    dots: tuple[Dot, ...] = ()
    width: int = WIDTH
    height: int = HEIGHT
    marks: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Scale:
    """From values to places along one axis; ``log`` scales take positive values only."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """Return the place of a value, to a tenth."""
        low, high, at = (math.log10(each) if self.log else each for each in (self.low, self.high, value))
        share = (at - low) / (high - low) if high > low else 0.5
        return round(self.start + share * (self.end - self.start), 1)


def axes_of(
    chart_width: int = WIDTH, chart_height: int = HEIGHT
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return where the horizontal and the vertical axis start and end."""
    return (LEFT, chart_width - RIGHT), (chart_height - BOTTOM, TOP)


def polyline(pairs: Iterable[tuple[float, float]], x: Scale, y: Scale) -> str:
    """Return the points of a line; places without a value are left out, and long lines thinned."""
    known = [(a, b) for a, b in pairs if math.isfinite(a) and math.isfinite(b)]
    step = -(-len(known) // _MOST_POINTS) or 1
    kept = known[::step] + ([known[-1]] if known and (len(known) - 1) % step else [])
    return " ".join(f"{x(a)},{y(b)}" for a, b in kept)


def percent_ticks(scale: Scale) -> tuple[Tick, ...]:
    """Return ticks of shares, in per cent, at round places."""
    return tuple(Tick(scale(value), f"{100 * value:.0f}") for value in round_places(scale.low, scale.high))


def round_places(low: float, high: float, most: int = 6) -> list[float]:
    """Return round values between two."""
    if high <= low:
        return [low]
    rough = (high - low) / (most - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(number * step, 10) for number in range(first, math.floor(high / step + 1e-9) + 1)]


def learning_curves(
    label: str, histories: Mapping[str, pd.DataFrame], marks: tuple[str, ...]
) -> Chart | None:
    """Return accuracy by epoch, seeds thin and their mean thick; None where there is no more than one epoch."""
    epochs = max((len(history) for history in histories.values()), default=0)
    if epochs < 2 or not any({"accuracy", "val_accuracy"} & set(each) for each in histories.values()):
        return None
    last = max(float(history["epoch"].max()) for history in histories.values())
    across, up = axes_of()
    x, y = Scale(1, last, *across), Scale(0, 1, *up)
    lines, said = [], []
    for column, style in (("accuracy", "training"), ("val_accuracy", "validation")):
        for history in histories.values():
            if column in history:
                lines.append(
                    (f"thin {style}", polyline(zip(history["epoch"], history[column], strict=True), x, y))
                )
        mean = mean_curve(histories, column).dropna()
        if len(mean):
            lines.append((f"mean {style}", polyline(mean.items(), x, y)))  # type: ignore[arg-type]
            said.append(f"{style} ends at {100 * float(mean.iloc[-1]):.0f} %")
    ticks = tuple(Tick(x(epoch), f"{epoch:.0f}") for epoch in round_places(1, last) if epoch == int(epoch))
    return Chart(label, f"Accuracy of {label} over {last:.0f} epochs: {', '.join(said)}.", "epoch", "% of items",
                 ticks, percent_ticks(y), tuple(lines), marks=marks)  # fmt: skip


def reliability(label: str, bins: pd.DataFrame, marks: tuple[str, ...]) -> Chart:
    """Return a reliability diagram from ``confidence``, ``accuracy`` and ``count`` of each bin that has tracks."""
    across, up = axes_of()
    x, y = Scale(0, 1, *across), Scale(0, 1, *up)
    known = [line for line in bins.to_dict("records") if line["count"] > 0]
    pairs = [(float(line["confidence"]), float(line["accuracy"])) for line in known]
    largest = max((float(line["count"]) for line in known), default=1.0)
    dots = tuple(
        Dot(x(a), y(b), f"size{1 + round(3 * float(line['count']) / largest)}",
            f"{int(line['count'])} answers with mean confidence {100 * a:.0f} %: {100 * b:.0f} % right")
        for (a, b), line in zip(pairs, known, strict=True)
    )  # fmt: skip
    lines = (("diagonal", f"{x(0)},{y(0)} {x(1)},{y(1)}"), ("mean validation", polyline(pairs, x, y)))
    said = f"Reliability of {label}: " + "; ".join(dot.title for dot in dots)
    return Chart(label, said, "mean confidence, %", "% right", percent_ticks(x), percent_ticks(y), lines, dots,
                 marks=marks)  # fmt: skip
