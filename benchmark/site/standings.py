"""One table per task and protocol, over all bundles, by the same statistics as a report's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from benchmark.analysis.leaderboard import MEAN, leaderboard
from benchmark.analysis.ranked import with_statistics
from benchmark.analysis.robustness import Robustness
from benchmark.analysis.statistics import Statistics, statistics
from benchmark.results.frames import CELL_NAME, ROW, STATUS, Measure, Results
from benchmark.settings import LeaderboardSettings
from benchmark.site.entries import FIRST, Entry, Gathered, Submission, Task
from benchmark.site.robustness import robustness_of

if TYPE_CHECKING:
    from benchmark.plugin.metric import Metric
    from benchmark.results.predictions import SetPredictions

REPORTED, REPRODUCED, PARTLY = "reported", "reproduced", "reproduced in part"
DISPUTED = "not reproduced"
# Metrics of two runs may be off by so much, in their own units: devices differ.
TOLERANCE = 0.02


@dataclass(frozen=True)
class Check:
    """What another lab's run of the same cells says.

    ``names`` are the cells that were compared, ``exact`` counts those with the same predictions, and ``agree`` says
    whether the metrics of all are within ``TOLERANCE``.
    """

    source: Submission
    names: frozenset[str]
    exact: int
    agree: bool


@dataclass(frozen=True)
class Row:
    """One row of a table: the entry whose numbers are shown, the bundle that had it first, what other labs found."""

    number: int
    label: str
    entry: Entry
    first: Submission
    checks: tuple[Check, ...]

    @property
    def state(self) -> str:
        """Whether another lab has reproduced it."""
        if not self.checks:
            return REPORTED
        if not all(check.agree for check in self.checks):
            return DISPUTED
        run_again = frozenset().union(*(check.names for check in self.checks))
        return REPRODUCED if run_again >= self.entry.tested.keys() else PARTLY

    @property
    def address(self) -> str:
        """The name of its page and badge."""
        return f"{self.entry.task.key}-{self.entry.key}"


@dataclass(frozen=True)
class Board:
    """A table: its task, rows by number, the leaderboard, and the statistics; ``sort`` orders it.

    ``robustness`` has rows that were worn alike together.
    """

    task: Task
    rows: Mapping[int, Row]
    lines: pd.DataFrame
    statistics: Statistics
    results: Results
    sort: Measure
    sources: tuple[Submission, ...]
    history: tuple[tuple[Submission, int, str, float], ...]
    robustness: tuple[Robustness, ...] = ()


def boards(gathered: Gathered) -> list[Board]:
    """Return one board per task, that with the most rows first."""
    tasks: dict[str, list[Entry]] = {}
    for entry in gathered.entries:
        tasks.setdefault(entry.task.key, []).append(entry)
    made = [_board(entries, gathered) for entries in tasks.values()] if gathered.metrics else []
    return sorted(made, key=lambda board: (-len(board.rows), board.task.title, board.task.key))


def _board(entries: Sequence[Entry], gathered: Gathered) -> Board:
    task = entries[0].task
    metrics = dict(sorted(gathered.metrics.items(), key=lambda pair: pair[0] != FIRST))
    by_key: dict[str, list[Entry]] = {}
    for entry in entries:
        by_key.setdefault(entry.key, []).append(entry)
    rows: dict[int, Row] = {}
    for number, several in enumerate(by_key.values()):
        # The fullest speaks for the row; of those, the earliest, which come first.
        shown = max(several, key=lambda entry: len(entry.tested))
        checks = [_check(shown, entry, metrics) for entry in several if entry is not shown]
        rows[number] = Row(
            number,
            shown.label,
            shown,
            several[0].source,
            tuple(check for check in checks if check is not None),
        )
    rows = _told_apart(rows)
    measures = tuple(
        Measure(task.title, label, metric.greater_is_better, metric.percent)
        for label, metric in metrics.items()
    )
    results = _results(task, rows, measures, metrics)
    sort = measures[0]
    price = max(row.entry.source.price for row in rows.values())
    settings = LeaderboardSettings(sort=sort.name)
    lines = leaderboard(results.cells, (), measures, sort.name)
    known = statistics(results, lines, settings, gathered.seedless, price)
    lines = with_statistics(lines, known)
    sources = tuple(source for source in gathered.sources if any(entry.source is source for entry in entries))
    history = _history(rows, lines, sort, sources, entries)
    robust = robustness_of({number: row.entry.worn for number, row in rows.items()}, task.title, sort.metric)
    return Board(task, rows, lines, known, results, sort, sources, history, robust)


def _check(shown: Entry, other: Entry, metrics: Mapping[str, Metric]) -> Check | None:
    """Return what another lab's cells say of those shown, or None where nothing was run again by somebody else."""
    own, two = shown.source.lab.casefold(), other.source.lab.casefold()
    # Who has no name cannot be told from anybody.
    if not own or not two or own == two:
        return None
    shared = [
        name
        for name in shown.tested.keys() & other.tested.keys()
        # A copy of a result is no second run.
        if _run(shown, name) != _run(other, name)
    ]
    if not shared:
        return None
    exact = agree = 0
    for name in shared:
        first, second = shown.tested[name], other.tested[name]
        same = (
            first.tracks.tolist() == second.tracks.tolist()
            and first.labels.tolist() == second.labels.tolist()
        )
        same = same and shown.records[name].classes == other.records[name].classes
        exact += same and bool(np.array_equal(first.probabilities, second.probabilities))
        agree += same and all(
            abs(_value(metric, first) - _value(metric, second)) <= TOLERANCE for metric in metrics.values()
        )
    return Check(other.source, frozenset(shared), exact, agree == len(shared))


