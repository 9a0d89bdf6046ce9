"""The kinds of charts. Each holds numbers and names, in the units of analysis (shares as 0 to 1), and no colours."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

Role = Literal["", "training", "validation"]
State = Literal["", "unclear", "equal", "same", "best"]


@dataclass(frozen=True)
class Axis:
    """One axis of a chart.

    Attributes:
        label: what is said beside it, without a unit.
        percent: whether values are shares, which are drawn times 100.
        points: whether they are differences of shares, drawn times 100 too.
        log: whether it is logarithmic; values are positive then.
        low: where it starts; None where the values say it.
        high: where it ends.
        ticks: what is written at it, if not round numbers: places and their texts.
        whole: whether only whole numbers are written at it.
    """

    label: str
    percent: bool = False
    points: bool = False
    log: bool = False
    low: float | None = None
    high: float | None = None
    ticks: tuple[tuple[float, str], ...] = ()
    whole: bool = False

    @property
    def factor(self) -> int:
        """What values are multiplied by when they are drawn."""
        return 100 if self.percent or self.points else 1

    @property
    def title(self) -> str:
        """The label with its unit, and whether the axis is logarithmic."""
        unit = ", %" if self.percent else ", points" if self.points else ""
        return f"{self.label}{unit}{', logarithmic' if self.log else ''}"

    def over(self, values: Iterable[float], room: float = 0.0) -> Axis:
        """Return the axis with both ends: its own, or those of the values with a share of ``room`` beyond them."""
        known = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
        low, high = min(known), max(known)
        if self.log:
            beyond = (high / low) ** room if high > low else 1.3
            low, high = low / beyond, high * beyond
        else:
            beyond = room * (high - low) or (0.0 if high > low else 0.01)
            low, high = low - beyond, high + beyond
        return replace(
            self, low=low if self.low is None else self.low, high=high if self.high is None else self.high
        )


@dataclass(frozen=True)
class Estimate:
    """A value with the ends of its 95 % interval; NaN where there is none."""

    value: float
    low: float = math.nan
    high: float = math.nan

    @property
    def ends(self) -> tuple[float, float]:
        """The ends, the value itself in place of one that is not known; rounding may put one on the wrong side."""
        return (
            min(self.low, self.value) if math.isfinite(self.low) else self.value,
            max(self.high, self.value) if math.isfinite(self.high) else self.value,
        )


@dataclass(frozen=True)
class Line:
    """A line through values; a ``role`` gives it the look that all charts have for it, ``thin`` is for single cells."""

    name: str
    x: tuple[float, ...]
    y: tuple[Estimate, ...]
    role: Role = ""
    thin: bool = False


@dataclass(frozen=True)
class Lines:
    """Lines with intervals on common axes."""

    title: str
    x: Axis
    y: Axis
    lines: tuple[Line, ...]
    marks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Forest:
    """Estimates with intervals, one below the other, and a line at zero: for each label one of each group.

    ``groups`` are names with their estimates by label.
    """

    title: str
    x: Axis
    labels: tuple[str, ...]
    groups: tuple[tuple[str, tuple[tuple[str, Estimate], ...]], ...]
    marks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tile:
    """One value of a heatmap.

    ``state`` says what it is besides its number: ``unclear`` has no colour, ``equal`` and ``best`` are framed, ``same``
    is a row beside itself. ``note`` is a second line, ``hint`` what is said when it is pointed at.
    """

    value: float
    state: State = ""
    note: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Heatmap:
    """A grid of values.

    Attributes:
        title: what it shows.
        corner: what its lines are.
        lines: their names.
        columns: names.
        tiles: a tuple for each line; None where there is no value.
        unit: ``share`` (0 to 1, in per cent), ``points`` (differences of shares around zero), ``signed`` (other
            differences) or ``number``.
        limit: of differences: the largest.
        line_marks: what marks the rows that the lines show.
        marks: what marks all of it.
        digits: how many stand behind the point.
        less_is_better: whether a difference below zero is the better one, and has its colour.
    """

    title: str
    corner: str
    lines: tuple[str, ...]
    columns: tuple[str, ...]
    tiles: tuple[tuple[Tile | None, ...], ...]
    unit: Literal["share", "points", "signed", "number"] = "share"
    limit: float = 1.0
    line_marks: tuple[tuple[str, ...], ...] = ()
    marks: tuple[str, ...] = ()
    digits: int = 0
    less_is_better: bool = False

    @property
    def is_difference(self) -> bool:
        """Whether values lie around zero."""
        return self.unit in ("points", "signed")

    @property
    def factor(self) -> int:
        """What values are multiplied by when they are drawn."""
        return 100 if self.unit in ("share", "points") else 1

    def text(self, tile: Tile | None) -> str:
        """Return what stands in a tile; nothing where there is none."""
        if tile is None or tile.state == "same" or not math.isfinite(tile.value):
            return ""
        text = f"{self.factor * tile.value:{'+' if self.is_difference else ''}.{self.digits}f}"
        if not float(text):
            # A difference of -0.4 points is none at this precision.
            text = text.replace("-", "+" if self.is_difference else "")
        return text.replace("-", "−")


@dataclass(frozen=True)
class Point:
    """A point: what it is, where it is, whether it is on the front, and what stands beside it."""

    name: str
    x: Estimate
    y: Estimate
    front: bool = False
    text: str = ""


@dataclass(frozen=True)
class Scatter:
    """Points with intervals. On the ``diagonal`` both values are the same; those on a front are joined by steps.

    ``named`` are drawn in a colour each, with a legend.
    """

    title: str
    x: Axis
    y: Axis
    points: tuple[Point, ...]
    diagonal: bool = False
    named: bool = False
    marks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reliability:
    """Accuracy against confidence: ``bins`` have the mean confidence, the accuracy, and the number of answers."""

    title: str
    bins: tuple[tuple[float, float, int], ...]
    marks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ranks:
    """Average ranks, the best first, and bars over those that do not differ (Demšar 2006)."""

    title: str
    ranks: tuple[tuple[str, float], ...]
    difference: float
    bars: tuple[tuple[float, float], ...]
    marks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bars:
    """Bars by class and group. Each group has a series of estimates per layer; the first layer stands in front."""

    title: str
    y: Axis
    classes: tuple[str, ...]
    layers: tuple[str, ...]
    groups: tuple[tuple[str, tuple[tuple[Estimate, ...], ...]], ...]
    marks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trials:
    """The trials of a study: their values, the best so far, and the value of the row as it is.

    ``importance`` are shares of parameters, the largest first.
    """

    title: str
    y: Axis
    trials: tuple[tuple[float, float], ...]
    best: tuple[tuple[float, float], ...]
    own: float | None = None
    pruned: tuple[float, ...] = ()
    failed: tuple[float, ...] = ()
    importance: tuple[tuple[str, float], ...] = ()
    marks: tuple[str, ...] = ()


Chart = Lines | Forest | Heatmap | Scatter | Reliability | Ranks | Bars | Trials


@dataclass(frozen=True)
class Picture:
    """Charts of one kind under one title: a file, and a part of the page.

    Attributes:
        name: of the file, without an ending; letters, digits and dashes.
        title: says what is shown, and what is left out.
        charts: one or several, side by side.
        marks: what marks the rows that are shown.
        choose: whether a page shows one chart at a time.
    """

    name: str
    title: str
    charts: tuple[Chart, ...]
    marks: tuple[str, ...] = ()
    choose: str = ""

    @property
    def said(self) -> str:
        """The title with its marks."""
        return f"{self.title} [{', '.join(self.marks)}]" if self.marks else self.title
