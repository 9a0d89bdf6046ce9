"""Results that must not meet in a row: of other data, made by another backend, or before results changed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from benchmark.record import CellRecord
from benchmark.results.provenance import PACKAGES
from benchmark.suite.cell import canonical_json

# Versions of this program from which on the same specification gives another result than before.
CHANGED_RESULTS = ("0.2",)
MIXED, SET_APART = "mixed", "set apart"
HOW = "'bench report --mixed' takes all of them"


@dataclass(frozen=True)
class Origin:
    """What a result was made of and with, beyond its specification; None where its record does not say.

    ``revisions`` are those of its datasets, as text; ``era`` counts the versions that changed results.
    """

    revisions: str
    era: int | None
    backend: str | None


def origin_of(record: CellRecord) -> Origin:
    """Return where a result comes from."""
    datasets = [record.spec.get("dataset"), *(evaluation.get("dataset") for evaluation in _evaluated(record))]
    revisions = sorted(str(dataset.get("revision")) for dataset in datasets if isinstance(dataset, dict))
    version = record.provenance.get("versions", {}).get("genrebench")
    era = (
        None if version is None else sum(_number(version) >= _number(changed) for changed in CHANGED_RESULTS)
    )
    backend = record.provenance.get("backend")
    return Origin(canonical_json(revisions), era, None if backend is None else str(backend))


def set_apart(records: Mapping[str, CellRecord]) -> dict[str, str]:
    """Return which of a row's results cannot stand beside the others, and why, by id.

    Those of the program since it last changed results stay; of these, those of the commonest data and of the
    commonest backend; where two are as common, of the result that was started last.
    """
    apart: dict[str, str] = {}
    left = {id_: origin_of(record) for id_, record in records.items()}
    started = {id_: str(record.provenance.get("started", "")) for id_, record in records.items()}

    def keep(values: Mapping[str, str | None], chosen: str | None, why: str) -> None:
        for id_, value in values.items():
            if value is not None and value != chosen:
                apart[id_] = f"{why.format(own=value, others=chosen)}; {HOW}"
                del left[id_]

    eras = {id_: None if origin.era is None else str(origin.era) for id_, origin in left.items()}
    keep(
        eras,
        max((era for era in eras.values() if era is not None), default=None),
        "made before a version of the program that changed results, others of its row since",
    )
    revisions: dict[str, str | None] = {id_: origin.revisions for id_, origin in left.items()}
    keep(
        revisions, _commonest(revisions, started), "of data of revision {own}, others of its row of {others}"
    )
    backends = {id_: origin.backend for id_, origin in left.items()}
    keep(backends, _commonest(backends, started), "made with {own}, others of its row with {others}")
    return apart


def _version(record: CellRecord, name: str) -> str | None:
    return record.provenance.get("versions", {}).get(name)


def mixture_notes(records: Mapping[str, CellRecord]) -> list[str]:
    """Say when results of one table come from different versions or backends."""
    notes = []
    for name in PACKAGES:
        versions = {version for record in records.values() if (version := _version(record, name))}
        if len(versions) > 1:
            notes.append(
                f"These results were made with {len(versions)} versions of {name}: {', '.join(sorted(versions))}."
            )
    backends = {
        str(record.provenance["backend"]) for record in records.values() if "backend" in record.provenance
    }
    if len(backends) > 1:
        notes.append(f"These results were made with several Keras backends: {', '.join(sorted(backends))}.")
    return notes


def _commonest(values: Mapping[str, str | None], started: Mapping[str, str]) -> str | None:
    counts = Counter(value for value in values.values() if value is not None)
    last = {value: max(started[id_] for id_, other in values.items() if other == value) for value in counts}
    return max(counts, key=lambda value: (counts[value], last[value], value), default=None)


def _evaluated(record: CellRecord) -> list[Mapping[str, object]]:
    evaluate = record.spec.get("evaluate")
    return (
        [evaluation for evaluation in evaluate if isinstance(evaluation, dict)]
        if isinstance(evaluate, list)
        else []
    )


def _number(version: str) -> tuple[int, ...]:
    """Return the first four numbers of a version; a pre-release counts as its release."""
    match = re.match(r"\d+(?:\.\d+)*", version)
    numbers = tuple(int(part) for part in match[0].split(".")) if match else ()
    return (*numbers, 0, 0, 0, 0)[:4]
