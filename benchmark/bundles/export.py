"""Write a bundle: a suite, its results, and digests of all of it. No audio, and no weights."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.bundles.archive import write_archive
from benchmark.bundles.manifest import (
    BENCHFILE,
    MANIFEST,
    RESULTS,
    SUITE,
    WRITTEN,
    File,
    Listed,
    Manifest,
)
from benchmark.bundles.suite_text import resolved_text, written_texts
from benchmark.exceptions import BundleError
from benchmark.files import whole_file
from benchmark.plugin.benchfile import read_benchfile
from benchmark.record import CellRecord
from benchmark.results.added import FILE as RACE
from benchmark.results.added import read_race
from benchmark.results.corrupted import FILES as CORRUPTED_FILES
from benchmark.results.corrupted import FOLDER as CORRUPTED
from benchmark.results.corrupted import CorruptedStore, clean_digest
from benchmark.results.folder import CELL, HISTORY, METRICS, PREDICTIONS, VALIDATION
from benchmark.results.intact import Damaged
from benchmark.results.plan import benchfile_of
from benchmark.results.store import ResultsStore, slug
from benchmark.tuning.record import FOLDER as STUDIES
from benchmark.tuning.record import read_records, record_file

if TYPE_CHECKING:
    from benchmark.results.plan import Plan

CELL_FILES = (CELL, PREDICTIONS, VALIDATION, HISTORY, METRICS)
MERGED = "merged.json"
LONGEST_LAB = 100


@dataclass(frozen=True)
class Exported:
    """What was written: how many cells have a result in it, out of how many, and what a person should know."""

    file: Path
    cells: int
    of: int
    notes: tuple[str, ...]


def export(
    plan: Plan,
    store: ResultsStore,
    file: Path,
    overrides: Sequence[str] = (),
    lab: str = "",
    *,
    rehearsed: bool = False,
) -> Exported:
    """Write what is stored of a plan's cells as a bundle. The same results give the same bytes.

    Raises:
        BundleError: when there is nothing to write, or the lab's name cannot be one.
        ResultsError: when the results cannot be read.
    """
    lab = " ".join(lab.split())
    if len(lab) > LONGEST_LAB:
        raise BundleError(f"The name of a lab has at most {LONGEST_LAB} characters.")
    folders = store.scan()
    notes: list[str] = []
    records: dict[str, CellRecord] = {}
    for id_ in dict.fromkeys(filter(None, plan.ids)):
        filed = store.read(id_, folders[id_]) if id_ in folders else None
        if isinstance(filed, Damaged):
            notes.append(f"{folders[id_].name} is damaged and is left out: {filed.reason.rstrip('.')}.")
        elif filed is not None and filed.status != "interrupted":
            records[id_] = filed
    if not records:
        raise BundleError(
            f"There is nothing to export: {store.folder} has no result of a cell of {plan.suite.path}."
        )
    contents: dict[str, bytes | Path] = dict(_suite_files(plan, overrides))
    corrupted = CorruptedStore(store)
    root = f"{RESULTS}/{plan.suite.name}"
    for id_, record in sorted(records.items()):
        own = f"{root}/{slug(' '.join(record.labels.values()))}-{id_}"
        there = (name for name in CELL_FILES if (folders[id_] / name).is_file())
        contents |= {f"{own}/{name}": folders[id_] / name for name in there}
        if record.status == "ok":
            for folder in corrupted.folders_of(id_, clean_digest(record, folders[id_])):
                contents |= {
                    f"{root}/{CORRUPTED}/{folder.name}/{name}": folder / name for name in CORRUPTED_FILES
                }
    contents |= {f"{root}/{name}": path for name, path in _beside(plan, store)}
    if plan.suite.tune is not None:
        contents |= {
            f"{root}/{STUDIES}/{study.id}.json": record_file(store.folder, study.id)
            for study in read_records(store.folder)
        }
    try:
        members = {name: _file(_bytes(content)) for name, content in contents.items()}
        manifest = replace(_manifest(plan, records, members, lab), rehearsal=rehearsed)
        with whole_file(file) as temporary, temporary.open("wb") as stream:
            write_archive(stream, _unchanged(manifest, contents))
    except OSError as error:
        raise BundleError(f"{file} cannot be written: {error.strerror or error}.") from error
    notes += corrupted.problems
    # A tuned row whose best values are its own has the cells of the row as it is.
    ended = sum(id_ in records for id_ in plan.ids)
    lacking = len(plan.ids) - ended
    if lacking:
        cells = "1 cell of the suite has" if lacking == 1 else f"{lacking:,} cells of the suite have"
        notes.append(f"{cells} no result in it.")
    return Exported(file, ended, len(plan.ids), tuple(notes))


def _unchanged(manifest: Manifest, contents: dict[str, bytes | Path]) -> Iterable[tuple[str, bytes]]:
    """Yield the manifest, then all that it lists: one file at a time is in memory, and so is read twice."""
    yield MANIFEST, manifest.to_bytes()
    for name, content in contents.items():
        data = _bytes(content)
        if _file(data) != manifest.members[name]:
            raise BundleError(f"'{name}' was changed while it was exported; export again.")
        yield name, data


def _file(data: bytes) -> File:
    return File(len(data), hashlib.sha256(data).hexdigest())


def _bytes(content: bytes | Path) -> bytes:
    return content if isinstance(content, bytes) else content.read_bytes()


def _suite_files(plan: Plan, overrides: Sequence[str]) -> Iterable[tuple[str, bytes]]:
    yield SUITE, resolved_text(plan.suite.path, overrides).encode()
    for number, (name, text) in enumerate(written_texts(plan.suite.path)):
        plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name)[-80:]
        yield f"{WRITTEN}/{number}-{plain}", text.encode()
    benchfile = read_benchfile(benchfile_of(plan.suite.path))
    if benchfile is not None:
        yield BENCHFILE, benchfile.source


def _beside(plan: Plan, store: ResultsStore) -> Iterable[tuple[str, Path]]:
    """Return what tables need besides cells: the seeds that were added, and what was chosen in merging."""
    read_race(store.folder)  # One that cannot be believed is told here, and not to whoever gets the bundle.
    for name in (RACE, MERGED):
        if (store.folder / name).is_file():
            yield name, store.folder / name


def _manifest(plan: Plan, records: dict[str, CellRecord], members: dict[str, File], lab: str) -> Manifest:
    cells = []
    for cell, id_ in zip(plan.suite.cells, plan.ids, strict=True):
        record = records.get(id_ or "")
        cells.append(Listed(dict(cell.labels), id_ or "", record.status if record else ""))
    specs = {spec.label: spec for cell in plan.suite.cells for spec in cell.spec.metrics}
    started = [str(record.provenance.get("started") or "") for record in records.values()]
    return Manifest(
        suite=plan.suite.name,
        cells=cells,
        members=members,
        description=plan.suite.description,
        lab=lab,
        date=max(started),
        metrics={
            label: {"name": spec.name, "parameters": dict(spec.parameters)} for label, spec in specs.items()
        },
        environment=environment(records.values()),
    )


def environment(records: Iterable[CellRecord]) -> dict[str, list[str]]:
    """Return what records say of what they were made with: versions, machines and code, each answer once, sorted."""
    answers: dict[str, set[str]] = {}

    def note(name: str, value: Any) -> None:
        if value not in (None, "", []):
            answers.setdefault(name, set()).add(
                ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            )

    for record in records:
        made = record.provenance
        for name in ("backend", "cpu", "devices", "git", "platform", "python"):
            note(name, made.get(name))
        versions = made.get("versions")
        for name, version in versions.items() if isinstance(versions, dict) else ():
            note(f"{name} (package)", version)
    return {name: sorted(values) for name, values in sorted(answers.items())}
