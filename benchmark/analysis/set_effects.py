"""What the values of axes change on one evaluation set, over all classes and class by class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmark.analysis.contrast import family
from benchmark.analysis.effects import Change, class_effects, effects
from benchmark.analysis.evaluated import EvaluatedSet
from benchmark.analysis.findings import Findings
from benchmark.analysis.measured import Measured, Units
from benchmark.analysis.recall import recalls
from benchmark.analysis.resampling import largest_difference
from benchmark.results.frames import Measure, Results

RECALL = "recall"


def note_effects(
    results: Results,
    column: Measure,
    evaluated: EvaluatedSet,
    kept: Mapping[int, Measured],
    changed: Sequence[Change],
    findings: Findings,
    price: float,
) -> None:
    """Note what changes of axes do to one column, over all and by row."""
    if not kept:
        return
    gathered = effects(
        changed,
        family(kept, evaluated.same, [block.rows for block in evaluated.blocks]),
        evaluated.name,
        column.name,
        bound=largest_difference(results.metrics[column.metric]),
        unmoved=_unmoved(changed, evaluated.same),
        block_of=evaluated.block_of,
        price=price,
    )
    findings.effects += gathered.overall
    findings.effects_by_row += gathered.by_row


def _unmoved(changed: Sequence[Change], same: Mapping[int, int]) -> set[tuple[int, int]]:
    """Return the pairs of rows with the same answers: what was changed cannot change them."""
    return {
        (row, other)
        for change in changed
        for row, other in change.pairs
        if same.get(row, row) == same.get(other, other)
    }


def class_recalls(
    results: Results, evaluated: EvaluatedSet, changed: Sequence[Change], units: Units, usable: Sequence[int]
) -> dict[str, dict[int, Measured]]:
    """Return the share of each class's tracks that is recognised, by class and row; rows that a change concerns."""
    wanted = (
        {row for change in changed for pair in change.pairs for row in pair}
        & set(evaluated.rows)
        & set(usable)
    )
    if not wanted:
        return {}
    classes = results.classes(min(wanted))
    by_class: dict[str, dict[int, Measured]] = {}
    parts: dict[tuple[int, int, int], np.ndarray] = {}
    for row in sorted(wanted):
        if results.classes(row) == classes:
            for number, recall in recalls(evaluated.rows[row], units, len(classes), parts):
                by_class.setdefault(classes[number], {})[row] = recall
    return {name: by_class[name] for name in classes if name in by_class}


def recall_effects(
    evaluated: EvaluatedSet, changed: Sequence[Change], by_class: Mapping[str, Mapping[int, Measured]]
) -> list[dict[str, Any]]:
    """Return the effects on the share of each class's tracks that is recognised."""
    if not by_class:
        return []
    blocks = [block.rows for block in evaluated.blocks]
    families = {name: family(rows, evaluated.same, blocks) for name, rows in by_class.items()}
    return class_effects(
        changed, families, evaluated.name, f"{evaluated.name}/{RECALL}", _unmoved(changed, evaluated.same)
    )
