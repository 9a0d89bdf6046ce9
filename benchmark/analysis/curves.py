"""Rows that differ in one axis of numbers only: a curve. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from benchmark.analysis.asked import Asked, Labels


@dataclass(frozen=True)
class Curve:
    """Rows by increasing number on ``axis``.

    ``rest`` are the labels that they share, of the axes that vary; ``labels`` are those of the numbers.
    """

    axis: str
    rest: tuple[tuple[str, str], ...]
    rows: tuple[int, ...]
    numbers: tuple[float, ...]
    labels: tuple[str, ...]

    @property
    def name(self) -> str:
        """What tables call it."""
        return " · ".join(label for _, label in self.rest) or "all"


def curves(
    asked: Asked, labels: Labels, axis: str, numbers: Mapping[str, float], least: int = 2
) -> list[Curve]:
    """Return the curves over an axis, each of rows that are tested alike; those with ``least`` numbers or more.

    Args:
        asked: the rows.
        labels: of each row, by axis; those axes that vary.
        axis: the one of numbers.
        numbers: the number of each label.
        least: how many numbers a curve has at least.
    """
    grouped: dict[tuple[tuple[tuple[str, str], ...], int], dict[float, int]] = {}
    for row in asked.rows:
        if row not in labels or row not in asked.block_of or labels[row].get(axis) not in numbers:
            continue
        rest = tuple((name, label) for name, label in labels[row].items() if name != axis)
        grouped.setdefault((rest, asked.block_of[row]), {}).setdefault(numbers[labels[row][axis]], row)
    return [
        Curve(
            axis,
            rest,
            tuple(rows[number] for number in sorted(rows)),
            tuple(sorted(rows)),
            tuple(labels[rows[number]][axis] for number in sorted(rows)),
        )
        for (rest, _), rows in grouped.items()
        if len(rows) >= least
    ]


def neighbours(all_curves: Sequence[Curve], asked: Asked) -> Iterator[tuple[str, Curve, Curve]]:
    """Yield pairs of curves that differ in one other axis, with that axis; both are tested alike."""
    for curve, other in combinations(all_curves, 2):
        different = [axis for (axis, a), (_, b) in zip(curve.rest, other.rest, strict=True) if a != b]
        if len(different) == 1 and asked.comparable((curve.rows[0], other.rows[0])):
            yield different[0], curve, other
