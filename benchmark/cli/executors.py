"""The executors of ``bench run``: worker processes, this process, or a Dask cluster."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from benchmark.cli.cluster import Away, on_cluster

if TYPE_CHECKING:
    from benchmark.execution.executor import Executors
    from benchmark.execution.workers import LocalWorkers
    from benchmark.locations import Locations
    from benchmark.plugin.manager import Plugins
    from benchmark.results.plan import Plan


def make_executors(
    locations: Locations,
    jobs: int | None,
    seconds: float | None,
    inline: bool,
    away: Away | None,
    stack: ExitStack,
    plan: Plan,
    plugins: Plugins,
) -> Executors:
    """Return what makes executors: worker processes, this one, or a cluster's; all give each training as many threads.

    What they need until the end of the run is closed with ``stack``.
    """
    from benchmark.backend import settle_backend
    from benchmark.execution.executor import Executors, Inline
    from benchmark.execution.threads import cores, share
    from benchmark.execution.workers import LocalWorkers, visible_gpus

    said = settle_backend()
    if said:
        click.echo(said, err=True)

    gpus = visible_gpus()
    at_once = _at_once(jobs)
    threads = share(at_once)
    if inline:
        return Executors(lambda: Inline(share(jobs or cores())), lambda tasks: Inline(threads), threads, 1)
    log = locations.results / plan.suite.name / "workers.log"

    def features() -> LocalWorkers:
        return LocalWorkers(jobs or cores(), log=log, seconds=seconds)

    def training(tasks: int) -> LocalWorkers:
        return LocalWorkers(min(tasks, at_once), gpus, log, threads=threads, seconds=seconds)

    here = Executors(features, training, threads, at_once)
    return (
        here
        if away is None
        else stack.enter_context(on_cluster(away, plan, plugins, locations, seconds, here))
    )


def _at_once(jobs: int | None) -> int:
    """Return how many cells are trained at once."""
    from benchmark.execution.workers import default_jobs, visible_gpus

    return jobs or default_jobs(visible_gpus())
