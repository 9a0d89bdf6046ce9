"""Which stored result belongs to a cell of which not all is known: code that was not run, files that are not here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from benchmark.plugin.parameters import UNKNOWN
from benchmark.record import CellRecord
from benchmark.results.store import ResultsStore
from benchmark.suite.cell import canonical_json
from benchmark.suite.identity import Identifier

if TYPE_CHECKING:
    from benchmark.plugin.registry import Registry
    from benchmark.results.plan import Plan

_UNKNOWN = canonical_json(UNKNOWN)


def with_partly_known(plan: Plan, store: ResultsStore, registry: Registry) -> Plan:
    """Return the plan with stored results for cells of which something is not known here, and notes that say so.

    A result belongs to such a cell if it agrees in all that is known, has the same labels, and was made with the same
    benchfile. Of several, it is the one that was started last. Revisions of datasets that are absent are not known.
    """
    notes = tuple(_notes(plan, registry))
    if not notes:
        return plan
    whole = [record for record in store.records().values() if isinstance(record, CellRecord)]
    by_labels: dict[str, list[CellRecord]] = {}
    for record in sorted(whole, key=lambda record: str(record.provenance.get("started", "")), reverse=True):
        if _made_with(record, registry):
            by_labels.setdefault(canonical_json(record.labels), []).append(record)
    revisions = {key: corpus.revision for key, corpus in plan.corpora_by_key.items()}
    identifier = Identifier(lambda spec: revisions.get(spec.key, UNKNOWN))
    ids = []
    for cell, id_ in zip(plan.suite.cells, plan.ids, strict=True):
        canonical = identifier.canonical(cell.spec) if id_ is None and not cell.pending else None
        if canonical is not None and _UNKNOWN in canonical_json(canonical):
            alike = by_labels.get(canonical_json(dict(cell.labels)), ())
            ids.append(next((record.id for record in alike if _agree(canonical, record.spec)), None))
        else:
            ids.append(id_)
    return replace(plan, ids=tuple(ids), notes=(*plan.notes, *notes))


def _notes(plan: Plan, registry: Registry) -> Iterator[str]:
    if registry.unopened is not None:
        yield (
            f"{registry.unopened.path} was not run (--trust runs it): results of what it offers are found by their "
            "labels and by what the suite says of them; values that it leaves at their defaults are not compared."
        )
        if plan.suite.tune is not None:
            yield "Rows that studies tuned in what it offers are not found without it."
    for file in plan.suite.absent_files:
        yield f"{file} is not here: results with it are found by their labels, whatever it held."


def _made_with(record: CellRecord, registry: Registry) -> bool:
    """Whether a result was made with the benchfile that was not run; older records say so in versions."""
    if registry.unopened is None:
        return True
    known = record.provenance.get("benchfile")
    return known == registry.unopened.digest if known else registry.unopened.version in str(record.spec)


def _agree(wanted: Any, recorded: Any) -> bool:
    """Whether a specification is what another one asks for, as far as that is known."""
    if wanted == UNKNOWN:
        return True
    if isinstance(wanted, dict) and isinstance(recorded, dict):
        named = wanted.keys() - {UNKNOWN}
        whole = named == recorded.keys() or (UNKNOWN in wanted and named <= recorded.keys())
        return whole and all(_agree(wanted[key], recorded[key]) for key in named)
    if isinstance(wanted, list) and isinstance(recorded, list):
        return len(wanted) == len(recorded) and all(map(_agree, wanted, recorded))
    return bool(wanted == recorded)
