"""What there is to show of a suite's failures: from stored cells to what was found on one evaluation set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.analysis.inspection.answers import Answers, answers, baseline_pairs
from benchmark.analysis.inspection.confident import Suspects
from benchmark.analysis.inspection.tracks import Doubt, Flip, Hard, doubts, flips, hard_tracks
from benchmark.analysis.leaderboard import row_label, varying
from benchmark.exceptions import ResultsError, UsageError, did_you_mean
from benchmark.report.leaderboard import sorting
from benchmark.results.frames import ROW, Results, lines_of

if TYPE_CHECKING:
    from benchmark.plugin.tracks import Track
    from benchmark.results.plan import Plan

AUGMENTATION = "augmentation"
_UNCHANGED = ("none", "original")


@dataclass(frozen=True)
class Inspection:
    """What was found on one evaluation set.

    Attributes:
        suite: the suite's name.
        answers: of all rows.
        labels: what tables call each row.
        marks: of all rows, such as ``synthetic``.
        hard: tracks that most rows get wrong.
        doubts: tracks whose labels are likely to be wrong.
        suspects: what these were found by.
        axis: whose values make tracks flip, and
        baseline: the value that others are held against; both are empty where no such axis varies.
        flips: the tracks that do.
        files: tracks of the set by id, where its data are here.
    """

    suite: str
    answers: Answers
    labels: Mapping[int, str]
    marks: tuple[str, ...]
    hard: tuple[Hard, ...]
    doubts: tuple[Doubt, ...]
    suspects: Suspects
    axis: str
    baseline: str
    flips: tuple[Flip, ...]
    files: Mapping[str, Track]


def inspected(results: Results, plan: Plan, on: str = "", axis: str = "") -> Inspection:
    """Return what was found on the evaluation set ``on`` (default: that of the measure which orders rows).

    ``axis`` is the one whose values make tracks flip (default: augmentation, where it varies).

    Raises:
        UsageError: when there is no such evaluation set, or no such axis that varies.
        ResultsError: when no cell is finished that may be looked at.
    """
    chosen = on or sorting(results, plan).set
    if chosen not in results.sets:
        raise UsageError(f"There is no evaluation set '{chosen}'." + did_you_mean(chosen, list(results.sets)))
    several = [name for name in results.axes if results.cells[name].nunique() > 1]
    if axis and axis not in several:
        raise UsageError(
            f"There is no axis '{axis}' with several values." + did_you_mean(axis, several)
            if several
            else f"There is no axis '{axis}': no axis of the suite has several values."
        )
    answered = answers(results, chosen)
    if answered is None:
        raise ResultsError(
            f"No finished cell has answers on {chosen} that may be looked at: none was run, or all leak there. "
            f"'bench status {plan.suite.path}' lists them."
        )
    lines = results.cells.drop_duplicates(ROW)
    shown = varying(results.cells, results.axes)
    of_axes = {int(line[ROW]): {name: str(line[name]) for name in results.axes} for line in lines_of(lines)}
    axis = axis or (AUGMENTATION if AUGMENTATION in several else "")
    baseline = _baseline(axis, plan) if axis else ""
    pairs = baseline_pairs(of_axes, answered.rows, axis, baseline) if axis else {}
    doubted, suspected = doubts(answered)
    return Inspection(
        plan.suite.name,
        answered,
        {int(line[ROW]): row_label(line, shown) for line in lines_of(lines)},
        tuple(dict.fromkeys(mark for marks in results.cells["marks"] for mark in marks)),
        tuple(hard_tracks(answered)),
        tuple(doubted),
        suspected,
        axis,
        baseline,
        tuple(flips(answered, pairs)),
        _files(plan, chosen),
    )


def _baseline(axis: str, plan: Plan) -> str:
    """Return the leaderboard's baseline on an axis, else the value that changes nothing, else the first."""
    values = plan.suite.axes[axis]
    said = (plan.suite.leaderboard.baseline or {}).get(axis)
    return said or next((value for value in values if value in _UNCHANGED), values[0])


def _files(plan: Plan, evaluation: str) -> dict[str, Track]:
    """Return the tracks of the datasets that a set is of, by id; those whose data are not here are missing."""
    keys = {
        (evaluation_set.dataset or cell.spec.dataset).key
        for cell in plan.suite.cells
        for evaluation_set in cell.spec.evaluate
        if evaluation_set.label == evaluation
    }
    return {
        track.id: track
        for key in sorted(keys)
        if key in plan.corpora_by_key
        for track in plan.corpora_by_key[key].tracks
    }
