"""What analysis found, as the page takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from benchmark.report.leaderboard import sorting
from benchmark.report.table import Table
from benchmark.results.frames import ROW, Measure, Results

if TYPE_CHECKING:
    from benchmark.analysis.questions import Questions
    from benchmark.analysis.robustness import Robustness
    from benchmark.analysis.statistics import Statistics
    from benchmark.plugin.registry import Registry
    from benchmark.results.plan import Plan


@dataclass(frozen=True)
class SetAnalysis:
    """What was found on one evaluation set; lines are rows, by number, the best first.

    Attributes:
        shares: accuracy per class (columns) of each row.
        differences: the same less the row's baseline; rows without one are left out.
        confusions: of the best rows, shares of true classes (lines) by answer.
    """

    shares: pd.DataFrame
    differences: pd.DataFrame
    confusions: Mapping[int, pd.DataFrame]


@dataclass(frozen=True)
class Material:
    """Everything that a page is made of, computed.

    Attributes:
        board: the leaderboard as a table.
        lines: the leaderboard as a data frame, the best row first.
        labels: what figures call each row, in the order of ``lines``.
        sets: what was found on each evaluation set.
        tables: further tables by the titles of their sections, such as values that others reported.
        questions: answers to what the suite's axes ask further; their tables are among ``tables``.
        robustness: on each set that is corrupted; its tables are among ``tables``.
    """

    results: Results
    plan: Plan
    registry: Registry
    board: Table
    lines: pd.DataFrame
    labels: Mapping[int, str]
    sets: Mapping[str, SetAnalysis]
    statistics: Statistics | None = None
    tables: Mapping[str, Sequence[Table]] = field(default_factory=dict)
    questions: Questions | None = None
    robustness: Sequence[Robustness] = ()

    @property
    def sorted_by(self) -> Measure:
        """The measure that orders the rows."""
        return sorting(self.results, self.plan)

    def measure(self, name: str) -> Measure:
        """Return the measure of a name; one that only statistics know, such as recall, is a percentage."""
        known = {measure.name: measure for measure in self.results.measures}
        return known.get(name) or Measure(*name.rpartition("/")[::2], greater_is_better=True, percent=True)

    @property
    def all_marks(self) -> tuple[str, ...]:
        """The marks of all rows, each once."""
        return tuple(dict.fromkeys(mark for marks in self.lines["marks"] for mark in marks))

    def marks(self, row: int) -> tuple[str, ...]:
        """Return the marks of a row."""
        return self._marks()[row]

    def marks_by_label(self) -> dict[str, tuple[str, ...]]:
        """Return the marks of rows by what figures call them."""
        return {self.labels[row]: marks for row, marks in self._marks().items()}

    def _marks(self) -> dict[int, tuple[str, ...]]:
        return {int(line[ROW]): tuple(line["marks"]) for line in self.lines.to_dict("records")}
