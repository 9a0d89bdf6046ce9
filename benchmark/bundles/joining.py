"""One plan for several bundles of a suite: which result is that of which cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmark.bundles.opening import opened
from benchmark.results.plan import Plan


def joined_plan(plan: Plan, files: Sequence[Path]) -> Plan:
    """Return a plan with the results that any of the bundles has; where they differ in what a cell is, the first's.

    ``plan`` is that of the first of them. What others have besides is noted.
    """
    known: dict[tuple[tuple[str, str], ...], str] = {}
    notes = []
    own = {tuple(sorted(cell.labels.items())) for cell in plan.suite.cells}
    for file in files:
        with opened(file) as bundle:
            manifest = bundle.manifest
        others = strangers = 0
        for listed in manifest.cells:
            key = tuple(sorted(listed.labels.items()))
            if listed.status:
                strangers += key not in own
                others += known.setdefault(key, listed.id) != listed.id
        name = f"{manifest.lab or file.name}"
        if others:
            notes.append(
                f"{others} cells of {name} are of other data or code than those shown, and are not shown."
            )
        if strangers:
            notes.append(
                f"{strangers} cells of {name} are not in the suite of {files[0].name}, and are not shown."
            )
    ids = tuple(
        known.get(tuple(sorted(cell.labels.items())), id_)
        for cell, id_ in zip(plan.suite.cells, plan.ids, strict=True)
    )
    return replace(plan, ids=ids, notes=(*plan.notes, *notes))
