"""``benchmark.load``: data frames of a results folder, a bundle, or a suite."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.exceptions import UsageError
from benchmark.notebook.frames import Loaded

if TYPE_CHECKING:
    from benchmark.locations import Locations
    from benchmark.results.frames import Results
    from benchmark.results.plan import Plan
    from benchmark.results.store import ResultsStore

Place = str | os.PathLike[str]


def load(place: Place, *, results: Place | None = None, rehearse: bool = False) -> Loaded:
    """Return what is stored of a suite, as data frames. Nothing is trained, and no code of a stranger is run.

    Args:
        place: a suite's results folder (``results/paper``), a bundle (``paper.zip``), or a suite (``paper.yaml``).
        results: of a suite: where its results are; by default ``$BENCH_RESULTS``, else ``results``.
        rehearse: of a suite: those of its rehearsal.

    Raises:
        UsageError: when there is nothing at ``place``.
        BenchError: when it cannot be read; the message says why.
    """
    from benchmark.bundles.opening import is_bundle
    from benchmark.cli.options import read_locations

    path = Path(place)
    if path.is_dir():
        return _of_folder(path)
    if is_bundle(path):
        return _of_bundle(path)
    if path.is_file():
        places = read_locations((), None, None if results is None else Path(results))
        return of_suite(path, places, rehearse=rehearse)
    raise UsageError(f"There is no folder of results, bundle or suite {path}.")


def _of_folder(path: Path) -> Loaded:
    from benchmark.bundles.folder import results_of
    from benchmark.plugin.manager import Plugins
    from benchmark.report.compose import seedless_models
    from benchmark.results.corrupted_scores import filed_corrupted
    from benchmark.results.store import ResultsStore
    from benchmark.settings import LeaderboardSettings

    folder = path.resolve()
    registry = Plugins().registry
    store = ResultsStore(folder.parent, folder.name)
    results = results_of(store, registry)
    seedless = seedless_models(registry)
    return Loaded(
        folder.name,
        results.notes,
        results,
        LeaderboardSettings(),
        seedless,
        1.0,
        lambda: filed_corrupted(store, results),
    )


def _of_bundle(path: Path) -> Loaded:
    import atexit

    from benchmark.bundles.opening import opened_plan
    from benchmark.report.compose import seedless_models
    from benchmark.results.collect import collect

    stack = ExitStack()
    # Histories are read when they are asked for.
    atexit.register(stack.close)
    bundle, plan, registry = stack.enter_context(opened_plan(path))
    results = collect(plan, bundle.store, registry)
    notes = (*plan.notes, *results.notes)
    return _planned(plan, bundle.store, results, notes, seedless_models(registry))


def of_suite(
    path: Path, locations: Locations, overrides: tuple[str, ...] = (), *, rehearse: bool = False
) -> Loaded:
    """Return what is stored of a suite in the results folder of ``locations``.

    Raises:
        BenchError: when the suite is wrong, or results cannot be read.
    """
    from benchmark.cli.loading import load_plan
    from benchmark.report.compose import seedless_models
    from benchmark.results.collect import collect
    from benchmark.results.matching import absence_text, with_results
    from benchmark.results.store import ResultsStore

    plugins, plan = load_plan(path, overrides, locations, rehearsed=rehearse, to_report=True)
    store = ResultsStore(locations.results, plan.suite.name)
    plan = with_results(plan, store, plugins.registry)
    results = collect(plan, store, plugins.registry)
    absent = (absence_text(label, error) for label, error in plan.absent.items())
    notes = (*absent, *plan.notes, *results.notes)
    seedless = seedless_models(plugins.registry)
    return _planned(plan, store, results, notes, seedless)


def _planned(
    plan: Plan, store: ResultsStore, results: Results, notes: tuple[str, ...], seedless: frozenset[str]
) -> Loaded:
    """Return the frames of a plan's results."""
    from benchmark.report.leaderboard import sorting
    from benchmark.results.corrupted_scores import collect_corrupted

    return Loaded(
        plan.suite.name,
        notes,
        results,
        plan.suite.leaderboard,
        seedless,
        plan.suite.price,
        lambda: collect_corrupted(plan, store, results, sorting(results, plan).name),
    )
