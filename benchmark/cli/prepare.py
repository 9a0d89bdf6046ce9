"""``bench prepare SUITE``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmark.cli.options import locations_options, rehearse_option, suite_options

if TYPE_CHECKING:
    from benchmark.locations import Locations


@click.command()
@suite_options
@locations_options
@rehearse_option
@click.option("--jobs", type=click.IntRange(min=1), help="Worker processes; default: one per core.")
@click.option("--timeout", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS",
              help="The time for each track's features, and to look at each file; then it is left out.")  # fmt: skip
def command(
    suite_file: Path,
    overrides: tuple[str, ...],
    locations: Locations,
    rehearse: bool,
    jobs: int | None,
    timeout: float | None,
) -> None:
    """Compute all features that SUITE needs into the cache, and train nothing.

    Those that trials of a study ask for are computed where the suite lists their values; those between two numbers
    when a trial asks for them.
    """
    from benchmark.cli.loading import Looking, load_plan
    from benchmark.execution.availability import check_available
    from benchmark.execution.features import prepare_features
    from benchmark.execution.progress import make_display
    from benchmark.execution.threads import cores
    from benchmark.execution.workers import LocalWorkers
    from benchmark.tuning.resolve import planned_studies
    from benchmark.tuning.run import cells_to_prepare

    plugins, plan = load_plan(
        suite_file, overrides, locations, rehearsed=rehearse, looking=Looking(jobs, timeout)
    )
    for error in plan.absent.values():
        raise error
    studies = planned_studies(plan, locations.results / plan.suite.name, plugins.registry)
    cells = [cell for cell, _ in plan.cells]
    cells += cells_to_prepare([study.spec for study in studies], plugins.registry)
    check_available(cells, plugins.registry)
    log = locations.cache / "workers.log"
    with make_display() as display, LocalWorkers(jobs or cores(), log=log, seconds=timeout) as executor:
        prepare_features(plan, cells, plugins.registry, locations, executor, display)
    click.echo(f"All features of {plan.suite.name} are in {locations.cache}.")
