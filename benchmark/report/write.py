"""Bring the report of a suite up to date: tables, figures, and a page that holds them together."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import distribution
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmark.digests import file_digest, is_intact, known_digest, sealed
from benchmark.exceptions import ResultsError
from benchmark.files import TEMPORARY, make_folder, remove_leftovers, sync_file, sync_folder, write_text
from benchmark.plugin.code import is_editable
from benchmark.report.sections import SECTIONS, checked_sections
from benchmark.report.studies.gather import studies_stamp
from benchmark.report.table import Table
from benchmark.results.corrupted import stamps as corrupted_stamps
from benchmark.results.folder import CELL, METRICS, PREDICTIONS
from benchmark.results.store import ResultsStore

if TYPE_CHECKING:
    from benchmark.plugin.registry import Registry
    from benchmark.results.plan import Plan

FORMATS = ("md", "html", "csv", "tex", "figures")
FOLDER, MADE_FROM = "report", "made-from.json"
ROOT = Path(__file__).parents[1]


class UnwrittenReportError(ResultsError):
    """Raised when the files of a report cannot be written; it carries the leaderboard, which can still be seen."""

    def __init__(self, message: str, leaderboard: Table) -> None:
        super().__init__(message)
        self.leaderboard = leaderboard


@dataclass(frozen=True)
class _Made:
    """A report that is there: of which results (``digest``), in which formats, and its leaderboard.

    ``files`` are its files, with the digest of each. One whose files are being put in place has no ``digest``, and
    those of the report before it, too.
    """

    digest: str
    formats: list[str]
    files: dict[Path, str]
    leaderboard: Table

    def is_whole(self) -> bool:
        """Whether each file is what it was."""
        try:
            return all(known_digest(file) == digest for file, digest in self.files.items())
        except OSError:
            return False


def write_report(
    plan: Plan,
    store: ResultsStore,
    registry: Registry,
    formats: Sequence[str] = FORMATS,
    *,
    columns: Sequence[str] = (),
    sections: Sequence[str] = (),
    force: bool = False,
    mixed: bool = False,
) -> tuple[list[Path], Table]:
    """Bring the report up to date and return its files and the leaderboard.

    ``formats``: kinds of tables (``md`` and ``html`` bring a page with everything), and ``figures`` as PNG and PDF.
    ``columns`` are those of the leaderboard, all if none are named; ``sections`` likewise (``sections.SECTIONS``): what
    is not asked for is not computed. ``mixed`` lets cells meet in a row that otherwise
    must not.
    Nothing is made again, and nothing heavy imported, when what it was made from has not changed.

    Raises:
        UnwrittenReportError: when the report cannot be written.
        UsageError: when the leaderboard has no such column, or the report no such section.
    """
    folder = store.folder / FOLDER
    asked = [name for name in SECTIONS if name in checked_sections(sections)]
    digest = _digest(plan, store, columns, asked, mixed=mixed)
    older = _made(folder)
    current = older if older is not None and older.digest == digest and older.is_whole() else None
    if current is not None and not force and set(formats) <= set(current.formats):
        return list(current.files), current.leaderboard
    from benchmark.report.compose import compose
    from benchmark.report.leaderboard import sorting
    from benchmark.results.collect import collect
    from benchmark.results.corrupted_scores import collect_corrupted

    results = collect(plan, store, registry, mixed=mixed)
    corrupted = collect_corrupted(plan, store, results, sorting(results, plan).name)
    results = replace(results, notes=(*results.notes, *corrupted.notes))
    try:
        make_folder(folder)
        remove_leftovers(folder)
        with TemporaryDirectory(
            prefix=TEMPORARY, suffix=f"-{FOLDER}", dir=folder, ignore_cleanup_errors=True
        ) as name:
            aside = Path(name)
            drawn, board = compose(
                results, plan, registry, aside, formats, columns, asked, corrupted, beside=store.folder
            )
            new = {folder / file.relative_to(aside): digest for file, digest in _digests(drawn).items()}
            # What was made of the same results in other formats is as good as new; what was not would mislead.
            kept, known = (current.files, current.formats) if current else ({}, [])
            made = _Made(digest, [*formats, *known], {**kept, **new}, board)
            _put_in_place(aside, folder, made, older.files if older else {})
    except OSError as error:
        _, board = compose(
            results, plan, registry, folder, (), columns, corrupted=corrupted, beside=store.folder
        )
        reason = error.strerror or error
        raise UnwrittenReportError(f"The report cannot be written to {folder}: {reason}.", board) from error
    return list(new), board


def _put_in_place(aside: Path, folder: Path, made: _Made, older: Mapping[Path, str]) -> None:
    """Give the files that lie ``aside`` their places in a report's folder, and remove those of an older report."""
    # Whoever is stopped from here on leaves files of both, which the next report replaces or removes.
    _remember(folder, replace(made, digest="", files={**older, **made.files}))
    for file in made.files:
        composed = aside / file.relative_to(folder)
        if composed.exists():
            make_folder(file.parent)
            os.replace(composed, file)
    for file in older.keys() - made.files.keys():
        file.unlink(missing_ok=True)
    for place in {file.parent for file in made.files}:
        sync_folder(place)
    _remember(folder, made)


