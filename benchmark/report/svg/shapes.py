"""What a drawing is made of, and how values become places in it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from benchmark.report.charts.kinds import Axis, Estimate
from benchmark.report.charts.words import si

SERIES = 8
# How wide a letter of a tick is, on average.
LETTER = 5.2
_MOST_POINTS = 120
# Half of a tick's text, so that neighbours do not cover each other.
_TICK_ROOM = 26
_MARKERS = (
    "M-3.5,0a3.5,3.5 0 1,0 7,0a3.5,3.5 0 1,0 -7,0",
    "M-3,-3h6v6h-6z",
    "M0,-4L3.8,3H-3.8z",
    "M0,-4.4L3.6,0L0,4.4L-3.6,0z",
    "M0,4L3.8,-3H-3.8z",
)


@dataclass(frozen=True)
class Polyline:
    """A line; ``style`` is a class of the style sheet, ``points`` its places as SVG writes them."""

    style: str
    points: str
    kind: str = field(default="line", init=False)


@dataclass(frozen=True)
class Mark:
    """A point, with its outline around the origin, what is said of it, and how large it is (1: as all others)."""

    style: str
    x: float
    y: float
    title: str = ""
    path: str = _MARKERS[0]
    size: float = 1.0
    kind: str = field(default="mark", init=False)


@dataclass(frozen=True)
class Rectangle:
    """A filled rectangle."""

    style: str
    x: float
    y: float
    width: float
    height: float
    title: str = ""
    kind: str = field(default="box", init=False)


@dataclass(frozen=True)
class Letters:
    """A text; ``turned`` ones are read upwards."""

    style: str
    x: float
    y: float
    text: str
    turned: bool = False
    kind: str = field(default="text", init=False)


Shape = Polyline | Mark | Rectangle | Letters


@dataclass(frozen=True)
class Svg:
    """A drawing. ``said`` is for screen readers, ``keys`` are classes of lines and what they mean."""

    title: str
    said: str
    width: int
    height: int
    shapes: tuple[Shape, ...]
    marks: tuple[str, ...] = ()
    keys: tuple[tuple[str, str], ...] = ()


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
        low, high, at = (math.log10(end) if self.log else end for end in (self.low, self.high, value))
        share = (at - low) / (high - low) if high > low else 0.5
        return round(self.start + share * (self.end - self.start), 1)


@dataclass(frozen=True)
class Frame:
    """The room of a drawing that its axes enclose, in units of the drawing."""

    width: int
    height: int
    left: int = 38
    right: int = 10
    top: int = 10
    bottom: int = 34

    def across(self, axis: Axis) -> Scale:
        """Return the scale of the horizontal axis, whose ends are known."""
        return Scale(axis.low or 0.0, axis.high or 0.0, self.left, self.width - self.right, axis.log)

    def up(self, axis: Axis) -> Scale:
        """Return the scale of the vertical axis, whose ends are known."""
        return Scale(axis.low or 0.0, axis.high or 0.0, self.height - self.bottom, self.top, axis.log)

    def shapes(self, x: Axis, y: Axis) -> list[Shape]:
        """Return rules, numbers and names of both axes."""
        right = self.width - self.right
        shapes: list[Shape] = []
        for at, text in ticks(y, self.up(y)):
            shapes.append(Polyline("rule", f"{self.left},{at} {right},{at}"))
            shapes.append(Letters("end", self.left - 5, at + 3.5, text))
        shapes += [
            Letters("middle", at, self.height - self.bottom + 14, text)
            for at, text in ticks(x, self.across(x))
        ]
        middle = (self.left + right) / 2
        shapes.append(Letters("middle label", middle, self.height - self.bottom + 29, x.title))
        height = (self.height - self.bottom + self.top) / 2
        shapes.append(Letters("middle label", 9, height, y.title, turned=True))
        return shapes


def ticks(axis: Axis, scale: Scale) -> list[tuple[float, str]]:
    """Return places and texts on an axis: its own, or round numbers; none covers another."""
    if axis.ticks:
        places = [(scale(value), text) for value, text in axis.ticks]
    elif axis.log:
        places = [(scale(value), si(value)) for value in decades(scale.low, scale.high)]
    else:
        across = abs(scale.end - scale.start)
        values = round_places(
            axis.factor * scale.low, axis.factor * scale.high, max(2, min(6, int(across / 30)))
        )
        if axis.whole:
            values = [value for value in values if value == int(value)]
        places = [(scale(value / axis.factor), _number(value)) for value in values]
    is_across = scale.end > scale.start
    kept: list[tuple[float, str]] = []
    for place, text in places:
        if not kept or not is_across or abs(place - kept[-1][0]) > _TICK_ROOM:
            kept.append((place, text))
    return kept


def round_places(low: float, high: float, most: int = 6) -> list[float]:
    """Return round values between two."""
    if high <= low:
        return [low]
    rough = (high - low) / (most - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(number * step, 10) for number in range(first, math.floor(high / step + 1e-9) + 1)]


def decades(low: float, high: float) -> list[float]:
    """Return 1, 2 and 5 times the powers of ten between two; the powers alone where those are many."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    factors = (1, 2, 5) if high / low < 300 else (1,)
    return [at for power in powers for factor in factors if low <= (at := factor * 10.0**power) <= high]


def polyline(pairs: Iterable[tuple[float, float]], x: Scale, y: Scale) -> str:
    """Return the points of a line; places without a value are left out, and long lines thinned."""
    known = [(a, b) for a, b in pairs if math.isfinite(a) and math.isfinite(b)]
    step = -(-len(known) // _MOST_POINTS) or 1
    kept = known[::step] + ([known[-1]] if known and (len(known) - 1) % step else [])
    return " ".join(f"{x(a)},{y(b)}" for a, b in kept)


def series(number: int) -> str:
    """Return the class of the colour of a series."""
    return f"c{number % SERIES}"


def marker(number: int) -> str:
    """Return the outline of a series' points."""
    return _MARKERS[number % len(_MARKERS)]


def value_text(value: float, axis: Axis) -> str:
    """Return a value as it is said: in per cent, in points, or as it is."""
    if not math.isfinite(value):
        return "–"
    if axis.points:
        return f"{100 * value:+.1f}".replace("-", "−")
    return f"{100 * value:.1f} %" if axis.percent else f"{value:.3f}"


def estimate_text(estimate: Estimate, axis: Axis) -> str:
    """Return an estimate with its interval, where there is one."""
    text = value_text(estimate.value, axis)
    if not (math.isfinite(estimate.low) and math.isfinite(estimate.high)):
        return text
    return f"{text} [{value_text(estimate.low, axis)}, {value_text(estimate.high, axis)}]"


def _number(value: float) -> str:
    return f"{value:g}".replace("-", "−")
