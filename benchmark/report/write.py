"""Bring the report of a suite up to date: tables, figures, and a page that holds them together."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.exceptions import ResultsError
from benchmark.report.table import Table
from benchmark.results.store import CELL, METRICS, PREDICTIONS, ResultsStore

if TYPE_CHECKING:
    from benchmark.execution.plan import Plan
    from benchmark.plugin.registry import Registry

FORMATS = ("md", "csv", "tex", "figures")
FOLDER, MADE_FROM = "report", "made-from.json"


def write_report(
    plan: Plan,
    store: ResultsStore,
    registry: Registry,
    formats: Sequence[str] = FORMATS,
    *,
    force: bool = False,
) -> tuple[list[Path], Table]:
    """Bring the report up to date and return its files and the leaderboard.

    ``formats``: kinds of tables (``md`` brings a page with everything), and ``figures`` as PNG and PDF.
    Nothing is made again, and nothing heavy imported, when what it was made from has not changed.

    Raises:
        ResultsError: when the report cannot be written.
    """
    folder = store.folder / FOLDER
    digest = _digest(plan, store, formats)
    made = _made(folder)
    if made is not None and made[0] == digest and not force and all(file.is_file() for file in made[1]):
        return made[1], made[2]
    from benchmark.report.compose import compose
    from benchmark.results.frames import collect

    results = collect(plan, store, registry)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files, board = compose(results, plan, folder, formats)
        content = {
            "digest": digest,
            "files": [file.relative_to(folder).as_posix() for file in files],
            "leaderboard": board.to_json(),
        }
        (folder / MADE_FROM).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        for older in set(made[1] if made else ()) - set(files):
            older.unlink(missing_ok=True)
    except OSError as error:
        raise ResultsError(f"The report cannot be written to {folder}: {error}") from error
    return files, board


def _digest(plan: Plan, store: ResultsStore, formats: Sequence[str]) -> str:
    """Return a hash of all that a report is made from."""
    wanted = set(plan.ids)
    stamps = {id_: _stamps(path) for id_, path in sorted(store.scan().items()) if id_ in wanted}
    labels = [[id_, *cell.labels.values()] for cell, id_ in zip(plan.suite.cells, plan.ids, strict=True)]
    # Cells share these objects, so that a large suite has few of them.
    shared = {
        id(part): repr(part) for cell in plan.suite.cells for part in (cell.spec.evaluate, cell.spec.metrics)
    }
    corpora = {label: corpus.revision for label, corpus in plan.corpora.items()}
    parts = [
        version("genrebench"),
        plan.suite.text,
        repr(plan.suite.leaderboard),
        labels,
        sorted(set(shared.values())),
        corpora,
        sorted(plan.absent),
        stamps,
        list(formats),
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _stamps(folder: Path) -> list[int]:
    """Return when a cell's files were last written, to see edits by hand; 0 for one not there."""
    found = []
    for name in (CELL, METRICS, PREDICTIONS):
        try:
            found.append(os.stat(folder / name).st_mtime_ns)
        except OSError:
            found.append(0)
    return found


def _made(folder: Path) -> tuple[str, list[Path], Table] | None:
    """Return the digest, files and leaderboard of the report that is there, or None if there is none."""
    try:
        content = json.loads((folder / MADE_FROM).read_text(encoding="utf-8"))
        files = [folder / name for name in content["files"]]
        table = Table.from_json(content["leaderboard"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    # Files are removed by this list: one that was edited to lead elsewhere is not believed.
    inside = all(file.resolve().is_relative_to(folder.resolve()) for file in files)
    return (content["digest"], files, table) if inside else None