def _digests(files: Sequence[Path]) -> dict[Path, str]:
    """Return the digest of each file, whose contents are on the disk from then on."""
    for file in files:
        sync_file(file)
    return {file: file_digest(file) for file in files}


def _digest(
    plan: Plan, store: ResultsStore, columns: Sequence[str], sections: Sequence[str], *, mixed: bool
) -> str:
    """Return a hash of all that a report is made from."""
    wanted = set(plan.ids)
    stamps = {id_: _stamps(path) for id_, path in sorted(store.scan().items()) if id_ in wanted}
    labels = [
        [id_, cell.spec.split.groups, *cell.labels.values()]
        for cell, id_ in zip(plan.suite.cells, plan.ids, strict=True)
    ]
    # Cells share these objects, so that a large suite has few of them.
    shared = {
        id(part): repr(part)
        for cell in plan.suite.cells
        for part in (cell.spec.evaluate, cell.spec.metrics, cell.spec.corrupted)
    }
    corpora = {label: corpus.revision for label, corpus in plan.corpora.items()}
    parts = [
        *_program(),
        plan.suite.text,
        repr(plan.suite.leaderboard),
        labels,
        sorted(set(shared.values())),
        corpora,
        sorted(plan.absent),
        plan.notes,
        stamps,
        studies_stamp(plan, store.folder),
        mixed,
        plan.suite.price,
        list(columns),
        list(sections),
        corrupted_stamps(store, plan.ids),
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _program() -> list[str]:
    """Return what of the program can change a report: its version, and of one under development its files."""
    own = distribution("genrebench")
    if not is_editable(own):
        return [own.version]
    stamps = [f"{file} {os.stat(file).st_mtime_ns}" for file in sorted(map(str, ROOT.rglob("*.py")))]
    return [own.version, hashlib.sha256("\n".join(stamps).encode()).hexdigest()]


def _stamps(folder: Path) -> list[int]:
    """Return when a cell's files were last written, to see edits by hand; 0 for one not there."""
    stamps = []
    for name in (CELL, METRICS, PREDICTIONS):
        try:
            stamps.append(os.stat(folder / name).st_mtime_ns)
        except OSError:
            stamps.append(0)
    return stamps


def _made(folder: Path) -> _Made | None:
    """Return what is remembered of the report that is there, or None if there is none."""
    try:
        content = json.loads((folder / MADE_FROM).read_text(encoding="utf-8"))
        if not is_intact(content):
            return None
        files = {folder / name: digest for name, digest in content["files"].items()}
        table = Table.from_json(content["leaderboard"])
        made = _Made(content["digest_of_results"], list(content["formats"]), files, table)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    # Files are removed by this list: one that was edited to lead elsewhere is not believed.
    return made if all(file.resolve().is_relative_to(folder.resolve()) for file in files) else None


def _remember(folder: Path, made: _Made) -> None:
    content = {
        "digest_of_results": made.digest,
        "formats": list(dict.fromkeys(made.formats)),
        "files": {file.relative_to(folder).as_posix(): digest for file, digest in made.files.items()},
        "leaderboard": made.leaderboard.to_json(),
    }
    write_text(folder / MADE_FROM, json.dumps(sealed(content), indent=1) + "\n")
