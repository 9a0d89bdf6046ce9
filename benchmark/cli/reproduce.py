"""``bench reproduce CELL``."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from benchmark.cli.options import locations_options, trust_option

if TYPE_CHECKING:
    from benchmark.bundles.reproduce import Reproduced
    from benchmark.execution.executor import Executors
    from benchmark.locations import Locations
    from benchmark.record import CellRecord


@click.command()
@click.argument("cell", metavar="CELL")
@click.option("--suite", "suite_file", type=click.Path(path_type=Path), metavar="FILE",
              help="Its suite, where files or plugin code beside the suite belong to the cell.")  # fmt: skip
@click.option("--from", "bundle", type=click.Path(path_type=Path), metavar="BUNDLE",
              help="Look for the cell in this bundle.")  # fmt: skip
@click.option("--tolerance", type=click.FloatRange(0, 1), default=0.02, show_default=True,
              help="How far metrics may be off, as devices differ: 0.02 is two points of accuracy.")  # fmt: skip
@click.option("--reuse-cache", is_flag=True,
              help="Take features and stages from the cache; otherwise all is computed anew.")  # fmt: skip
@click.option("--inline", is_flag=True, help="Run it in this process, for a debugger.")
@trust_option
@locations_options
def command(
    cell: str,
    suite_file: Path | None,
    bundle: Path | None,
    tolerance: float,
    reuse_cache: bool,
    inline: bool,
    locations: Locations,
) -> None:
    """Run a recorded CELL again in a temporary place, and say whether the same comes of it.

    CELL is its folder, or the beginning of its id or label, as in 'bench predict'. Exits with 0 if all predictions are
    the same, or all metrics within the tolerance; with 1 if not.
    """
    from benchmark.bundles.opening import opened
    from benchmark.bundles.reproduce import OTHER
    from benchmark.prediction.find import find_finished

    with ExitStack() as stack:
        results = locations.results
        if bundle is not None:
            results = stack.enter_context(opened(bundle)).store.folder.parent
        record, folder = find_finished(cell, results)
        reproduced = _reproduce(
            record, folder, suite_file, tolerance, locations, reuse_cache=reuse_cache, inline=inline
        )
    _say(record, reproduced, tolerance)
    sys.exit(1 if reproduced.verdict == OTHER else 0)


def _reproduce(
    record: CellRecord,
    folder: Path,
    suite_file: Path | None,
    tolerance: float,
    locations: Locations,
    *,
    reuse_cache: bool,
    inline: bool,
) -> Reproduced:
    from dataclasses import replace

    from benchmark.bundles.reproduce import compare, metrics_of, narrowed, plan_of_record, run_again
    from benchmark.cli.loading import load_plan
    from benchmark.execution.progress import make_display
    from benchmark.plugin.manager import Plugins

    with TemporaryDirectory(prefix="bench-reproduce-") as name:
        place = Path(name)
        here = replace(locations, results=place / "results")
        if not reuse_cache:
            here = replace(here, cache=place / "cache")
        if suite_file is not None:
            plugins, plan = load_plan(suite_file, (), replace(here, results=folder.parent.parent))
            plan = narrowed(plan, record)
        else:
            plugins = Plugins()
            plan = plan_of_record(record, metrics_of(folder, plugins.registry), plugins, here, place)
        if not plan.absent and plan.ids != (record.id,):
            click.echo("Code or data are not those of the record; it is run as they are now.", err=True)
        with make_display() as display:
            executors = _executors(record, place / "workers.log", inline=inline)
            again, other = run_again(plan, plugins, here, executors, display)
        return compare(record, folder, again, other, tolerance, plugins.registry)


def _executors(record: CellRecord, log: Path, *, inline: bool) -> Executors:
    """Return executors that give the training as many threads as it had: sums depend on them."""
    from benchmark.backend import settle_backend
    from benchmark.execution.executor import Executors, Inline
    from benchmark.execution.threads import cores
    from benchmark.execution.workers import LocalWorkers, visible_gpus

    said = settle_backend()
    if said:
        click.echo(said, err=True)
    recorded = record.provenance.get("threads")
    threads = recorded if isinstance(recorded, int) and 0 < recorded <= cores() else cores()
    if inline:
        return Executors(lambda: Inline(threads), lambda tasks: Inline(threads), threads)
    return Executors(
        lambda: LocalWorkers(cores(), log=log),
        lambda tasks: LocalWorkers(1, visible_gpus()[:1], log, threads=threads),
        threads,
    )


def _say(record: CellRecord, reproduced: Reproduced, tolerance: float) -> None:
    from benchmark.bundles.reproduce import CLOSE, EXACT

    label = " · ".join(record.labels.values())
    for name, (value, again) in reproduced.metrics.items():
        click.echo(f"{name}: {value:.4f} then, {again:.4f} now")
    for name, (changed, of, most) in reproduced.answers.items():
        if most:
            click.echo(f"{name}: {changed} of {of} answers differ, probabilities by up to {most:.2g}")
    for what, then, now in (*reproduced.differences, *reproduced.versions):
        click.echo(f"{what}: {then} then, {now} now")
    words = {
        EXACT: "all predictions are exactly the same",
        CLOSE: f"predictions are not the same, and all metrics agree within {tolerance:g}",
    }
    click.echo(f"{label} ({record.id}): {words.get(reproduced.verdict, 'NOT reproduced')}")
    for name, (changed, of, _) in reproduced.answers.items():
        if reproduced.verdict not in words and changed and 1 / of > tolerance:
            click.echo(
                f"With the {of} tracks of {name} one other answer is {1 / of:.2g} of top1, more than the tolerance of "
                f"{tolerance:g}. On another device or backend a few may differ: --tolerance says how far that may go."
            )
