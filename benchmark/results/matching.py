"""Which stored result belongs to which cell of a suite whose datasets are not here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from benchmark.exceptions import BrokenDatasetError, DatasetError
from benchmark.record import CellRecord
from benchmark.results.intact import Damaged
from benchmark.results.mixing import HOW
from benchmark.results.partly_known import with_partly_known
from benchmark.results.store import ResultsStore
from benchmark.suite.cell import CellSpec, canonical_json, identity
from benchmark.suite.identity import Identifier

if TYPE_CHECKING:
    from benchmark.plugin.registry import Registry
    from benchmark.results.plan import Plan

UNKNOWN = "unknown"


def with_results(plan: Plan, store: ResultsStore, registry: Registry, *, mixed: bool = False) -> Plan:
    """Return the plan with the identities of stored results for cells that an absent dataset leaves without.

    A result belongs to such a cell if their specifications agree in everything but the revisions of absent datasets.
    All are of one revision of each dataset, that of the result which was started last, unless they may be ``mixed``.
    Two cells that differ only in where absent data lie cannot be told apart, and get none. Cells without say why.
    """
    if None not in plan.ids:
        return plan
    stored = _by_specification(store.records())
    identifier = Identifier(lambda spec: UNKNOWN)
    asked: dict[int, str] = {}
    places: dict[str, set[tuple[str, ...]]] = {}
    for number, (cell, id_) in enumerate(zip(plan.suite.cells, plan.ids, strict=True)):
        canonical = identifier.canonical(cell.spec) if id_ is None and not cell.pending else None
        if canonical is not None:
            asked[number] = without_revisions(canonical)
            places.setdefault(asked[number], set()).add(_places(cell.spec))
    fitting = {
        number: [
            record for record in stored.get(text, ()) if _fits(record, plan.suite.cells[number].spec, plan)
        ]
        for number, text in asked.items()
        if len(places[text]) == 1
    }
    chosen = _one_revision_each(chain.from_iterable(fitting.values()))
    ids, cells = list(plan.ids), list(plan.suite.cells)
    for number, text in asked.items():
        records = fitting.get(number, ())
        same = [record for record in records if mixed or _revisions(record).items() <= chosen.items()]
        if same:
            ids[number] = same[-1].id
        elif records:
            cells[number] = replace(
                cells[number], pending=f"its result is of other data than the latest ones; {HOW}"
            )
        elif len(places[text]) > 1:
            why = "the data are not here, and results of several cells cannot be told apart without them"
            cells[number] = replace(cells[number], pending=why)
    known = replace(plan, suite=replace(plan.suite, cells=tuple(cells)), ids=tuple(ids))
    return with_partly_known(known, store, registry)


def absence_text(label: str, error: DatasetError) -> str:
    """Return what must be said of results that were found without their dataset."""
    if isinstance(error, BrokenDatasetError):
        return f"Dataset {label} cannot be used: {error} Its cells are not run; results are found by specification."
    return f"Dataset {label} is not here: its results are found by specification, whatever its revision was."


def _by_specification(records: Mapping[str, CellRecord | Damaged]) -> dict[str, list[CellRecord]]:
    """Return records by their specification without revisions, in the order in which they were started."""
    whole = [record for record in records.values() if isinstance(record, CellRecord)]
    by_specification: dict[str, list[CellRecord]] = {}
    for record in sorted(whole, key=_started):
        by_specification.setdefault(without_revisions(record.spec), []).append(record)
    return by_specification


def _started(record: CellRecord) -> str:
    return str(record.provenance.get("started", ""))


def _places(spec: CellSpec) -> tuple[str, ...]:
    """Return which datasets a cell uses, places included."""
    others = sorted(evaluation.dataset.key for evaluation in spec.evaluate if evaluation.dataset is not None)
    return (spec.dataset.key, *others)


def _fits(record: CellRecord, spec: CellSpec, plan: Plan) -> bool:
    """Whether a record is of the revisions that the datasets of a cell have, as far as these are here."""
    own = plan.identifier.revision_of(spec.dataset)
    if own is not None and record.spec["dataset"].get("revision") != own:
        return False
    known = Counter(
        canonical_json(evaluation)
        for evaluation in plan.identifier.sets(spec.evaluate)
        if _is_known(evaluation)
    )
    return known <= Counter(canonical_json(evaluation) for evaluation in record.spec["evaluate"])


def _is_known(evaluation: Mapping[str, Any]) -> bool:
    return evaluation["dataset"] is not None and evaluation["dataset"]["revision"] is not None


def _one_revision_each(records: Iterable[CellRecord]) -> dict[str, tuple[str, ...]]:
    """Return the revisions of each dataset in the latest record that uses it."""
    chosen: dict[str, tuple[str, ...]] = {}
    for record in sorted(records, key=_started, reverse=True):
        chosen = {**_revisions(record), **chosen}
    return chosen


def _revisions(record: CellRecord) -> dict[str, tuple[str, ...]]:
    """Return the revisions of a record's datasets, by what else they are; several may differ in nothing else."""
    by_dataset: dict[str, list[str]] = {}
    for dataset in (
        record.spec["dataset"],
        *(evaluation["dataset"] for evaluation in record.spec["evaluate"]),
    ):
        if dataset is not None:
            by_dataset.setdefault(canonical_json(_unrevised(dataset)), []).append(
                str(dataset.get("revision"))
            )
    return {text: tuple(sorted(set(several))) for text, several in by_dataset.items()}


def without_revisions(canonical: Mapping[str, Any]) -> str:
    """Return a hash of a canonical specification that no dataset's revision changes."""
    plain = dict(canonical)
    plain["dataset"] = _unrevised(plain.get("dataset"))
    evaluate = plain.get("evaluate")
    if isinstance(evaluate, list):
        plain["evaluate"] = [
            {**evaluation, "dataset": _unrevised(evaluation.get("dataset"))}
            if isinstance(evaluation, dict)
            else evaluation
            for evaluation in evaluate
        ]
    return identity(plain)


def _unrevised(dataset: Any) -> Any:
    return {**dataset, "revision": UNKNOWN} if isinstance(dataset, dict) else dataset
