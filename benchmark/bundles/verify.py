"""Whether results are what they say: identities from specifications, metrics from predictions, digests from bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.bundles.manifest import Manifest
from benchmark.bundles.merge import read_decisions
from benchmark.bundles.metrics import MetricCheck
from benchmark.bundles.opening import foreign_registry, opened
from benchmark.digests import is_intact
from benchmark.exceptions import BenchError, BundleError, ResultsError
from benchmark.record import CellRecord
from benchmark.results.added import read_race
from benchmark.results.corrupted import FOLDER as CORRUPTED
from benchmark.results.corrupted import CorruptedStore, clean_digest, read_record
from benchmark.results.intact import Damaged
from benchmark.results.predictions import PredictionReader
from benchmark.results.store import ResultsStore
from benchmark.tuning.record import FOLDER as STUDIES

if TYPE_CHECKING:
    from benchmark.plugin.registry import Registry


@dataclass
class Verified:
    """What was found: ``problems`` each name what they are of, ``notes`` say what could not be checked.

    ``cells`` counts the results that were read, ``metrics`` the values that were computed again, ``known`` is what
    the bundle says of itself, or None for a folder.
    """

    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    cells: int = 0
    metrics: int = 0
    known: Manifest | None = None


def verify(path: Path) -> Verified:
    """Check a bundle, or a suite's results folder. Nothing of it is run, or believed.

    Raises:
        BundleError: when there is nothing at ``path`` that results can be.
    """
    if path.is_file():
        return _verify_bundle(path)
    store = ResultsStore(path.resolve().parent, path.resolve().name)
    if not path.is_dir() or not store.scan():
        raise BundleError(f"{path} is no bundle, and no folder of a suite's results, such as results/paper.")
    verified = Verified()
    _verify_store(store, foreign_registry(), {}, verified)
    return verified


def _verify_bundle(path: Path) -> Verified:
    verified = Verified()
    try:
        with opened(path, damaged=True) as bundle:
            verified.known = bundle.manifest
            verified.problems += bundle.problems.values()
            _verify_store(bundle.store, foreign_registry(), bundle.manifest.metrics, verified)
            _check_listed(bundle.manifest, bundle.store, verified)
    except BundleError as error:
        verified.problems.append(str(error).removeprefix(f"{path}: "))
    return verified


def _check_listed(manifest: Manifest, store: ResultsStore, verified: Verified) -> None:
    """Compare the cells that a manifest lists with those that are there."""
    there = store.scan()
    listed = {cell.id for cell in manifest.cells if cell.status}
    verified.problems += [
        f"cell {id_} is not among the cells of the suite." for id_ in sorted(there.keys() - listed)
    ]
    if not verified.problems:
        verified.problems += [
            f"cell {id_} is listed, and not there." for id_ in sorted(listed - there.keys())
        ]


def _verify_store(
    store: ResultsStore, registry: Registry, asked: Mapping[str, Mapping[str, Any]], verified: Verified
) -> None:
    reader = PredictionReader()
    check = MetricCheck(registry, asked)
    for id_, folder in store.scan().items():
        try:
            record = store.read(id_, folder)
            if isinstance(record, Damaged):
                verified.problems.append(f"{folder.name}: {record.reason.rstrip('.')}.")
            elif record is not None:
                verified.cells += 1
                if record.status == "ok":
                    predictions = reader.read(folder, record.classes)
                    verified.problems += check.problems(folder, record, predictions)
        except ResultsError as error:
            said = str(error).replace(f"{folder}/", "")
            verified.problems.append(f"{folder.name}: {said.rstrip('.')}.")
    _verify_corrupted(store, reader, verified)
    _verify_beside(store.folder, verified)
    verified.notes += [
        f"{count} values of metric '{name}' were not computed again: {why}."
        for (name, why), count in check.missing.items()
    ]
    verified.metrics += check.computed


def _verify_corrupted(store: ResultsStore, reader: PredictionReader, verified: Verified) -> None:
    """Check results on corrupted sets: that they are what was filed, and of models whose clean answers are here."""
    folders = store.scan()
    stale = 0
    for id_, own in CorruptedStore(store).folders.items():
        cell = store.read(id_, folders[id_]) if id_ in folders else None
        for folder in own:
            name = f"{CORRUPTED}/{folder.name}"
            try:
                record = read_record(folder)
                predictions = reader.read(folder, record.classes)
            except ResultsError as error:
                verified.problems.append(str(error).replace(f"{folder}", name))
                continue
            if record.cell != id_ or predictions.keys() != record.sets.keys():
                verified.problems.append(f"{name}: its record is of another cell, or of other sets.")
            elif not isinstance(cell, CellRecord) or clean_digest(cell, folders[id_]) != record.clean:
                stale += 1
    if stale:
        verified.notes.append(
            f"{stale} results on corrupted sets are of models whose cells are not here, or anew."
        )


def _verify_beside(folder: Path, verified: Verified) -> None:
    """Check what lies beside cells: seeds that were added, decisions on conflicts, studies."""
    for read in (read_race, read_decisions):
        try:
            read(folder)
        except BenchError as error:
            verified.problems.append(str(error).splitlines()[0].replace(f"{folder}/", ""))
    for file in sorted((folder / STUDIES).glob("*.json")):
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
            whole = isinstance(content, dict) and (is_intact(content) or content.get("format", 1) == 1)
        except (OSError, ValueError, RecursionError):
            whole = False
        if not whole:
            verified.problems.append(f"{STUDIES}/{file.name} is not what was written.")
