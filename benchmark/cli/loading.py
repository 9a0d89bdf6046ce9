"""From the command line's arguments to a suite and its plan."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click

from benchmark.execution.plan import Plan, benchfile_of, make_plan
from benchmark.locations import Locations
from benchmark.plugin.manager import Plugins
from benchmark.suite.load import Suite, load_suite


def load(suite_file: Path, overrides: Sequence[str]) -> tuple[Plugins, Suite]:
    """Load plugins, with the suite's benchfile, and the suite; name broken plugins once."""
    here = os.getcwd()
    plugins = Plugins(benchfile_of(suite_file))
    # What is relative leads where it led before anybody's code was loaded.
    os.chdir(here)
    for broken in plugins.registry.broken:
        click.echo(f"Warning: {broken}", err=True)
    return plugins, load_suite(suite_file, plugins.registry, overrides)


def load_plan(
    suite_file: Path, overrides: Sequence[str], locations: Locations, *, rehearsed: bool = False
) -> tuple[Plugins, Plan]:
    """Load a suite, or its rehearsal, and look up its datasets, identities, and what its studies have found."""
    plugins, suite = load(suite_file, overrides)
    if rehearsed:
        from benchmark.suite.rehearse import rehearse

        suite = rehearse(suite, plugins.registry)
    plan = make_plan(suite, plugins.registry, locations)
    if suite.tune is not None:
        from benchmark.tuning.resolve import resolved

        plan = resolved(plan, locations.results / suite.name, plugins.registry)
    return plugins, plan
