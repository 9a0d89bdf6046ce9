"""Tables of bundles: results of one suite from several bundles are brought together, and reported without data."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmark.bundles.joining import joined_plan
from benchmark.bundles.merge import merge
from benchmark.bundles.opening import opened, opened_plan
from benchmark.exceptions import BundleError
from benchmark.files import make_folder
from benchmark.report.write import FOLDER, write_report
from benchmark.results.store import ResultsStore

if TYPE_CHECKING:
    from benchmark.report.table import Table


@dataclass(frozen=True)
class Reported:
    """The report of one suite: its folder, its files there, and its leaderboard."""

    suite: str
    folder: Path
    files: tuple[Path, ...]
    board: Table


def report_bundles(
    files: Sequence[Path],
    target: Path,
    formats: Sequence[str],
    *,
    mixed: bool = False,
    sections: Sequence[str] = (),
) -> list[Reported]:
    """Write the report of each suite that bundles hold, to ``target/<suite>``; all of it, or these ``sections``.

    Raises:
        BundleError: when a bundle is damaged, or bundles of one suite disagree.
        SuiteError: when the suite of a bundle cannot be read here.
        ResultsError: when a report cannot be written.
    """
    suites: dict[str, list[Path]] = {}
    for file in files:
        with opened(file) as bundle:
            suites.setdefault(bundle.manifest.suite, []).append(file)
    return [
        _report(name, several, target / name, formats, sections, mixed=mixed)
        for name, several in suites.items()
    ]


def _report(
    name: str,
    files: Sequence[Path],
    target: Path,
    formats: Sequence[str],
    sections: Sequence[str],
    *,
    mixed: bool,
) -> Reported:
    with ExitStack() as stack:
        bundle, plan, registry = stack.enter_context(opened_plan(files[0]))
        store = bundle.store
        if len(files) > 1:
            root = Path(stack.enter_context(TemporaryDirectory(prefix="bench-merged-")))
            merged = merge(files, root)
            if merged.conflicts:
                raise BundleError(
                    f"The bundles of suite {name} disagree: {merged.conflicts[0]} 'bench merge' lists all of it, and "
                    "takes what it is told to."
                )
            store = ResultsStore(root, name)
            plan = joined_plan(plan, files)
        made, board = write_report(plan, store, registry, formats, sections=sections, mixed=mixed)
        there = store.folder / FOLDER
        try:
            make_folder(target)
            shutil.copytree(there, target, dirs_exist_ok=True)
        except OSError as error:
            raise BundleError(
                f"The report cannot be written to {target}: {error.strerror or error}."
            ) from error
        return Reported(name, target, tuple(target / file.relative_to(there) for file in made), board)
