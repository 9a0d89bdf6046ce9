"""Which stored result belongs to which cell of a suite, where not all is here that identities are made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from benchmark.plugin.parameters import UNKNOWN as ANYTHING
from benchmark.results.mixing import HOW
from benchmark.results.record import CellRecord
from benchmark.results.store import Damaged, ResultsStore
from benchmark.suite.cell import CellSpec, canonical_json, identity
from benchmark.suite.identity import Identifier

if TYPE_CHECKING:
    from benchmark.execution.plan import Plan
    from benchmark.plugin.registry import Registry

UNKNOWN = "unknown"
_ANYTHING = canonical_json(ANYTHING)


def with_results(plan: Plan, store: ResultsStore, registry: Registry, *, mixed: bool = False) -> Plan:
    """Return the plan with the identities of stored results for cells whose own are not known here.

    Where only a dataset is absent, a result belongs to such a cell if their specifications agree in everything but the
    revisions of absent datasets. Where a component was not loaded, or a file that one names is absent, they must agree
    in all that is known, and have the same labels and the same benchfile too.
    All are of one revision of each dataset, that of the result which was started last, unless they may be ``mixed``.
    Two cells that differ only in where absent data lie cannot be told apart, and get none. Cells without say why.
    """
    if None not in plan.ids:
        return plan
    records = _in_time(store.records())
    stored = _by_specification(records)
    labelled: dict[str, list[CellRecord]] = {}
    for record in records:
        labelled.setdefault(canonical_json(record.labels), []).append(record)
    identifier = Identifier(registry, lambda spec: UNKNOWN)
    asked: dict[int, str] = {}
    fitting: dict[int, list[CellRecord]] = {}
    places: dict[str, set[tuple[str, ...]]] = {}
    for number, (cell, id_) in enumerate(zip(plan.suite.cells, plan.ids, strict=True)):
        canonical = identifier.canonical(cell.spec) if id_ is None and not cell.pending else None
        if canonical is None:
            continue
        asked[number] = without_revisions(canonical)
        if _ANYTHING in canonical_json(canonical):
            wanted = _unrevised_parts(canonical)
            fitting[number] = [
                record
                for record in labelled.get(canonical_json(dict(cell.labels)), [])
                if _made_with(record, registry) and _agree(wanted, _unrevised_parts(record.spec))
            ]
        else:
            places.setdefault(asked[number], set()).add(_places(cell.spec))
    for number, text in asked.items():
        if len(places.get(text, ())) == 1:
            spec = plan.suite.cells[number].spec
            fitting[number] = [record for record in stored.get(text, ()) if _fits(record, spec, plan)]
    chosen = _one_revision_each(chain.from_iterable(fitting.values()))
    ids, cells = list(plan.ids), list(plan.suite.cells)
    for number, text in asked.items():
        found = fitting.get(number, ())
        same = [record for record in found if mixed or _revisions(record).items() <= chosen.items()]
        if same:
            ids[number] = same[-1].id
        elif found:
            cells[number] = replace(
                cells[number], pending=f"its result is of other data than the latest ones; {HOW}"
            )
        elif len(places.get(text, ())) > 1:
            why = "the data are not here, and results of several cells cannot be told apart without them"
            cells[number] = replace(cells[number], pending=why)
    suite = replace(plan.suite, cells=tuple(cells))
    return replace(plan, suite=suite, ids=tuple(ids), notes=tuple(_notes(plan, registry)))


def absence_text(label: str) -> str:
    """Return what must be said of results that were found without their dataset."""
    return f"Dataset {label} is not here: its results are found by specification, whatever its revision was."


def _in_time(records: Mapping[str, CellRecord | Damaged]) -> list[CellRecord]:
    """Return whole records, in the order in which they were started."""
    whole = [record for record in records.values() if isinstance(record, CellRecord)]
    return sorted(whole, key=_started)


def _by_specification(records: Iterable[CellRecord]) -> dict[str, list[CellRecord]]:
    """Return records by their specification without revisions."""
    found: dict[str, list[CellRecord]] = {}
    for record in records:
        found.setdefault(without_revisions(record.spec), []).append(record)
    return found


def _started(record: CellRecord) -> str:
    return str(record.provenance.get("started", ""))


def _places(spec: CellSpec) -> tuple[str, ...]:
    """Return which datasets a cell uses, places included."""
    others = sorted(each.dataset.key for each in spec.evaluate if each.dataset is not None)
    return (spec.dataset.key, *others)


def _fits(record: CellRecord, spec: CellSpec, plan: Plan) -> bool:
    """Whether a record is of the revisions that the datasets of a cell have, as far as these are here."""
    own = plan.identifier.revision_of(spec.dataset)
    if own is not None and record.spec["dataset"].get("revision") != own:
        return False
    known = Counter(canonical_json(each) for each in plan.identifier.sets(spec.evaluate) if _is_known(each))
    return known <= Counter(canonical_json(each) for each in record.spec["evaluate"])


def _is_known(each: Mapping[str, Any]) -> bool:
    return each["dataset"] is not None and each["dataset"]["revision"] is not None


def _one_revision_each(records: Iterable[CellRecord]) -> dict[str, tuple[str, ...]]:
    """Return the revisions of each dataset in the latest record that uses it."""
    chosen: dict[str, tuple[str, ...]] = {}
    for record in sorted(records, key=_started, reverse=True):
        chosen = {**_revisions(record), **chosen}
    return chosen


def _revisions(record: CellRecord) -> dict[str, tuple[str, ...]]:
    """Return the revisions of a record's datasets, by what else they are; several may differ in nothing else."""
    found: dict[str, list[str]] = {}
    for each in (record.spec["dataset"], *(each["dataset"] for each in record.spec["evaluate"])):
        if each is not None:
            found.setdefault(canonical_json(_unrevised(each)), []).append(str(each.get("revision")))
    return {text: tuple(sorted(set(several))) for text, several in found.items()}


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
