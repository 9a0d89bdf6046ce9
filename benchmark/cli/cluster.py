"""``bench run --scheduler``: the cluster that is asked for, and the executors on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from benchmark.exceptions import UsageError

if TYPE_CHECKING:
    from benchmark.execution.executor import Executors
    from benchmark.locations import Locations
    from benchmark.plugin.manager import Plugins
    from benchmark.results.plan import Plan


@dataclass(frozen=True)
class Away:
    """A Dask cluster by its address or scheduler file, and the GPUs that each cell asks for."""

    scheduler: str
    gpus: int


def read_cluster(scheduler: str | None, gpus: int | None, jobs: int | None, executor: str) -> Away | None:
    """Return the cluster that the command line asks for, or None.

    Raises:
        UsageError: when options do not go together.
    """
    if scheduler is None:
        if gpus is not None:
            raise UsageError(
                "--gpus is for --scheduler. Worker processes of this machine take its GPUs, one each."
            )
        return None
    if executor == "inline":
        raise UsageError("--executor inline runs cells here, and --scheduler elsewhere: choose one of them.")
    if jobs is not None:
        raise UsageError(
            "--jobs is for worker processes of this machine. On a cluster each worker runs one cell at a time, with as "
            "many threads as it has ('dask worker … --nworkers N --nthreads M')."
        )
    return Away(scheduler, gpus or 0)


@contextmanager
def on_cluster(
    away: Away, plan: Plan, plugins: Plugins, locations: Locations, seconds: float | None, here: Executors
) -> Iterator[Executors]:
    """Yield what makes executors on a cluster; what needs this machine's files is done ``here``.

    Raises:
        UsageError: when what is said of the cluster is no address, or Dask is missing.
        ClusterError: when it cannot be reached, or none of its workers can be used.
    """
    from benchmark.execution.connection import connect
    from benchmark.execution.dask_workers import DaskWorkers
    from benchmark.execution.executor import Executors
    from benchmark.execution.likeness import needed
    from benchmark.execution.travel import Home

    def say(text: str) -> None:
        click.echo(text, err=True)

    registry = plugins.registry
    home = Home(registry, plan.corpus_of, locations)
    with connect(away.scheduler, registry, needed(plan.suite.cells), say) as cluster:
        cluster.assemble()
        threads, at_once = cluster.threads, len(cluster.hands)

        def features() -> DaskWorkers:
            return DaskWorkers(
                cluster, home, here.features, per_hand=lambda hand: hand.threads, seconds=seconds
            )

        def training(tasks: int) -> DaskWorkers:
            return DaskWorkers(
                cluster, home, lambda: here.training(tasks), threads=threads, gpus=away.gpus, seconds=seconds
            )

        yield Executors(features, training, threads, at_once)
