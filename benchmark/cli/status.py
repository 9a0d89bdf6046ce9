"""``bench status SUITE``."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmark.cli.options import locations_options, rehearse_option, suite_options

if TYPE_CHECKING:
    from benchmark.claims import Holding
    from benchmark.locations import Locations
    from benchmark.plugin.registry import Registry
    from benchmark.results.plan import Plan

_WATCH_SECONDS = 2.0


@click.command()
@suite_options
@locations_options
@rehearse_option
@click.option("--failed", is_flag=True, help="List only cells that ended, and not well.")
@click.option("--errors", is_flag=True, help="Show the tracebacks of those.")
@click.option("--watch", is_flag=True, help="Show it again every two seconds, until Ctrl-C.")
def command(
    suite_file: Path,
    overrides: tuple[str, ...],
    locations: Locations,
    rehearse: bool,
    failed: bool,
    errors: bool,
    watch: bool,
) -> None:
    """List the cells of SUITE: how each ended, how long it took, why it failed, and who runs what."""
    from benchmark.cli.loading import load_plan

    plugins, planned = load_plan(suite_file, overrides, locations, rehearsed=rehearse, to_report=True)
    while True:
        lines = list(_lines(planned, plugins.registry, locations, failed=failed, errors=errors))
        if watch and sys.stdout.isatty():
            click.clear()
        click.echo("\n".join(lines))
        if not watch:
            return
        time.sleep(_WATCH_SECONDS)


def _lines(
    planned: Plan, registry: Registry, locations: Locations, *, failed: bool, errors: bool
) -> Iterator[str]:
    """Yield what is to be said of each cell, of those who work at them, and of jobs; notes go to stderr."""
    from benchmark.claims import FOLDER, holdings, owners
    from benchmark.execution.progress import outcome_text
    from benchmark.results.corrupted import text_of, unfinished
    from benchmark.results.intact import Damaged
    from benchmark.results.matching import absence_text, with_results
    from benchmark.results.store import ResultsStore

    store = ResultsStore(locations.results, planned.suite.name)
    plan = with_results(planned, store, registry)
    records = store.records()
    claims = store.folder / FOLDER
    running = {holding.name: holding for holding in holdings(claims) if not holding.owner.is_gone()}
    for label, error in plan.absent.items():
        click.echo(absence_text(label, error), err=True)
    for note in plan.notes:
        click.echo(note, err=True)
    counted: Counter[str] = Counter()
    for cell, id_ in zip(plan.suite.cells, plan.ids, strict=True):
        record = records.get(id_) if id_ else None
        if id_ in running:
            status, text = "running", _running(running[id_])
        elif record is None:
            status, text = "missing", f"missing: {cell.pending}" if cell.pending else "missing"
        elif isinstance(record, Damaged):
            status, text = "damaged", f"damaged: {record.reason}"
        else:
            status, text = record.status, outcome_text(record)
        counted[status] += 1
        if not failed or status not in ("ok", "missing", "running"):
            yield f"{id_ or '?' * 12}  {cell.label}: {text}"
            if errors and record is not None and not isinstance(record, Damaged) and record.error is not None:
                yield record.error.traceback or record.error.message
    yield ", ".join(f"{count} {status}" for status, count in sorted(counted.items()))
    lacking = unfinished(plan, store)
    if lacking:
        yield f"{text_of(lacking)}."
    for owner in owners(claims):
        cells = sum(holding.owner.name == owner.name for holding in running.values())
        gone = " (gone)" if owner.is_gone() else ""
        job = f", job {owner.job}" if owner.job else ""
        who = f"process {owner.pid} on {owner.host or 'an unknown host'}{job}"
        yield f"{who}, since {owner.since}: {cells} running{gone}"
    yield from _jobs(store.folder)


def _running(held: Holding) -> str:
    since = datetime.fromtimestamp(held.since).strftime("%H:%M:%S")
    return f"running since {since}, process {held.owner.pid} on {held.owner.host}"


def _jobs(results: Path) -> Iterator[str]:
    """Yield a line for each job that SLURM still knows, and one for the last that was submitted."""
    from benchmark.execution.slurm import recorded, states

    jobs = recorded(results)
    known = states(jobs)
    for job in jobs:
        if job.id in known or job is jobs[-1]:
            counts = known.get(job.id, {})
            told = (
                ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
                or "SLURM tells nothing"
            )
            yield f"job {job.id}, submitted {job.submitted}: {told}"
