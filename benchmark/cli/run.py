"""``bench run SUITE``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmark.checkpoints import NEVER
from benchmark.cli.cluster import Away, on_cluster, read_cluster
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
    from benchmark.data.looking import Looker
    from benchmark.execution.executor import Executors
    from benchmark.execution.notify import Tell
    from benchmark.execution.run import RunOptions, RunSummary
    from benchmark.locations import Locations
    from benchmark.plugin.manager import Plugins
    from benchmark.plugin.registry import BrokenPlugin
    from benchmark.results.plan import Plan

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
    from benchmark.cli.loading import Looking
    from benchmark.exceptions import PluginError
    from benchmark.execution.slurm import TIME_IS_UP

    limits = read_limits(max_seeds, budget, flags)
    away = read_cluster(scheduler, gpus, jobs, executor)
    with time_may_be_up() as told, ExitStack() as stack:
        try:
            executors = partial(_executors, locations, jobs, timeout, executor == "inline", away, stack)
            code = _command(
                suite_file,
                overrides,
                locations,
                Looking(jobs, timeout, here=executor == "inline"),
                executors,
                timeout,
                checkpoint_every,
                limits,
                parts,
                trackers,
                flags,
                told,
            )
        except SystemExit as error:
            # With the plugin's exit code, 0 say, this run would pass for one that did what it was asked for.
            raise PluginError(f"A plugin ended the program (sys.exit({error.code!r})).") from error
        except KeyboardInterrupt:
            if not told:
                raise
            code = INTERRUPTED
    sys.exit(TIME_IS_UP if told and code == INTERRUPTED else code)


def _command(
    suite_file: Path,
    overrides: tuple[str, ...],
    locations: Locations,
    looking: Looking,
    make: Callable[[Plan, Plugins], Executors],
    timeout: float | None,
    checkpoint_every: float | None,
    limits: Limits | None,
    parts: tuple[str, ...],
    trackers: tuple[str, ...],
    flags: dict[str, bool],
    told: list[int],
) -> int:
    from benchmark.cli.only import check_parts, read_only
    from benchmark.cli.report import show_report
    from benchmark.execution.notify import telling
    from benchmark.execution.run import RunOptions, has_work, planned_cells
    from benchmark.results.store import ResultsStore

    plugins, plan = _loaded(suite_file, overrides, locations, trackers, looking, rehearsed=flags["rehearse"])
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
    store = ResultsStore(locations.results, plan.suite.name)
    store.tidy()
    if options.strict:
        _refuse_leaks(plan, plugins, locations, looker)
    executors = cache(partial(make, plan, plugins))

    def say(broken: BrokenPlugin) -> None:
        trace = f"\n{broken.traceback}" if flags["verbose"] else " (-v shows the traceback)"
        click.echo(f"Warning: plugin {broken.source}: {broken.error}{trace}", err=True)

    def warn(text: str) -> None:
        click.echo(f"Warning: {text}", err=True)

    with telling(plugins, plan.suite.name, store.folder, say, warn) as notifier:
        summary = None
        if plan.suite.tune is not None:
            plan, summary = _study(plan, plugins, locations, options, executors)
        cells = planned_cells(plan, store, options)
        count = sum(cell.to_run for cell in cells)
        notifier.tell(
            "bench_suite_started", suite=plan.suite.name, results=store.folder, cells=count, plan=cells
        )
        if summary is None and has_work(plan, store, options):
            summary = _run(plan, plugins, locations, options, executors, notifier.tell, looker)
        if limits is not None and (summary is None or not summary.interrupted):
            from benchmark.cli.decide import decide

            at_once = executors().at_once
            run = partial(
                _run,
                plugins=plugins,
                locations=locations,
                options=options,
                executors=executors,
                tell=notifier.tell,
                looker=looker,
            )
            plan, more = decide(plan, store, plugins.registry, limits, run, at_once)
            summary = more or summary
        if told and summary is not None and summary.interrupted:
            # Whoever has a minute left does not draw figures.
            notifier.code = _exit_code(plan, store, summary, options)
            return notifier.code
        notifier.wait()
        try:
            show_report(plan, plugins, locations, asked_formats())
        except BenchError as error:
            if summary is None or not summary.interrupted:
                raise
            # Whoever reads the exit code must learn of the interruption.
            click.echo(f"Error: {error}", err=True)
        notifier.code = _exit_code(plan, store, summary, options)
    return notifier.code


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
    from benchmark.plugin.tracks import reasons_text

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
            files = f"{len(corpus.left_out):,} files left out ({reasons_text(corpus.left_out)})"
            click.echo(f"{label}: {len(corpus.tracks):,} tracks, {files}", err=True)
        for note in corpus.notes:
            click.echo(f"{label}: {note}", err=True)
    return plugins, plan


def _refuse_leaks(plan: Plan, plugins: Plugins, locations: Locations, looker: Looker) -> None:
    """Raise if any cell leaks, also one that is finished: before studies, which train too."""
    from benchmark.execution.audit import audit_plan, refuse_leaks
    from benchmark.execution.progress import make_display

    with make_display() as display:
        cells = [cell for cell, _ in plan.cells]
        refuse_leaks(plan, audit_plan(plan, cells, plugins.registry, locations, display, looker))


def _study(
    plan: Plan, plugins: Plugins, locations: Locations, options: Any, executors: Callable[[], Executors]
) -> tuple[Plan, RunSummary | None]:
    """Run the studies; return the plan with what they found, and a summary if that was interrupted."""
    from benchmark.execution.progress import make_display
    from benchmark.execution.run import RunSummary
    from benchmark.results.store import ResultsStore
    from benchmark.tuning.resolve import resolved, unfinished_studies

    store = ResultsStore(locations.results, plan.suite.name)
    if not unfinished_studies(plan, store.folder, plugins.registry, retry_failed=options.retry_failed):
        return plan, None
    from benchmark.tuning.run import run_studies

    with make_display() as display:
        interrupted = run_studies(plan, plugins, locations, options, executors(), display)
    plan = resolved(plan, store.folder, plugins.registry)
    return plan, RunSummary(interrupted=True) if interrupted else None


def _run(
    plan: Plan,
    plugins: Plugins,
    locations: Locations,
    options: Any,
    executors: Callable[[], Executors],
    tell: Tell,
    looker: Looker,
) -> RunSummary:
    from benchmark.execution.progress import make_display
    from benchmark.execution.run import run_suite

    with make_display() as display:
        return run_suite(plan, plugins, locations, options, executors(), display, tell, looker)


def _executors(
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
