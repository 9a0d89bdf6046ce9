"""``bench run SUITE``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmark.checkpoints import NEVER
from benchmark.cli.cluster import read_cluster
from benchmark.cli.interrupts import INTERRUPTED, time_may_be_up
from benchmark.cli.limits import Limits, check_decidable, read_limits
from benchmark.cli.options import (
    asked_formats,
    format_option,
    locations_options,
    rehearse_option,
    suite_options,
)
from benchmark.exceptions import BenchError, BrokenDatasetError

if TYPE_CHECKING:
    from benchmark.cli.loading import Looking
    from benchmark.cli.session import Session
    from benchmark.execution.run import RunOptions, RunSummary
    from benchmark.locations import Locations
    from benchmark.plugin.manager import Plugins
    from benchmark.plugin.registry import BrokenPlugin
    from benchmark.results.plan import Plan
    from benchmark.results.store import ResultsStore

TRACK_VARIABLE = "BENCH_TRACK"


def _checkpoint_seconds(context: click.Context, option: click.Parameter, said: str | None) -> float | None:
    """Return how often checkpoints are left; None where nothing is said."""
    if said is None:
        return None
    try:
        seconds = NEVER if said == "never" else float(said)
    except ValueError:
        seconds = -1.0
    if not seconds >= 0:
        raise click.BadParameter(f"'{said}' is neither a number of seconds, 0 or more, nor 'never'.")
    return seconds


@click.command()
@suite_options
@locations_options
@click.option(
    "--jobs", type=click.IntRange(min=1), help="Worker processes; default: one per GPU, or 2 to 8 by cores."
)
@click.option("--executor", type=click.Choice(["local", "inline"]), default="local", show_default=True,
              help="'local' runs cells in worker processes, 'inline' in this one (for a debugger).")  # fmt: skip
@click.option("--scheduler", metavar="ADDRESS|FILE",
              help="Run cells on a Dask cluster: tcp://HOST:PORT, tls://HOST:PORT, or its scheduler file.")  # fmt: skip
@click.option("--gpus", type=click.IntRange(min=1), metavar="N",
              help="With --scheduler: each cell needs N of what workers offer as --resources GPU=….")  # fmt: skip
@click.option("--timeout", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS",
              help="The time that each cell may take, each track's features, and a look at each file. What goes on "
              "after that is killed (with 'inline' it is asked between epochs only).")  # fmt: skip
@click.option("--retry-failed", is_flag=True, help="Run cells again that failed or timed out.")
@click.option("--force", is_flag=True, help="Run all cells again, also those that are done.")
@rehearse_option
@click.option("--strict", is_flag=True, help="Run nothing if a split leaks (see 'bench audit').")
@click.option("--decide", is_flag=True,
              help="Then add seeds to rows whose verdict hangs on them, until the table is decided.")  # fmt: skip
@click.option("--max-seeds", type=click.IntRange(min=2), metavar="N",
              help="With --decide: the most seeds that a row may have in all; default: 20.")  # fmt: skip
@click.option("--budget", type=click.FloatRange(min=0, min_open=True), metavar="HOURS",
              help="With --decide: no seed is added that would not be done so long after the start.")  # fmt: skip
@format_option
@click.option("--keep-models", is_flag=True, help="Store each cell's trained model with its result.")
@click.option(
    "--no-wait", is_flag=True, help="End when others run all that is left, instead of waiting for them."
)
@click.option("--checkpoint-every", metavar="SECONDS", callback=_checkpoint_seconds,
              help="How often a training leaves what it goes on from after a kill: 0 for each epoch, or 'never'; "
              "default: at first after a minute, then so that it costs 2 % at most.")  # fmt: skip
@click.option("--only", "parts", multiple=True, metavar="CELLS",
              help="Run these cells only, such as '{model: [vgg16, cnn]}'; given twice, those of both.")  # fmt: skip
@click.option("--track", "trackers", multiple=True, metavar="NAME",
              help="Tell this tracker of cells and epochs; also $BENCH_TRACK.")  # fmt: skip
@click.option("-v", "--verbose", is_flag=True, help="Show tracebacks of what plugins raise at events.")
def command(
    suite_file: Path,
    overrides: tuple[str, ...],
    locations: Locations,
    jobs: int | None,
    executor: str,
    scheduler: str | None,
    gpus: int | None,
    timeout: float | None,
    max_seeds: int | None,
    budget: float | None,
    checkpoint_every: float | None,
    parts: tuple[str, ...],
    trackers: tuple[str, ...],
    **flags: bool,
) -> None:
    """Run the cells of SUITE that have no result yet, then write the report.

    Any number of these may run at once, on any number of machines that see the results folder: they share the cells.

    Exits with 0 if every cell is ok, 1 if any is not, 2 for a wrong suite or command line, 130 when interrupted, and 75
    when SIGUSR1 said that the time is up.
    """
    from benchmark.cli.executors import make_executors
    from benchmark.cli.loading import Looking
    from benchmark.cli.only import check_parts, read_only
    from benchmark.cli.session import Session
    from benchmark.exceptions import PluginError
    from benchmark.execution.run import RunOptions
    from benchmark.execution.slurm import TIME_IS_UP

    limits = read_limits(max_seeds, budget, flags)
    away = read_cluster(scheduler, gpus, jobs, executor)
    inline = executor == "inline"
    with time_may_be_up() as told, ExitStack() as stack:
        try:
            looking = Looking(jobs, timeout, here=inline)
            plugins, plan = _loaded(
                suite_file, overrides, locations, trackers, looking, rehearsed=flags["rehearse"]
            )
            if limits is not None:
                check_decidable(plan.suite)
            check_parts(parts, plan.suite, decide=limits is not None)
            options = RunOptions(
                force=flags["force"],
                retry_failed=flags["retry_failed"],
                keep_models=flags["keep_models"],
                strict=flags["strict"],
                seconds=timeout,
                marks=("rehearsal",) if flags["rehearse"] else (),
                wait=not flags["no_wait"],
                checkpoint_every=checkpoint_every,
                only=read_only(parts, plan.suite),
            )
            looker = looking.looker(plugins.registry, locations)
            executors = partial(make_executors, locations, jobs, timeout, inline, away, stack, plan, plugins)
            session = Session(plugins, locations, options, cache(executors), looker)
            code = _told(session, plan, limits, told, verbose=flags["verbose"])
        except SystemExit as error:
            # With the plugin's exit code, 0 say, this run would pass for one that did what it was asked for.
            raise PluginError(f"A plugin ended the program (sys.exit({error.code!r})).") from error
        except KeyboardInterrupt:
            if not told:
                raise
            code = INTERRUPTED
    sys.exit(TIME_IS_UP if told and code == INTERRUPTED else code)


def _told(session: Session, plan: Plan, limits: Limits | None, told: Sequence[int], *, verbose: bool) -> int:
    """Run what is missing, and write the report, with trackers told of both; return the exit code.

    ``told`` has something in it once the time is up.
    """
    from benchmark.execution.notify import telling
    from benchmark.results.store import ResultsStore

    def say(broken: BrokenPlugin) -> None:
        trace = f"\n{broken.traceback}" if verbose else " (-v shows the traceback)"
        click.echo(f"Warning: plugin {broken.source}: {broken.error}{trace}", err=True)

    def warn(text: str) -> None:
        click.echo(f"Warning: {text}", err=True)

    store = ResultsStore(session.locations.results, plan.suite.name)
    store.tidy()
    if session.options.strict:
        session.refuse_leaks(plan)
    with telling(session.plugins, plan.suite.name, store.folder, say, warn) as notifier:
        plan, summary = _worked(replace(session, tell=notifier.tell), plan, store, limits)
        # Whoever has a minute left does not draw figures.
        if not (told and summary is not None and summary.interrupted):
            notifier.wait()
            _reported(session, plan, summary)
        notifier.code = _exit_code(plan, store, summary, session.options)
    return notifier.code


def _worked(
    session: Session, plan: Plan, store: ResultsStore, limits: Limits | None
) -> tuple[Plan, RunSummary | None]:
    """Run studies, cells, and with ``limits`` the seeds that verdicts hang on; return the plan with all of them."""
    from benchmark.execution.run import has_work, planned_cells

    summary = None
    if plan.suite.tune is not None:
        plan, summary = session.study(plan)
    cells = planned_cells(plan, store, session.options)
    count = sum(cell.to_run for cell in cells)
    session.tell("bench_suite_started", suite=plan.suite.name, results=store.folder, cells=count, plan=cells)
    if summary is None and has_work(plan, store, session.options):
        summary = session.run(plan)
    if limits is not None and (summary is None or not summary.interrupted):
        from benchmark.cli.decide import decide

        at_once = session.executors().at_once
        plan, more = decide(plan, store, session.plugins.registry, limits, session.run, at_once)
        summary = more or summary
    return plan, summary


def _reported(session: Session, plan: Plan, summary: RunSummary | None) -> None:
    from benchmark.cli.report import show_report

    try:
        show_report(plan, session.plugins, session.locations, asked_formats())
    except BenchError as error:
        if summary is None or not summary.interrupted:
            raise
        # Whoever reads the exit code must learn of the interruption.
        click.echo(f"Error: {error}", err=True)


def _loaded(
    suite_file: Path,
    overrides: tuple[str, ...],
    locations: Locations,
    trackers: tuple[str, ...],
    looking: Looking,
    *,
    rehearsed: bool,
) -> tuple[Plugins, Plan]:
    """Return the plugins, with trackers that are asked for, and the plan, whose data are here."""
    from benchmark.cli.loading import load_plan
    from benchmark.plugin.tracks import left_out_text

    plugins, plan = load_plan(suite_file, overrides, locations, rehearsed=rehearsed, looking=looking)
    for name in dict.fromkeys((*trackers, *os.environ.get(TRACK_VARIABLE, "").split(","))):
        if name.strip():
            plugins.track(name.strip())
    for error in plan.absent.values():
        # What one plugin cannot supply is no reason not to run the cells that do without.
        if not isinstance(error, BrokenDatasetError) or not plan.cells:
            raise error
        click.echo(f"Warning: {error}", err=True)
    for label, corpus in plan.corpora.items():
        if corpus.left_out:
            click.echo(f"{label}: {len(corpus.tracks):,} tracks, {left_out_text(corpus.left_out)}", err=True)
        for note in corpus.notes:
            click.echo(f"{label}: {note}", err=True)
    return plugins, plan


def _exit_code(plan: Any, store: Any, summary: RunSummary | None, options: RunOptions) -> int:
    if summary is not None and summary.interrupted:
        click.echo("Interrupted. What is finished is kept; the same command goes on from here.", err=True)
        return INTERRUPTED
    from benchmark.results.corrupted import unfinished

    statuses = store.statuses()
    asked = [id_ for cell, id_ in plan.cells if options.wants(cell)]
    wrong = [id_ for id_ in asked if statuses.get(id_) != "ok"]
    elsewhere = set(wrong) & set(summary.elsewhere if summary is not None else ())
    if elsewhere:
        cells = "1 cell is" if len(elsewhere) == 1 else f"{len(elsewhere)} cells are"
        click.echo(f"{cells} being run by others.", err=True)
        wrong = [id_ for id_ in wrong if id_ not in elsewhere]
    # Those that wait for a study, and those without data.
    pending = [
        cell for cell, id_ in zip(plan.suite.cells, plan.ids, strict=True) if cell.pending or id_ is None
    ]
    if wrong or pending:
        bad, count = len(wrong) + len(pending), len(asked) + len(pending)
        click.echo(
            f"{bad} of {count} cells are not ok: see 'bench status {plan.suite.path}'; run them again with "
            "--retry-failed.",
            err=True,
        )
    lacking = unfinished(plan, store, options.wants)
    if lacking:
        from benchmark.results.corrupted import text_of

        click.echo(f"{text_of(lacking)}.", err=True)
    return 1 if wrong or pending or lacking else 0