def _run(entry: Entry, name: str) -> Any:
    record = entry.records[name]
    return record.provenance, record.seconds


def _told_apart(rows: Mapping[int, Row]) -> dict[int, Row]:
    """Return rows of which no two are called the same."""
    from dataclasses import replace

    def named(label: str, taken: dict[str, int]) -> str:
        taken[label] = taken.get(label, 0) + 1
        return label if taken[label] == 1 else f"{label} ({taken[label]})"

    labels = [row.label for row in rows.values()]
    taken: dict[str, int] = {}
    named_rows = {}
    for number, row in rows.items():
        label = row.label
        if labels.count(label) > 1:
            label = f"{label}, {row.entry.source.suite}"
        named_rows[number] = replace(row, label=named(label, taken))
    return named_rows


def _results(
    task: Task, rows: Mapping[int, Row], measures: tuple[Measure, ...], metrics: Mapping[str, Metric]
) -> Results:
    """Return the results of a table as those of one suite, for the statistics."""
    lines, records, stored, filed = [], {}, {}, {}
    standings: dict[str, dict[str, Any]] = {}
    wanted = ("verdict", "standing", "marks", "total", "trainable", "training_seconds", "total_seconds",
              "peak_memory_mb", "train_items", "flops_per_clip", "items_per_second", "energy_wh")  # fmt: skip
    for row in rows.values():
        for line in row.entry.lines:
            name = str(line[CELL_NAME])
            id_ = f"{row.number} {name}"
            here = {ROW: row.number, CELL_NAME: name, "id": id_, "added": bool(line.get("added", False))}
            here |= {STATUS: line[STATUS], "error": line["error"], "marks": ()}
            here |= {key: line[key] for key in wanted if key in line}
            # An audit may say another thing of another set.
            here["standing"] = line.get(f"{row.entry.task.title} standing", line.get("standing"))
            tested = row.entry.tested.get(name)
            if tested is not None and line[STATUS] == "ok":
                records[id_] = row.entry.records[name]
                stored[id_] = {task.title: tested}
                filed[id_] = {task.title: row.entry.filed[name]}
                standings[id_] = {}
                here |= {measure.name: _value(metrics[measure.metric], tested) for measure in measures}
            else:
                here |= {STATUS: "missing" if line[STATUS] == "ok" else line[STATUS]}
                here |= {measure.name: np.nan for measure in measures}
            lines.append(here)
    return Results(
        pd.DataFrame(lines), (), measures, records, {}, (), dict(metrics), stored, standings, filed
    )


def _value(metric: Metric, tested: SetPredictions) -> float:
    try:
        return float(metric.compute(tested.labels, tested.probabilities))
    except Exception:  # A plugin's code may raise anything, and must not cost the whole site.
        return float("nan")


def _history(
    rows: Mapping[int, Row],
    lines: pd.DataFrame,
    sort: Measure,
    sources: Sequence[Submission],
    entries: Sequence[Entry],
) -> tuple[tuple[Submission, int, str, float], ...]:
    """Return, by bundle in the order of dates, how many rows it has, and the best row up to then with its mean."""
    ranked = lines[lines["complete"] & lines["clean"]]
    means = dict(zip(ranked[ROW], ranked[f"{sort.name} {MEAN}"], strict=True))
    steps, best, value = [], "", float("nan")
    for source in sources:
        for number, row in rows.items():
            mean = means.get(number, float("nan"))
            if row.first is source and np.isfinite(mean):
                better = not best or (mean > value if sort.greater_is_better else mean < value)
                best, value = (row.label, mean) if better else (best, value)
        count = sum(entry.source is source for entry in entries)
        steps.append((source, count, best, value))
    return tuple(steps)
