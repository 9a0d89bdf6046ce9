"""The leaderboard as a table for people: columns, caption, and notes on what is not as it should be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from benchmark.analysis.leaderboard import DIFFERENCE, HIGH, LOW, MEAN, SD, WHOLE
from benchmark.plugin.tracks import LeftOut, reasons_text
from benchmark.record import ENERGY, FLOPS, THROUGHPUT
from benchmark.report.table import Column, Kind, Table, plain
from benchmark.report.verdicts import block_names, known_sentences, separable_sentences, standings
from benchmark.results.frames import ROW, STATUS, Measure, Results, lines_of, sorting_measure
from benchmark.results.matching import absence_text
from benchmark.results.standing import SHARED

if TYPE_CHECKING:
    from benchmark.analysis.statistics import Statistics
    from benchmark.results.plan import Plan

_MOST_ERRORS = 20
_GFLOPS = "gflops_per_clip"
# Seen where there is room for them: in CSV, and on a page that scrolls.
_COSTS = (
    Column(_GFLOPS, "GFLOPs per clip", "number", drawn=False, on_page=True),
    Column(THROUGHPUT, "training clips/s", "seconds", drawn=False, on_page=True),
    Column("peak_memory_mb", "peak MB", "integer", drawn=False, on_page=True),
    Column(ENERGY, "training Wh", "number", drawn=False, on_page=True),
)
MARKS = {
    "synthetic": "synthetic data: nobody recorded this music",
    "rehearsal": "A REHEARSAL on small stand-ins: the numbers say nothing about the models",
    "leaky": "rows marked leaky were trained on copies of held-out tracks (see the audit), and are not ranked",
    "mixed": "MIXED: results of other data, backends or versions of the program are averaged",
}


def leaderboard_table(
    results: Results,
    lines: pd.DataFrame,
    axes: Sequence[str],
    plan: Plan,
    statistics: Statistics,
    more: Sequence[Column] = (),
) -> Table:
    """Return a leaderboard (``lines``, with statistics) as a table; ``axes`` are those that have a column.

    ``more`` are columns that stand behind those of the measures.

    A column that says the same of all rows becomes a sentence of the caption.
    """
    sort = sorting(results, plan)
    known = lines_of(lines)
    labels = {int(line[ROW]): " · ".join(str(line[axis]) for axis in axes) for line in known}
    names = block_names(statistics, lines, results.axes)
    shown = lines.assign(
        n=[_count(line) for line in known],
        standing_text=lines[ROW].map(standings(statistics, sort)),
        protocol=lines[ROW].map(
            {row: names[number] for number, own in enumerate(statistics.known) for row in own.block.rows}
        ),
    )
    columns = [
        Column("rank", "rank", "rank"),
        Column("letters", "alike", spare=3),
        *(Column(axis, axis) for axis in axes),
        Column("protocol", "protocol", spare=2, drawn=_several_unnamed(statistics, lines, axes)),
        Column("standing_text", "verdict", spare=1),
        *_measured(results, lines, sort),
        *more,
        Column("n", "cells ok", spare=1),
        Column("total", "parameters", "integer", spare=6),
        Column("training_seconds", "training s", "seconds", spare=6),
        *_COSTS,
        Column("marks", "marks"),
        Column("verdict", "audit", spare=8),
        *(
            Column(key, drawn=False)
            for key in ("ok", "expected", "added", STATUS, "standing", "rank_low", "rank_high")
        ),
        *(Column(str(key), drawn=False) for key in lines if str(key).endswith(f" {WHOLE}")),
    ]
    values = tuple({str(key): plain(value) for key, value in line.items()} for line in lines_of(shown))
    for line in values:
        line["total"] = None if line["total"] is None else round(line["total"])
        low, high = line["rank_low"], line["rank_high"]
        line["rank_middle"] = None if low is None else (low + high) / 2
        flops = line[FLOPS]
        line[_GFLOPS] = None if flops is None else flops / 1e9
    if all(line["rank_low"] == line["rank_high"] for line in values):
        # Nothing is shared: letters would say again what the ranks say.
        columns = [column for column in columns if column.key != "letters"]
    said, columns = _unvarying(columns, values)
    sentences = known_sentences(statistics, labels, names, sort)
    return Table(
        tuple(columns),
        values,
        " ".join([_caption(results, lines, axes, plan, sort), *said]),
        (
            *separable_sentences(statistics, results.measures),
            *statistics.notes,
            *_notes(results, lines, plan),
        ),
        tuple(sentences),
    )


def sorting(results: Results, plan: Plan) -> Measure:
    """Return the measure that orders the rows."""
    return sorting_measure(results.measures, plan.suite.leaderboard.sort)


def _several_unnamed(statistics: Statistics, lines: pd.DataFrame, axes: Sequence[str]) -> bool:
    """Return whether there are blocks of competitors that the columns of the axes do not tell apart."""
    block = lines["block"]
    named = any(lines.groupby(axis)["block"].nunique().le(1).all() for axis in axes)
    return bool(len(statistics.known) > 1 and block.notna().any() and not named)


def _unvarying(
    columns: Sequence[Column], lines: Sequence[Mapping[str, Any]]
) -> tuple[list[str], list[Column]]:
    """Return sentences for columns that say the same of all rows, and the columns without those."""
    from dataclasses import replace

    words = {
        "n": lambda value: f"All rows: {value} cells.",
        "marks": lambda value: f"All rows are marked {', '.join(value)}." if value else "",
        "verdict": lambda value: f"Audit of all rows: {value}." if value else "",
        "letters": lambda value: "",
        "standing_text": lambda value: "",
    }
    said, kept = [], []
    for column in columns:
        if column.key in words and len(lines) > 1:
            distinct = [line.get(column.key) for line in lines]
            if all(value == distinct[0] for value in distinct):
                said.append(words[column.key](distinct[0]))
                kept.append(replace(column, drawn=False))
                continue
        kept.append(column)
    return [sentence for sentence in said if sentence], kept


def _measured(results: Results, lines: pd.DataFrame, sort: Measure) -> list[Column]:
    columns = []
    several = len(results.sets) > 1
    # What the table is sorted by comes first: where room is short, it is what is left.
    for measure in sorted(results.measures, key=lambda measure: (measure.set != sort.set, measure != sort)):
        group = measure.set if several else ""
        kind: Kind = "percent" if measure.percent else "number"
        first = measure.metric == sort.metric
        spare = 0 if measure == sort else 4 if first else 7 if measure.set != sort.set else 5
        mean, sd, low, high = (f"{measure.name} {part}" for part in (MEAN, SD, LOW, HIGH))
        columns.append(Column(mean, measure.metric, kind, sd, group, spare, low=low, high=high))
        difference = f"{measure.name} {DIFFERENCE}"
        if difference in lines:
            kind = "points" if measure.percent else "signed"
            low, high = f"{difference} {LOW}", f"{difference} {HIGH}"
            columns.append(
                Column(
                    difference,
                    f"Δ {measure.metric}",
                    kind,
                    None,
                    group,
                    2,
                    measure == sort,
                    low=low,
                    high=high,
                )
            )
    return columns


def _count(line: dict[Any, Any]) -> str:
    text = f"{line['ok']}/{line['expected']}"
    if line["added"]:
        text += f", {line['added']} added"
    return text if line["complete"] else f"{text} ({line[STATUS]})"


def _caption(results: Results, lines: pd.DataFrame, axes: Sequence[str], plan: Plan, sort: Measure) -> str:
    marks = dict.fromkeys(mark for marks in lines["marks"] for mark in marks)
    said = "; ".join(MARKS.get(mark, mark) for mark in marks)
    over = "folds" if "fold" in plan.suite.axes else "seeds"
    evaluated = [f"evaluated on {results.sets[0]}"] if len(results.sets) == 1 else []
    fixed = [f"{axis}: {results.cells[axis].iloc[0]}" for axis in results.axes if axis not in axes]
    unit = "percent, " if all(measure.percent for measure in results.measures) else ""
    baseline = plan.suite.leaderboard.baseline or {}
    against = [f"Δ to {', '.join(f'{axis} {label}' for axis, label in baseline.items())}"] if baseline else []
    parts = [
        f"Leaderboard of {plan.suite.name}",
        f"sorted by {sort.name}",
        f"{unit}mean over {over} [95 % interval]",
        "ranks are those that a row may have",
    ]
    return (
        ", ".join([*parts, *evaluated, *against, *fixed])
        + "."
        + (f" {said[0].upper()}{said[1:]}." if said else "")
    )


def _notes(results: Results, lines: pd.DataFrame, plan: Plan) -> tuple[str, ...]:
    said = [
        *(absence_text(*absence) for absence in plan.absent.items()),
        *plan.notes,
        *results.notes,
        *_raced(lines, plan),
        *_chosen_on(plan),
        *_without_value(results),
    ]
    incomplete = int((~lines["complete"]).sum())
    if incomplete:
        said.append(f"{incomplete} of {len(lines)} rows are incomplete, and are not ranked.")
    apart = lines["complete"] & (lines["standing"] == SHARED)
    if apart.any() and not lines.loc[apart, "clean"].any():
        said.append(
            f"{int(apart.sum())} rows are tested on groups (artists, source recordings) that they were trained on, and "
            "are not ranked among those that are not; 'split: {groups: shared}' says that this is meant."
        )
    failures = failed_cells(results, plan)
    said += failures[:_MOST_ERRORS]
    if len(failures) > _MOST_ERRORS:
        said.append(f"… and {len(failures) - _MOST_ERRORS} more cells that are not ok.")
    left_out = {name: why for record in results.records.values() for name, why in record.left_out.items()}
    if left_out:
        reasons = reasons_text(LeftOut(name, why) for name, why in left_out.items())
        files, are = ("1 file", "is") if len(left_out) == 1 else (f"{len(left_out)} files", "are")
        said.append(f"{files} could not be used ({reasons}), and {are} listed in report.md.")
    return tuple(said)


def _without_value(results: Results) -> list[str]:
    """Say which measures some finished cells lack, so that their rows have none."""
    finished = results.cells[results.cells[STATUS] == "ok"]
    lacking = {
        measure.name: int(finished[measure.name].isna().sum())
        for measure in results.measures
        if measure.name in finished
    }
    return [
        f"{name} has no value in {count} finished cell{'s' if count > 1 else ''}, and so none in their rows: a mean of "
        "the others would be that of easier or harder ones."
        for name, count in lacking.items()
        if count
    ]


def _chosen_on(plan: Plan) -> list[str]:
    """Say which evaluation sets had a part in choosing values or epochs, so that they flatter what was chosen."""
    specs = [cell.spec for cell in plan.suite.cells]
    sets = {own.label: None for spec in specs for own in spec.evaluate if own.part == "validation"}
    chosen = [
        *(["tuned values"] if plan.suite.tune else []),
        *(["ends of training"] if any(spec.training.early_stopping for spec in specs) else []),
    ]
    if not chosen or not sets:
        return []
    return [
        f"{' and '.join(chosen).capitalize()} were chosen on {', '.join(sets)}: rows look better there than they are, "
        "and nothing there is said of new tracks."
    ]


def _raced(lines: pd.DataFrame, plan: Plan) -> list[str]:
    """Say that a table was looked at more than once, and what that costs."""
    if plan.suite.price == 1:
        return []
    rows = int((lines["added"] > 0).sum())
    added = f"{rows} of {len(lines)} rows have seeds that are none of the suite's list: " if rows else ""
    looked = (
        "'bench run --decide' looked at this table more than once, to add seeds where a verdict hangs on them"
    )
    return [
        f"{added}{looked}. For that, p values are multiplied by {plan.suite.price:g}, after Holm's correction."
    ]


def failed_cells(results: Results, plan: Plan) -> list[str]:
    """Return a line for each cell that ended badly: its labels, its status, and the error's first line."""
    failed = results.cells[results.cells["error"] != ""]
    lines = []
    for cell in lines_of(failed):
        name = " · ".join(str(cell[axis]) for axis in plan.suite.axes)
        lines.append(f"{name}: {cell[STATUS]}: {cell['error'].splitlines()[0]}")
    return lines
