"""``bench plan SUITE``."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmark.cli.options import locations_options, rehearse_option, suite_options

if TYPE_CHECKING:
    from benchmark.locations import Locations
    from benchmark.results.plan import Plan
    from benchmark.results.store import ResultsStore
    from benchmark.suite.cell import Cell

_SHOWN = 12


@click.command()
@suite_options
@locations_options
@rehearse_option
def command(suite_file: Path, overrides: tuple[str, ...], locations: Locations, rehearse: bool) -> None:
    """Show the matrix of SUITE, what is done and missing, and what the rest needs. Runs nothing."""
    from benchmark.cli.loading import load_plan
    from benchmark.results.store import ResultsStore

    plugins, plan = load_plan(suite_file, overrides, locations, rehearsed=rehearse)
    suite = plan.suite
    click.echo(f"{suite.name}: {suite.description}" if suite.description else suite.name)
    for axis, labels in suite.axes.items():
        click.echo(f"  {axis} ({len(labels)}): {_shortened(labels)}")
    store = ResultsStore(locations.results, suite.name)
    statuses = store.statuses()
    counted = Counter(statuses.get(id_, "missing") if id_ else "missing" for id_ in plan.ids)
    states = ", ".join(f"{count} {status}" for status, count in sorted(counted.items()))
    click.echo(f"{len(suite.cells)} cells: {states}")
    if suite.tune is not None:
        _echo_studies(plan, locations, plugins)
    _echo_datasets(plan)
    if not plan.absent:
        missing = [cell for cell, id_ in plan.cells if statuses.get(id_) not in ("ok", "failed", "timed out")]
        again, kept = _lacking_corrupted(plan, store)
        _echo_needs(plan, [*missing, *again], kept, plugins, locations)


def _lacking_corrupted(plan: Plan, store: ResultsStore) -> tuple[list[Cell], list[Cell]]:
    """Say which finished cells lack corrupted sets; return those to be trained again, and those whose model is kept."""
    if not any(cell.spec.corrupted for cell in plan.suite.cells):
        return [], []
    from benchmark.results.corrupted import text_of, unfinished

    lacking = unfinished(plan, store)
    if lacking:
        click.echo(f"{text_of(lacking)}.")
    again = [partial.cell for partial in lacking if not partial.has_model]
    return again, [partial.cell for partial in lacking if partial.has_model]


def _shortened(labels: tuple[str, ...]) -> str:
    shown = ", ".join(labels[:_SHOWN])
    return shown if len(labels) <= _SHOWN else f"{shown}, … {labels[-1]}"


def _echo_studies(plan: Plan, locations: Locations, plugins: Any) -> None:
    """Say of each study what it varies, how far it is, and what it has found."""
    from benchmark.tuning.record import value_text, values_text
    from benchmark.tuning.resolve import planned_studies, trial_limit

    tune = plan.suite.tune
    assert tune is not None
    for study in planned_studies(plan, locations.results / plan.suite.name, plugins.registry):
        record, limit = study.record, trial_limit(study.spec, tune)
        done = f"{record.count} of {limit} trials" if record else f"not run yet, {limit} trials"
        best = ""
        if record is not None and record.value is not None:
            values = values_text(record.values)
            best = f"; {record.metric} {value_text(record.value)} on {record.chosen_on} with {values}"
        varied = ", ".join(dimension.name for dimension in study.spec.space)
        click.echo(f"study of {study.spec.label}: {varied}: {done}{best}")


def _echo_datasets(plan: Plan) -> None:
    from benchmark.plugin.tracks import left_out_text

    click.echo("datasets:")
    for label, corpus in plan.corpora.items():
        left_out = f", {left_out_text(corpus.left_out)}" if corpus.left_out else ""
        click.echo(f"  {label}: {len(corpus.tracks)} tracks in {len(corpus.classes)} classes{left_out}")
        for note in (*corpus.notes, *filter(None, [corpus.others])):
            click.echo(f"    {note}")
    for label, error in plan.absent.items():
        click.echo(f"  {label}: NOT FOUND. {error}")


def _echo_needs(plan: Plan, missing: list[Any], kept: list[Any], plugins: Any, locations: Locations) -> None:
    """Say how many features are to be computed and how much disk they take; ``kept`` cells are only evaluated."""
    from benchmark.data.prepare import missing as absent
    from benchmark.data.prepare import open_store
    from benchmark.execution.features import feature_requests

    count = size = 0
    spaces = feature_requests(missing, plugins.registry, plan)
    for space, (features, asked) in feature_requests(kept, plugins.registry, plan, training=False).items():
        spaces.setdefault(space, (features, []))[1].extend(asked)
    for features, asked in spaces.values():
        store = open_store(features, plugins.registry, locations.cache)
        wanted = sum(len(request.wanted) for request in absent(store, asked))
        count += wanted
        size += wanted * store.row_bytes
    folder = next(folder for folder in (locations.cache, *locations.cache.parents) if folder.exists())
    free = shutil.disk_usage(folder).free
    click.echo(
        f"features to compute: {count} ({size / 1e6:.0f} MB; {free / 1e9:.1f} GB are free in {locations.cache})"
    )
    if size > free:
        click.echo("This does not fit: free some space, or choose another place with --cache DIR.")
