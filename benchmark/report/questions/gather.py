"""What a report asks further of its results: from stored cells to answers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from benchmark.analysis.questions import Questions, questions
from benchmark.analysis.statistics import Statistics
from benchmark.report.leaderboard import sorting
from benchmark.report.questions.words import Words
from benchmark.report.sections import QUESTIONS
from benchmark.results.frames import ROW, STATUS, Results, lines_of
from benchmark.suite.paths import TRAINING_SIZE

if TYPE_CHECKING:
    from benchmark.results.plan import Plan


def gather(
    results: Results,
    plan: Plan,
    lines: pd.DataFrame,
    axes: Sequence[str],
    statistics: Statistics,
    sections: Collection[str] = QUESTIONS,
) -> Questions:
    """Return the answers to what the axes that vary ask of a suite's results; those of ``sections``."""
    labels = {
        int(line[ROW]): {axis: str(line[axis]) for axis in axes} for line in lines_of(lines.sort_values(ROW))
    }
    return questions(
        statistics.asked,
        statistics.comparisons,
        labels,
        {axis: numbers for axis, numbers in plan.suite.numbers.items() if axis in axes},
        plan.suite.leaderboard.baseline or {},
        size_axis=TRAINING_SIZE if TRAINING_SIZE in axes else "",
        tracks=_training_tracks(results) if TRAINING_SIZE in axes else {},
        first=_home(results, plan),
        parts=frozenset(QUESTIONS) & frozenset(sections),
    )


def words(results: Results, plan: Plan, labels: Mapping[int, str]) -> Words:
    """Return how measures and rows are called."""
    return Words(
        {measure.name: measure for measure in results.measures}, labels, plan.suite.leaderboard.smallest / 100
    )


def _training_tracks(results: Results) -> dict[str, float]:
    """Return how many tracks finished cells were trained on, by the label of their size; the mean."""
    counts_of: dict[str, list[float]] = {}
    for cell in lines_of(results.cells[results.cells[STATUS] == "ok"]):
        count = results.records[str(cell["id"])].counts.get("train_tracks")
        if count is not None:
            counts_of.setdefault(str(cell[TRAINING_SIZE]), []).append(float(count))
    return {label: sum(counts) / len(counts) for label, counts in counts_of.items()}


def _home(results: Results, plan: Plan) -> str:
    """Return the measure on a part of the cells' own dataset: the first such set, else what the table is sorted by."""
    sort = sorting(results, plan)
    own = {
        evaluation.label
        for cell in plan.suite.cells
        for evaluation in cell.spec.evaluate
        if evaluation.dataset is None
    }
    return next((f"{name}/{sort.metric}" for name in results.sets if name in own), sort.name)
