"""``bench status SUITE``."""

from __future__ import annotations

from collections import Counter
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
@click.option("--failed", is_flag=True, help="List only cells that ended, and not well.")
@click.option("--errors", is_flag=True, help="Show the tracebacks of those.")
def command(
    suite_file: Path,
    overrides: tuple[str, ...],
    locations: Locations,
    rehearse: bool,
    failed: bool,
    errors: bool,
) -> None:
    """List the cells of SUITE: how each ended, how long it took, and why it failed."""
    from benchmark.cli.loading import load_plan
    from benchmark.execution.progress import outcome_text
    from benchmark.results.matching import absence_text, with_results
    from benchmark.results.store import Damaged, ResultsStore

    plugins, found = load_plan(suite_file, overrides, locations, rehearsed=rehearse, to_report=True)
    store = ResultsStore(locations.results, found.suite.name)
    plan = with_results(found, store, plugins.registry)
    records = store.records()
    for label, error in plan.absent.items():
        click.echo(absence_text(label, error), err=True)
    for note in plan.notes:
        click.echo(note, err=True)
    counted: Counter[str] = Counter()
    for cell, id_ in zip(plan.suite.cells, plan.ids, strict=True):
        record = records.get(id_) if id_ else None
        if record is None:
            status, text = "missing", f"missing: {cell.pending}" if cell.pending else "missing"
        elif isinstance(record, Damaged):
            status, text = "damaged", f"damaged: {record.reason}"
        else:
            status, text = record.status, outcome_text(record)
        counted[status] += 1
        if not failed or status not in ("ok", "missing"):
            click.echo(f"{id_ or '?' * 12}  {cell.label}: {text}")
            if errors and record is not None and not isinstance(record, Damaged) and record.error is not None:
                click.echo(record.error.traceback or record.error.message)
    click.echo(", ".join(f"{count} {status}" for status, count in sorted(counted.items())))
