"""Write the report of a suite: the leaderboard in every format, figures, and a page that holds it together."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.exceptions import ResultsError
from benchmark.results.store import ResultsStore

if TYPE_CHECKING:
    from benchmark.execution.plan import Plan
    from benchmark.plugin.registry import Registry

FORMATS = ("md", "csv", "tex")
FOLDER, MADE_FROM = "report", "made-from.json"


def write_report(
    plan: Plan,
    store: ResultsStore,
    registry: Registry,
    formats: Sequence[str] = FORMATS,
    *,
    force: bool = False,
) -> tuple[list[Path], str]:
    """Bring the report up to date and return its files and the leaderboard as text for a terminal.

    Nothing is made again, and nothing heavy imported, when what it was made from has not changed.

    Raises:
        ResultsError: when the report cannot be written.
    """
    folder = store.folder / FOLDER
    digest = _digest(plan, store, formats)
    made = None if force else _made(folder, digest)
    if made is not None:
        return [folder / name for name in made["files"]], made["leaderboard"]
    from benchmark.report.compose import compose
    from benchmark.results.frames import collect

    try:
        folder.mkdir(parents=True, exist_ok=True)
        files, text = compose(collect(plan, store, registry), plan, folder, formats)
        content = {
            "digest": digest,
            "leaderboard": text,
            "files": [file.relative_to(folder).as_posix() for file in files],
        }
        (folder / MADE_FROM).write_text(json.dumps(content, indent=1), encoding="utf-8")
    except OSError as error:
        raise ResultsError(f"The report cannot be written to {folder}: {error}") from error
    return files, text


def _digest(plan: Plan, store: ResultsStore, formats: Sequence[str]) -> str:
    """Return a hash of all that a report is made from."""
    folders = store.scan()
    stamps = {id_: folders[id_].stat().st_mtime_ns for id_ in sorted(folders) if id_ in set(plan.ids)}
    labels = [[id_, cell.label] for cell, id_ in zip(plan.suite.cells, plan.ids, strict=True)]
    metrics = sorted({metric.label for cell in plan.suite.cells for metric in cell.spec.metrics})
    parts = [
        version("genrebench"),
        plan.suite.text,
        repr(plan.suite.leaderboard),
        labels,
        stamps,
        metrics,
        list(formats),
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _made(folder: Path, digest: str) -> dict[str, Any] | None:
    try:
        content = json.loads((folder / MADE_FROM).read_text(encoding="utf-8"))
        whole = content["digest"] == digest and all((folder / name).is_file() for name in content["files"])
        return content if whole else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
