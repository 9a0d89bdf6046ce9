"""How answers call measures and rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from benchmark.report.table import Kind
from benchmark.results.frames import Measure


@dataclass(frozen=True)
class Words:
    """How measures and rows are called: the measure of each name, and the label of each row."""

    measures: Mapping[str, Measure]
    labels: Mapping[int, str]
    smallest: float

    def share(self, measure: str) -> Kind:
        """Return the kind of a measure's values."""
        return "percent" if self.measures[measure].percent else "number"

    def change(self, measures: Iterable[str]) -> Kind:
        """Return the kind of differences."""
        return "points" if all(self.measures[name].percent for name in measures) else "signed"
