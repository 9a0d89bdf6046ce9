"""Which stored result belongs to which cell of a suite, where not all is here that identities are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from benchmark.plugin.parameters import UNKNOWN as ANYTHING
from benchmark.results.record import CellRecord
from benchmark.results.store import Damaged, ResultsStore
from benchmark.suite.cell import canonical_json, identity
from benchmark.suite.identity import Identifier

if TYPE_CHECKING:
    from benchmark.execution.plan import Plan
    from benchmark.plugin.registry import Registry

UNKNOWN = "unknown"
_ANYTHING = canonical_json(ANYTHING)


def with_results(plan: Plan, store: ResultsStore, registry: Registry) -> Plan:
    """Return the plan with the identities of stored results for cells whose own are not known here.

    Where only a dataset is absent, a result belongs to such a cell if their specifications agree in everything but
    the datasets' revisions. Where a component was not loaded, or a file that one names is absent, they must agree in
    all that is known, and have the same labels and the same benchfile too. Of several such results, it is the one that
    was started last.
    """
    if None not in plan.ids:
        return plan
    records = _in_time(store.records())
    stored = {without_revisions(record.spec): record.id for record in records}
    labelled: dict[str, list[CellRecord]] = {}
    for record in reversed(records):
        labelled.setdefault(canonical_json(record.labels), []).append(record)
    identifier = Identifier(registry, lambda spec: UNKNOWN)
    ids = []
    for cell, id_ in zip(plan.suite.cells, plan.ids, strict=True):
        canonical = identifier.canonical(cell.spec) if id_ is None and not cell.pending else None
        if canonical is None:
            ids.append(id_)
        elif _ANYTHING in canonical_json(canonical):
            wanted = _unrevised_parts(canonical)
            alike = labelled.get(canonical_json(dict(cell.labels)), [])
            alike = [each for each in alike if _made_with(each, registry)]
            ids.append(next((each.id for each in alike if _agree(wanted, _unrevised_parts(each.spec))), None))
        else:
            ids.append(stored.get(without_revisions(canonical)))
    return replace(plan, ids=tuple(ids), notes=tuple(_notes(plan, registry)))


def absence_text(label: str) -> str:
    """Return what must be said of results that were found without their dataset."""
    return f"Dataset {label} is not here: its results are found by specification, whatever its revision was."


def without_revisions(canonical: Mapping[str, Any]) -> str:
    """Return a hash of a canonical specification that no dataset's revision changes."""
    return identity(_unrevised_parts(canonical))


def _notes(plan: Plan, registry: Registry) -> Sequence[str]:
    notes = []
    if registry.unopened is not None:
        notes.append(
            f"{registry.unopened.path} was not run (--trust runs it): results of what it offers are found by their "
            "labels and by what the suite says of them; values that it leaves at their defaults are not compared."
        )
        if plan.suite.tune is not None:
            notes.append("Rows that studies tuned in what it offers are not found without it.")
    for file in plan.suite.absent_files:
        notes.append(f"{file} is not here: results with it are found by their labels, whatever it held.")
    return notes


def _in_time(records: Mapping[str, CellRecord | Damaged]) -> list[CellRecord]:
    whole = [record for record in records.values() if isinstance(record, CellRecord)]
    return sorted(whole, key=lambda record: str(record.provenance.get("started", "")))


def _made_with(record: CellRecord, registry: Registry) -> bool:
    """Whether a result was made with the benchfile that was not run; older records say so in versions."""
    if registry.unopened is None:
        return True
    known = record.provenance.get("benchfile")
    return known == registry.unopened.digest if known else registry.unopened.version in str(record.spec)


def _agree(wanted: Any, found: Any) -> bool:
    """Whether a specification is what another one asks for, as far as that is known."""
    if wanted == ANYTHING:
        return True
    if isinstance(wanted, dict) and isinstance(found, dict):
        named = wanted.keys() - {ANYTHING}
        whole = named == found.keys() or (ANYTHING in wanted and named <= found.keys())
        return whole and all(_agree(wanted[key], found[key]) for key in named)
    if isinstance(wanted, list) and isinstance(found, list):
        return len(wanted) == len(found) and all(map(_agree, wanted, found))
    return bool(wanted == found)


def _unrevised_parts(canonical: Mapping[str, Any]) -> dict[str, Any]:
    plain = dict(canonical)
    plain["dataset"] = _unrevised(plain.get("dataset"))
    evaluate = plain.get("evaluate")
    if isinstance(evaluate, list):
        plain["evaluate"] = [
            {**each, "dataset": _unrevised(each.get("dataset"))} if isinstance(each, dict) else each
            for each in evaluate
        ]
    return plain


def _unrevised(dataset: Any) -> Any:
    return {**dataset, "revision": UNKNOWN} if isinstance(dataset, dict) else dataset
