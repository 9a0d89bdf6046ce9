"""From a suite's result folders to the tables that analysis starts from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmark.record import CellRecord
from benchmark.results.filed import Filed, filed_predictions, read_records
from benchmark.results.frames import STATUS, Results
from benchmark.results.intact import DAMAGED_STATUS
from benchmark.results.lines import cell_line, keep_apart, standing_line
from benchmark.results.mixing import mixture_notes
from benchmark.results.standing import Standing, alike, repaired, standing
from benchmark.results.store import ResultsStore
from benchmark.results.values import cell_values, filed_values, suite_metrics
from benchmark.suite.cell import REPEATED

if TYPE_CHECKING:
    from benchmark.plugin.registry import Registry
    from benchmark.results.plan import Plan


def collect(plan: Plan, store: ResultsStore, registry: Registry, *, mixed: bool = False) -> Results:
    """Read what is stored of a plan's cells, with the values of its metrics. Nothing is trained.

    Values are those that were filed with a cell wherever these are the same numbers (``filed_values``). Computed are
    those of metrics that are asked for since, or with other parameters, and those on sets of which tracks are left
    out; and all of them where results are a stranger's, of whom a folder is nothing but what its predictions say.

    Cells of a row that must not meet (see ``set_apart``) do so only if they may be ``mixed``; all are marked then.
    """
    folders = store.scan()
    records, damaged = read_records(plan, store, folders)
    asked = suite_metrics(plan, registry)
    rows: dict[tuple[tuple[str, str], ...], int] = {}
    refused: Counter[tuple[str, str]] = Counter()
    filed = filed_predictions(plan, records, folders, damaged, registry)
    standings = _standings(plan, records, filed)
    stored = repaired(filed.whole, standings)
    lines = []
    for cell, known in zip(plan.suite.cells, plan.ids, strict=True):
        id_ = known or ""
        row = rows.setdefault(cell.row, len(rows))
        line = cell_line(cell, row, id_, records.get(id_), damaged.get(id_))
        if cell.added and line[STATUS] in ("missing", "interrupted"):
            # Nobody misses what the suite does not ask for.
            continue
        if id_ in stored:
            own = standings[id_]
            line |= standing_line(own, line["marks"])
            is_own = registry.unopened is None
            values = filed_values(records[id_], folders[id_], asked, filed.names[id_]) if is_own else {}
            whole = {name: every for name, every in filed.whole[id_].items() if own[name].left_out}
            of_whole = cell_values(whole, values, asked, Counter())
            line |= cell_values(
                stored[id_], {name: values[name] for name in values if name not in whole}, asked, refused
            )
            line |= {f"{name} whole": value for name, value in of_whole.items()}
        elif id_ in damaged:
            line |= {STATUS: DAMAGED_STATUS, "error": damaged[id_]}
        lines.append(line)
    keep_apart(lines, records, [measure.name for measure in asked.measures], mixed=mixed)
    cells = pd.DataFrame(lines)
    for measure in asked.measures:
        if measure.name not in cells:
            cells[measure.name] = np.nan
    return Results(
        cells,
        tuple(axis for axis in plan.suite.axes if axis not in REPEATED),
        asked.measures,
        filed.shown,
        folders,
        (*_notes(folders, damaged, refused, filed), *mixture_notes(records)),
        asked.by_label,
        stored,
        standings,
        filed.names,
    )


def _notes(
    folders: Mapping[str, Path],
    damaged: Mapping[str, str],
    refused: Mapping[tuple[str, str], int],
    filed: Filed,
) -> Iterator[str]:
    """Say what is not in the tables, and why."""
    for id_, reason in damaged.items():
        yield f"{folders[id_].name} is damaged and not used: {reason.rstrip('.')}."
    for (metric, problem), count in refused.items():
        values = "1 value" if count == 1 else f"{count} values"
        yield f"{values} of {metric} cannot be computed: {problem}"
    for problem, count in filed.unfiled.items():
        yield f"Not used: predictions of {count} cells on {problem}."


def _standings(plan: Plan, records: Mapping[str, CellRecord], filed: Filed) -> dict[str, dict[str, Standing]]:
    """Return, by cell and evaluation set, what a result may be ranked with, and which tracks are left out of it."""
    limit = plan.suite.leaderboard.leak_limit
    shared = {
        id_
        for cell, id_ in zip(plan.suite.cells, plan.ids, strict=True)
        if cell.spec.split.groups == "shared"
    }
    alone = {
        id_: {
            name: standing(
                records[id_].audit,
                filed.names[id_][name],
                tested,
                leak_limit=limit,
                groups_shared=id_ in shared,
                leaky="leaky" in records[id_].marks,
            )
            for name, tested in sets.items()
        }
        for id_, sets in filed.whole.items()
    }
    return alike(filed.whole, alone, limit)
