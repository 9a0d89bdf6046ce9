"""The studies whose values are in a plan, and how they were made."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.suite.tuning.tune import StudySpec, studies, untuned_row
from benchmark.tuning.record import StudyRecord, read_record, record_file, values_text

if TYPE_CHECKING:
    from benchmark.results.plan import Plan
    from benchmark.suite.cell import Cell
    from benchmark.tuning.history import History


def studies_stamp(plan: Plan, results: Path) -> list[Any]:
    """Return what changes when the report on studies does; empty for a suite without any."""
    stamps: list[Any] = [cell.pending for cell in plan.suite.cells if cell.pending]
    for id_ in sorted({str(cell.tuning["study"]) for cell in plan.suite.cells if cell.tuning}):
        try:
            stamps.append([id_, os.stat(record_file(results, id_)).st_mtime_ns])
        except OSError:
            stamps.append([id_, 0])
    return stamps


def known_studies(plan: Plan, results: Path) -> Iterator[tuple[StudySpec, StudyRecord]]:
    """Yield the studies whose values are in the plan."""
    if plan.suite.tune is None:
        return
    tuned: dict[tuple[tuple[str, str], ...], Cell] = {
        untuned_row(cell.labels): cell for cell in plan.suite.cells if cell.tuning
    }
    for spec in studies(plan.suite.tune, plan.suite.cells):
        cell = tuned.get(untuned_row(spec.labels))
        record = read_record(results, str(cell.tuning["study"])) if cell is not None and cell.tuning else None
        if record is not None:
            yield spec, record


def study_history(plan: Plan, spec: StudySpec, record: StudyRecord, results: Path) -> History:
    """Return the trials of a study.

    Raises:
        ResultsError: when they cannot be read.
    """
    from benchmark.tuning.history import load_history
    from benchmark.tuning.storage import storage_place

    tune = plan.suite.tune
    assert tune is not None
    place = storage_place(tune.settings.storage, results, by_hand=tune.storage_by_hand)
    return load_history(spec, record.id, place)


def study_words(record: StudyRecord) -> tuple[str, ...]:
    """Return how a study was made, in sentences."""
    counts = ", ".join(f"{count} {state}" for state, count in record.trials.items())
    searched = "; ".join(
        f"{kind} {name}" + (f" ({values_text(settings)})" if settings else "")
        for kind, choice in (("sampler", record.sampler), ("pruner", record.pruner))
        for name, settings in choice.items()
    )
    return (
        f"Values were chosen by {record.metric} on {record.chosen_on}; no test data were read.",
        f"Trials: {counts}; {record.seconds:.0f} s in all.",
        f"Optuna {record.optuna}, {searched}; kept in {record.storage}.",
        *(f"Failed with {error}" for error in record.errors),
    )
