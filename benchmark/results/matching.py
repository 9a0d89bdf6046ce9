"""Which stored result belongs to which cell of a suite whose datasets are not here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from benchmark.results.partly_known import with_partly_known
from benchmark.results.record import CellRecord
from benchmark.results.store import Damaged, ResultsStore
from benchmark.suite.cell import identity
from benchmark.suite.identity import Identifier

if TYPE_CHECKING:
    from benchmark.execution.plan import Plan
    from benchmark.plugin.registry import Registry

UNKNOWN = "unknown"


def with_results(plan: Plan, store: ResultsStore, registry: Registry) -> Plan:
    """Return the plan with the identities of stored results for cells that an absent dataset leaves without.

    A result belongs to such a cell if their specifications agree in everything but the datasets' revisions;
    of several such results, it is the one that was started last.
    """
    if None not in plan.ids:
        return plan
    stored = _by_specification(store.records())
    identifier = Identifier(registry, lambda spec: UNKNOWN)
    ids = []
    for cell, id_ in zip(plan.suite.cells, plan.ids, strict=True):
        canonical = identifier.canonical(cell.spec) if id_ is None and not cell.pending else None
        ids.append(id_ if canonical is None else stored.get(without_revisions(canonical)))
    return with_partly_known(replace(plan, ids=tuple(ids)), store, registry)


def absence_text(label: str) -> str:
    """Return what must be said of results that were found without their dataset."""
    return f"Dataset {label} is not here: its results are found by specification, whatever its revision was."


def _by_specification(records: Mapping[str, CellRecord | Damaged]) -> dict[str, str]:
    whole = [record for record in records.values() if isinstance(record, CellRecord)]
    in_time: Sequence[CellRecord] = sorted(
        whole, key=lambda record: str(record.provenance.get("started", ""))
    )
    return {without_revisions(record.spec): record.id for record in in_time}


def without_revisions(canonical: Mapping[str, Any]) -> str:
    """Return a hash of a canonical specification that no dataset's revision changes."""
    plain = dict(canonical)
    plain["dataset"] = _unrevised(plain.get("dataset"))
    evaluate = plain.get("evaluate")
    if isinstance(evaluate, list):
        plain["evaluate"] = [
            {**each, "dataset": _unrevised(each.get("dataset"))} if isinstance(each, dict) else each
            for each in evaluate
        ]
    return identity(plain)


def _unrevised(dataset: Any) -> Any:
    return {**dataset, "revision": UNKNOWN} if isinstance(dataset, dict) else dataset
