"""Everything that a report is made of, analysed once; tables and charts are made from it, and nothing else."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from benchmark.analysis.confusion import confusion
from benchmark.analysis.leaderboard import baseline_rows, leaderboard, row_label, varying
from benchmark.analysis.per_class import class_accuracy
from benchmark.analysis.ranked import with_statistics
from benchmark.analysis.statistics import Statistics, statistics
from benchmark.report.charts.words import MOST_PANELS
from benchmark.report.leaderboard import leaderboard_table, sorting
from benchmark.report.questions.gather import gather, words
from benchmark.report.robustness import gather_robustness, leaderboard_columns, with_robustness
from benchmark.report.sections import (
    CALIBRATION,
    EFFECTS,
    EVIDENCE,
    INTERACTIONS,
    LEADERBOARD,
    ROBUSTNESS,
    SECTIONS,
    SHIFT,
)
from benchmark.report.table import Table
from benchmark.results.corrupted_scores import NOTHING as NOTHING_CORRUPTED
from benchmark.results.corrupted_scores import CorruptedScores
from benchmark.results.frames import ROW, Measure, Results, lines_of

if TYPE_CHECKING:
    from benchmark.analysis.questions import Questions
    from benchmark.analysis.robustness import Robustness
    from benchmark.plugin.registry import Registry
    from benchmark.report.questions.words import Words
    from benchmark.results.plan import Plan


@dataclass(frozen=True)
class SetAnalysis:
    """What is known of one evaluation set; lines are rows, by number, the best first.

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
    """The results of a suite with all that analysis says of them; what no section asks for is not computed.

    Attributes:
        results: what is stored.
        plan: what was to be run.
        registry: the components that are installed.
        lines: the leaderboard as a data frame, with statistics, the best row first.
        axes: those that have a column.
        statistics: of the leaderboard.
        board: the leaderboard as a table, with all of its columns.
        sections: the names of those that are asked for.
        robustness: on each set that is corrupted.
    """

    results: Results
    plan: Plan
    registry: Registry
    lines: pd.DataFrame
    axes: Sequence[str]
    statistics: Statistics
    board: Table
    sections: Collection[str] = field(default_factory=lambda: frozenset(SECTIONS))
    robustness: Sequence[Robustness] = ()

    @cached_property
    def _rows(self) -> list[dict[Hashable, Any]]:
        return lines_of(self.lines)

    @cached_property
    def labels(self) -> Mapping[int, str]:
        """What figures call each row, in the order of ``lines``."""
        return {int(line[ROW]): row_label(line, self.axes) for line in self._rows}

    @cached_property
    def marks(self) -> tuple[str, ...]:
        """The marks of all rows, each once."""
        return tuple(dict.fromkeys(mark for marks in self.lines["marks"] for mark in marks))

    @cached_property
    def marked(self) -> Mapping[int, tuple[str, ...]]:
        """The marks of each row."""
        return {int(line[ROW]): tuple(line["marks"]) for line in self._rows}

    @property
    def sorted_by(self) -> Measure:
        """The measure that orders the rows."""
        return sorting(self.results, self.plan)

    def measure(self, name: str) -> Measure:
        """Return the measure of a name; one that only statistics know, such as recall, is a percentage."""
        known = {measure.name: measure for measure in self.results.measures}
        return known.get(name) or Measure(*name.rpartition("/")[::2], greater_is_better=True, percent=True)

    @cached_property
    def words(self) -> Words:
        """How answers call measures and rows."""
        return words(self.results, self.plan, self.labels)

    @cached_property
    def sets(self) -> Mapping[str, SetAnalysis]:
        """Accuracies per class and confusions, by evaluation set; those that rows were evaluated on.

        Predictions of one row at a time are in memory: those of a large suite would not fit.
        """
        baseline = self.plan.suite.leaderboard.baseline
        references = baseline_rows(self.lines, self.results.axes, baseline) if baseline else {}
        analysed = {}
        for evaluation in self.results.sets:
            shares: dict[int, pd.Series] = {}
            matrices: dict[int, pd.DataFrame] = {}
            for row in self.labels:
                cells = self.results.by_cell(row, evaluation).values()
                if cells:
                    classes = self.results.classes(row)
                    shares[row] = class_accuracy(cells, classes)
                    if len(matrices) < MOST_PANELS:
                        matrices[row] = confusion(cells, classes)
            if shares:
                table = pd.DataFrame(shares).T
                analysed[evaluation] = SetAnalysis(table, _differences(table, references), matrices)
        return analysed

    @cached_property
    def questions(self) -> Questions:
        """Answers to what the suite's axes ask further."""
        return gather(self.results, self.plan, self.lines, self.axes, self.statistics, self.sections)


def make_material(
    results: Results,
    plan: Plan,
    registry: Registry,
    sections: Collection[str] = tuple(SECTIONS),
    corrupted: CorruptedScores = NOTHING_CORRUPTED,
) -> Material:
    """Return what a report of these sections is made of; ``corrupted`` is what cells score on corrupted sets."""
    settings = plan.suite.leaderboard
    lines = leaderboard(results.cells, results.axes, results.measures, settings.sort, settings.baseline)
    known = statistics(
        results, lines, settings, seedless_models(registry), plan.suite.price, parts=_statistics_for(sections)
    )
    # The leaderboard has columns of it.
    shown = {LEADERBOARD, ROBUSTNESS} & set(sections)
    robust = gather_robustness(corrupted, results, lines, known, settings.baseline or {}) if shown else ()
    lines = with_robustness(with_statistics(lines, known), robust)
    axes = varying(results.cells, results.axes)
    more = leaderboard_columns(robust, several=len(results.sets) > 1)
    board = leaderboard_table(results, lines, axes, plan, known, more)
    return Material(results, plan, registry, lines, axes, known, board, frozenset(sections), robust)


def seedless_models(registry: Registry) -> frozenset[str]:
    """Return the names of models that declare that their seed changes nothing."""
    return frozenset(
        name
        for name, offers in registry.offers.get("model", {}).items()
        if all(getattr(offer.component, "seedless", False) for offer in offers)
    )


def _statistics_for(sections: Collection[str]) -> frozenset[str]:
    """Return which parts of the statistics sections need."""
    needed_by = {
        "comparisons": {EVIDENCE, SHIFT},
        "effects": {EFFECTS},
        "classes": {EFFECTS, INTERACTIONS},
        "calibration": {CALIBRATION},
    }
    return frozenset(part for part, of in needed_by.items() if of & set(sections))


def _differences(shares: pd.DataFrame, references: Mapping[int, int]) -> pd.DataFrame:
    """Return each row's accuracies less its baseline's; rows that have both."""
    pairs = {row: references[row] for row in shares.index if references.get(row) in shares.index}
    if not pairs:
        return pd.DataFrame()
    return shares.loc[list(pairs)] - shares.loc[list(pairs.values())].to_numpy()
