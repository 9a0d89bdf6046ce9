"""``bench run SUITE``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmark.cli.interrupts import INTERRUPTED, time_may_be_up
from benchmark.cli.limits import Limits, check_decidable, read_limits
from benchmark.cli.options import locations_options, rehearse_option, suite_options
from benchmark.exceptions import BenchError

if TYPE_CHECKING:
    from benchmark.execution.executor import Executors
    from benchmark.execution.run import RunSummary
    from benchmark.locations import Locations
    from benchmark.plugin.manager import Plugins
    from benchmark.results.plan import Plan


@click.command()
@suite_options
@locations_options
@click.option(
    "--jobs", type=click.IntRange(min=1), help="Worker processes; default: one per GPU, or 2 to 8 by cores."
)
@click.option("--executor", type=click.Choice(["local", "inline"]), default="local", show_default=True,
              help="'local' runs cells in worker processes, 'inline' in this one (for a debugger).")  # fmt: skip
@click.option("--timeout", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS",
              help="The time that each cell may take, and each track's features. What goes on after that is killed "
              "(with 'inline' it is asked between epochs only).")  # fmt: skip
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
@click.option("--keep-models", is_flag=True, help="Store each cell's trained model with its result.")
@click.option(
    "--no-wait", is_flag=True, help="End when others run all that is left, instead of waiting for them."
)
def command(
    suite_file: Path,
    overrides: tuple[str, ...],
    locations: Locations,
    jobs: int | None,
    executor: str,
    timeout: float | None,
    max_seeds: int | None,
    budget: float | None,
    **flags: bool,
) -> None:
    """Run the cells of SUITE that have no result yet, then write the report.

    Any number of these may run at once, on any number of machines that see the results folder: they share the cells.

    Exits with 0 if every cell is ok, 1 if any is not, 2 for a wrong suite or command line, 130 when interrupted, and 75
    when SIGUSR1 said that the time is up.
    """
    from benchmark.exceptions import PluginError
    from benchmark.execution.slurm import TIME_IS_UP

    limits = read_limits(max_seeds, budget, flags)
    with time_may_be_up() as told:
        try:
            code = _command(suite_file, overrides, locations, jobs, executor, timeout, limits, flags, told)
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
    jobs: int | None,
    executor: str,
    timeout: float | None,
    limits: Limits | None,
    flags: dict[str, bool],
    told: list[int],
) -> int:
    from benchmark.cli.loading import load_plan
    from benchmark.cli.report import show_report
    from benchmark.execution.run import RunOptions, missing_cells
    from benchmark.results.store import ResultsStore

    plugins, plan = load_plan(suite_file, overrides, locations, rehearsed=flags["rehearse"])
    if limits is not None:
        check_decidable(plan.suite)
    for error in plan.absent.values():
        raise error
    for label, corpus in plan.corpora.items():
        for note in corpus.notes:
            click.echo(f"{label}: {note}", err=True)
    options = RunOptions(
        force=flags["force"],
        retry_failed=flags["retry_failed"],
        keep_models=flags["keep_models"],
        strict=flags["strict"],
        seconds=timeout,
        marks=("rehearsal",) if flags["rehearse"] else (),
        wait=not flags["no_wait"],
    )
    store = ResultsStore(locations.results, plan.suite.name)
    store.tidy()
    if options.strict:
        _refuse_leaks(plan, plugins, locations)
    executors = partial(_executors, plan, locations, jobs, timeout, inline=executor == "inline")
    summary = None
    if plan.suite.tune is not None:
        plan, summary = _study(plan, plugins, locations, options, executors)
    if summary is None and missing_cells(plan, store, options):
        summary = _run(plan, plugins, locations, options, executors)
    if limits is not None and (summary is None or not summary.interrupted):
        from benchmark.cli.decide import decide

        at_once = 1 if executor == "inline" else _at_once(jobs)
        run = partial(_run, plugins=plugins, locations=locations, options=options, executors=executors)
        plan, more = decide(plan, store, plugins.registry, limits, run, at_once)
        summary = more or summary
    if told and summary is not None and summary.interrupted:
        # Whoever has a minute left does not draw figures.
        return _exit_code(plan, store, summary)
    try:
        show_report(plan, plugins, locations)
    except BenchError as error:
        if summary is None or not summary.interrupted:
            raise
        click.echo(f"Error: {error}", err=True)  # Whoever reads the exit code must learn of the interruption.
    code = _exit_code(plan, store, summary)
    for broken in plugins.notify(
        "bench_suite_finished", suite=plan.suite.name, results=store.folder, exit_code=code
    ):
        click.echo(f"Warning: {broken}", err=True)
    return code


def _refuse_leaks(plan: Plan, plugins: Plugins, locations: Locations) -> None:
    """Raise if any cell leaks, also one that is finished: before studies, which train too."""
    from benchmark.execution.audit import audit_plan, refuse_leaks
    from benchmark.execution.progress import make_display

    with make_display() as display:
        cells = [cell for cell, _ in plan.cells]
        refuse_leaks(plan, audit_plan(plan, cells, plugins.registry, locations, display))


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
    plan: Plan, plugins: Plugins, locations: Locations, options: Any, executors: Callable[[], Executors]
) -> RunSummary:
    from benchmark.execution.progress import make_display
    from benchmark.execution.run import run_suite

    with make_display() as display:
        return run_suite(plan, plugins, locations, options, executors(), display)


def _executors(
    plan: Plan, locations: Locations, jobs: int | None, seconds: float | None, *, inline: bool
) -> Executors:
    """Return what makes executors: worker processes, or this one; both give each training as many threads."""
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
        return Executors(lambda: Inline(share(jobs or cores())), lambda tasks: Inline(threads), threads)
    log = locations.results / plan.suite.name / "workers.log"

    def features() -> LocalWorkers:
        return LocalWorkers(jobs or cores(), log=log, seconds=seconds)

    def training(tasks: int) -> LocalWorkers:
        return LocalWorkers(min(tasks, at_once), gpus, log, threads=threads, seconds=seconds)

    return Executors(features, training, threads)


def _at_once(jobs: int | None) -> int:
    """Return how many cells are trained at once."""
    from benchmark.execution.workers import default_jobs, visible_gpus

    return jobs or default_jobs(visible_gpus())


def _exit_code(plan: Any, store: Any, summary: RunSummary | None) -> int:
    if summary is not None and summary.interrupted:
        click.echo("Interrupted. What is finished is kept; the same command goes on from here.", err=True)
        return INTERRUPTED
    statuses = store.statuses()
    wrong = [id_ for _, id_ in plan.cells if statuses.get(id_) != "ok"]
    elsewhere = set(wrong) & set(summary.elsewhere if summary is not None else ())
    if elsewhere:
        cells = "1 cell is" if len(elsewhere) == 1 else f"{len(elsewhere)} cells are"
        click.echo(f"{cells} being run by others.", err=True)
        wrong = [id_ for id_ in wrong if id_ not in elsewhere]
    pending = [cell for cell in plan.suite.cells if cell.pending]
    if wrong or pending:
        bad, count = len(wrong) + len(pending), len(plan.cells) + len(pending)
        click.echo(
            f"{bad} of {count} cells are not ok: see 'bench status {plan.suite.path}'; run them again with "
            "--retry-failed.",
            err=True,
        )
    return 1 if wrong or pending else 0
