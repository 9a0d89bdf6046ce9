"""From the command line's arguments to a suite and its plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmark.cli.trust import load_plugins
from benchmark.data.looking import THREADS, Looker
from benchmark.exceptions import Problem, SuiteError
from benchmark.execution.looking import in_local_workers
from benchmark.execution.spare import sharing_workers
from benchmark.locations import Locations
from benchmark.plugin.manager import Plugins
from benchmark.plugin.registry import Registry
from benchmark.results.added import read_race, with_added
from benchmark.results.plan import Plan, make_plan
from benchmark.suite.load import Suite, load_suite


@dataclass(frozen=True)
class Looking:
    """How files are looked at: by how many processes (default: one per core), for how many ``seconds`` each at most.

    ``again``: also those that hung, or killed a process, before. ``here``: in this process, which then hangs and dies
    with them.
    """

    jobs: int | None = None
    seconds: float | None = None
    again: bool = False
    here: bool = False

    def looker(self, registry: Registry, locations: Locations) -> Looker:
        """Return what looks at files so."""
        if self.here:
            return THREADS
        log = locations.cache / "workers.log"
        return in_local_workers(
            log, registry.benchfile, jobs=self.jobs, seconds=self.seconds, again=self.again
        )


def load_plan(
    suite_file: Path,
    overrides: Sequence[str],
    locations: Locations,
    *,
    rehearsed: bool = False,
    to_report: bool = False,
    looking: Looking | None = None,
) -> tuple[Plugins, Plan]:
    """Load a suite, or its rehearsal, and look up its datasets, identities, and what its studies have found.

    ``to_report``: what is stored is all that is asked for, so that nothing is wanted that only training needs: no
    code of the suite's own, and no file that a component names. ``looking`` says how audio is looked at that was
    never seen before; by default in worker processes, without a limit.
    """
    plugins = load_plugins(suite_file, needs_benchfile=not to_report)
    # A rehearsal does without the files that training needs: components say what they take in their place.
    suite = _load_suite(suite_file, overrides, plugins, to_report or rehearsed)
    if rehearsed:
        from benchmark.suite.rehearse import rehearse

        suite = rehearse(suite, plugins.registry)
    suite, notes = with_added(suite, read_race(locations.results / suite.name), plugins.registry)
    looker = (looking or Looking()).looker(plugins.registry, locations)
    with sharing_workers():
        plan = replace(make_plan(suite, plugins.registry, locations, looker), notes=notes)
    if suite.tune is not None:
        from benchmark.tuning.resolve import resolved

        plan = resolved(plan, locations.results / suite.name, plugins.registry)
    return plugins, plan


def _load_suite(suite_file: Path, overrides: Sequence[str], plugins: Plugins, to_report: bool) -> Suite:
    try:
        return load_suite(suite_file, plugins.registry, overrides, to_report=to_report)
    except SuiteError as error:
        if plugins.registry.unopened is None:
            raise
        hint = f"{plugins.registry.unopened.path} was not run, which may be why; --trust runs it."
        raise SuiteError([*error.problems, Problem("", hint)]) from error
