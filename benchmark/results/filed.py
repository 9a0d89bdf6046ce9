"""What a suite's finished cells have filed: records and predictions, their sets called as the suite calls them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.exceptions import ResultsError
from benchmark.record import CellRecord
from benchmark.results.expected import ExpectedTracks
from benchmark.results.intact import Damaged
from benchmark.results.predictions import PredictionReader, SetPredictions
from benchmark.results.sets import filed_sets
from benchmark.results.store import ResultsStore
from benchmark.suite.identity import OWN

if TYPE_CHECKING:
    from benchmark.plugin.registry import Registry
    from benchmark.results.plan import Plan
    from benchmark.suite.cell import Cell, Evaluation


def read_records(
    plan: Plan, store: ResultsStore, folders: Mapping[str, Path]
) -> tuple[dict[str, CellRecord], dict[str, str]]:
    """Return the records of the plan's cells, and what is wrong with those that cannot be read."""
    records: dict[str, CellRecord] = {}
    damaged: dict[str, str] = {}
    for id_ in dict.fromkeys(id_ for id_ in plan.ids if id_ in folders):
        record = store.read(str(id_), folders[str(id_)])
        if isinstance(record, Damaged):
            damaged[str(id_)] = record.reason
        elif record is not None:
            records[str(id_)] = record
    return records, damaged


@dataclass
class Filed:
    """What finished cells predicted, by id and what the suite calls an evaluation set.

    ``names`` are what the sets are filed under, ``shown`` the records with sets called as in the suite, and ``unfiled``
    counts the sets whose predictions are not certain.
    """

    whole: dict[str, dict[str, SetPredictions]] = field(default_factory=dict)
    names: dict[str, dict[str, str]] = field(default_factory=dict)
    shown: dict[str, CellRecord] = field(default_factory=dict)
    unfiled: Counter[str] = field(default_factory=Counter)


def filed_predictions(
    plan: Plan,
    records: Mapping[str, CellRecord],
    folders: Mapping[str, Path],
    damaged: dict[str, str],
    registry: Registry,
) -> Filed:
    """Read what finished cells predicted; add to ``damaged`` what cannot be believed."""
    reader = PredictionReader()
    expected = ExpectedTracks(plan, registry)
    filed = Filed(shown=dict(records))
    for cell, known in zip(plan.suite.cells, plan.ids, strict=True):
        id_ = known or ""
        record = records.get(id_)
        if record is None or record.status != "ok" or id_ in damaged:
            continue
        try:
            read = reader.read(folders[id_], record.classes)
            names, problems = _names(read, cell, record, plan)
            own = {label: read[name] for label, name in names.items()}
            expected.check(cell.spec, record, own)
        except ResultsError as error:
            damaged[id_] = str(error)
            for by_id in (filed.whole, filed.names):
                by_id.pop(id_, None)
            continue
        # Another cell of the suite may be the same, and call its sets otherwise.
        filed.whole.setdefault(id_, {}).update(own)
        filed.names.setdefault(id_, {}).update(names)
        filed.shown[id_] = _relabelled(record, cell.spec.dataset.label, names)
        filed.unfiled.update(problems)
    return filed


def _names(
    stored: Mapping[str, SetPredictions], cell: Cell, record: CellRecord, plan: Plan
) -> tuple[dict[str, str], list[str]]:
    """Return what a cell's sets are filed under by what the suite calls them now, and what is wrong with others."""
    evaluate = cell.spec.evaluate
    # Only several sets of a record of format 1 have to be told apart by their tracks.
    is_certain = bool(record.sets) or len(stored) == 1
    tracks = {name: frozenset(() if is_certain else own.tracks.tolist()) for name, own in stored.items()}
    filed = filed_sets(
        plan.identifier.sets(evaluate), record, tracks, lambda canonical: _ids(canonical, evaluate, plan)
    )
    labels = [evaluation.label for evaluation in evaluate]
    names = {label: name for label, name in zip(labels, filed.names, strict=True) if name is not None}
    return names, [f"{label}: {why}" for label, why in zip(labels, filed.problems, strict=True) if why]


def _relabelled(record: CellRecord, dataset: str, names: Mapping[str, str]) -> CellRecord:
    """Return a record whose counts and files are listed under what the suite calls its sets now."""
    called = {name: label for label, name in names.items()}
    counts = {}
    for name, count in record.counts.items():
        part, _, unit = name.rpartition("_")
        counts[f"{called[part]}_{unit}" if part in called else name] = count
    owners = {OWN: dataset, **called}
    left_out = {}
    for name, reason in record.left_out.items():
        owner = next((owner for owner in owners if name.startswith(f"{owner}: ")), None)
        left_out[name if owner is None else owners[owner] + name.removeprefix(owner)] = reason
    if (counts, left_out) == (record.counts, record.left_out):
        # Thousands of records need no second copy.
        return record
    return replace(record, counts=counts, left_out=left_out)


def _ids(canonical: Mapping[str, Any], evaluate: Sequence[Evaluation], plan: Plan) -> frozenset[str] | None:
    """Return the ids of the tracks of an evaluation set's dataset, or None where it is not here."""
    for evaluation, known in zip(evaluate, plan.identifier.sets(evaluate), strict=True):
        if (
            known == canonical
            and evaluation.dataset is not None
            and evaluation.dataset.key in plan.corpora_by_key
        ):
            return frozenset(track.id for track in plan.corpora_by_key[evaluation.dataset.key].tracks)
    return None
