"""``reference``: what others reported for rows of the suite, to stand beside what is measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.exceptions import did_you_mean
from benchmark.suite.cell import REPEATED, Cell
from benchmark.suite.source import KeyPath
from benchmark.suite.values import Checker

KEYS = ("source", "values")
_FORM = (
    "'reference' has a 'source' (who reported it) and 'values', a list of {axis: label, set/metric: number}"
)


@dataclass(frozen=True)
class ReferenceValue:
    """What was reported for all rows that have these labels; ``value`` is in the metric's unit (0.529)."""

    labels: Mapping[str, str]
    measure: str
    value: float

    def fits(self, labels: Mapping[str, Any]) -> bool:
        """Whether it was reported for a row with these labels."""
        return all(labels.get(axis) == label for axis, label in self.labels.items())


@dataclass(frozen=True)
class Reference:
    """Reported values, and who reported them."""

    source: str
    values: tuple[ReferenceValue, ...]


def read_reference(
    checker: Checker, raw: Any, axes: Iterable[str], cells: Sequence[Cell]
) -> Reference | None:
    """Return the checked reference of a suite; percentages are written as percent and become shares."""
    if raw is None:
        return None
    if not isinstance(raw, dict) or not isinstance(raw.get("values"), list) or not raw["values"]:
        checker.problem(("reference",), f"{_FORM}; found {raw!r}.")
        return None
    for key in raw.keys() - set(KEYS):
        checker.unknown(("reference", key), "'reference' has no key", key, list(KEYS))
    source = raw.get("source")
    if not isinstance(source, str) or not source.strip():
        checker.problem(("reference",), "'source' is missing: say in words who reported the values.")
    reader = _Reader(checker, axes, cells)
    values: list[ReferenceValue] = []
    for index, entry in enumerate(raw["values"]):
        values += reader.read(entry, ("reference", "values", index))
    return Reference(str(source), tuple(values))


class _Reader:
    """Reads entries, and knows which rows and measures there are."""

    def __init__(self, checker: Checker, axes: Iterable[str], cells: Sequence[Cell]) -> None:
        self._checker = checker
        self._axes = [axis for axis in axes if axis not in REPEATED]
        self._rows = list({cell.row: dict(cell.row) for cell in cells}.values())
        specs = {(id(cell.spec.evaluate), id(cell.spec.metrics)): cell.spec for cell in cells}.values()
        self._percent = {
            f"{evaluation.label}/{metric.label}": bool(metric.create(checker.registry).percent)
            for spec in specs
            for evaluation in spec.evaluate
            for metric in spec.metrics
        }
        self._taken: dict[tuple[int, str], KeyPath] = {}

    def read(self, entry: Any, path: KeyPath) -> Iterator[ReferenceValue]:
        """Yield the values of one entry that has no problem."""
        if not isinstance(entry, dict):
            self._checker.problem(path, f"{_FORM}; found {entry!r}.")
            return
        labels = {axis: str(label) for axis, label in entry.items() if axis in self._axes}
        numbers = {key: value for key, value in entry.items() if key not in self._axes}
        if not self._known_labels(labels, path):
            return
        rows = [number for number, row in enumerate(self._rows) if labels.items() <= row.items()]
        if not rows:
            given = ", ".join(f"{axis} '{label}'" for axis, label in labels.items())
            self._checker.problem(path, f"no row of the suite has {given}: 'exclude' takes it out.")
        if not numbers:
            some = next(iter(self._percent), "test/top1")
            self._checker.problem(path, f"this says of which rows, and not what: give '{some}: 52.9', say.")
        for measure, value in numbers.items():
            if rows and self._fits(measure, value, (*path, measure)) and self._alone(rows, measure, path):
                share = value / 100 if self._percent[measure] else value
                yield ReferenceValue(labels, measure, share)

    def _known_labels(self, labels: Mapping[str, str], path: KeyPath) -> bool:
        unknown = False
        for axis, label in labels.items():
            known = list(dict.fromkeys(row[axis] for row in self._rows))
            if label not in known:
                unknown = True
                message = (
                    f"axis '{axis}' has no value labelled '{label}'.{did_you_mean(label, known)} "
                    "To run without the reference: --set reference=null."
                )
                self._checker.problem((*path, axis), message)
        return not unknown

    def _fits(self, measure: str, value: Any, path: KeyPath) -> bool:
        if measure in REPEATED:
            self._checker.problem(path, f"a reference is of a row, and a row has every {measure}.")
        elif measure not in self._percent:
            what = "there is no axis or column (evaluation set/metric)"
            self._checker.unknown(path, what, measure, [*self._axes, *self._percent])
        elif isinstance(value, bool) or not isinstance(value, int | float):
            self._checker.problem(path, f"'{measure}' is a number, found {value!r}.")
        elif self._percent[measure] and not 0 <= value <= 100:
            self._checker.problem(path, f"'{measure}' is a percentage, 0 to 100, found {value}.")
        else:
            return True
        return False

    def _alone(self, rows: Sequence[int], measure: str, path: KeyPath) -> bool:
        for row in rows:
            other = self._taken.setdefault((row, measure), path)
            if other != path:
                place = self._checker.source.place(other)
                self._checker.problem(
                    path,
                    f"a row has a reference for '{measure}' already, at {place}; say which row is meant.",
                )
                return False
        return True
