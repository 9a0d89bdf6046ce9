"""``bench run SUITE``."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmark.cli.options import locations_options, rehearse_option, suite_options

if TYPE_CHECKING:
    from benchmark.execution.run import RunSummary
    from benchmark.locations import Locations

INTERRUPTED = 130


@click.command()
@suite_options
@locations_options
@click.option(
    "--jobs", type=click.IntRange(min=1), help="Worker processes; default: one per GPU, or 2 to 8 by cores."
)
@click.option("--executor", type=click.Choice(["local", "inline"]), default="local", show_default=True,
              help="'local' runs cells in worker processes, 'inline' in this one (for a debugger).")  # fmt: skip
@click.option("--timeout", type=float, metavar="SECONDS", help="The time that each cell may take.")
@click.option("--retry-failed", is_flag=True, help="Run cells again that failed or timed out.")
@click.option("--force", is_flag=True, help="Run all cells again, also those that are done.")
@rehearse_option
@click.option("--keep-models", is_flag=True, help="Store each cell's trained model with its result.")
def command(
    suite_file: Path,
    overrides: tuple[str, ...],
    locations: Locations,
    jobs: int | None,
    executor: str,
    timeout: float | None,
    **flags: bool,
) -> None:
    """Run the cells of SUITE that have no result yet, then write the report.

    Exits with 0 if every cell is ok, 1 if any is not, 2 for a wrong suite or command line, 130 when interrupted.
    """
    from benchmark.cli.loading import load_plan
    from benchmark.cli.report import show_report
    from benchmark.execution.run import RunOptions, missing_cells
    from benchmark.results.store import ResultsStore

    plugins, plan = load_plan(suite_file, overrides, locations, rehearsed=flags["rehearse"])
    for error in plan.absent.values():
        raise error
    options = RunOptions(
        force=flags["force"],
        retry_failed=flags["retry_failed"],
        keep_models=flags["keep_models"],
        seconds=timeout,
        marks=("rehearsal",) if flags["rehearse"] else (),
    )
    store = ResultsStore(locations.results, plan.suite.name)
    summary = None
    if missing_cells(plan, store, options):
        summary = _run(plan, plugins, locations, options, jobs if executor == "local" else 0)
    show_report(plan, plugins, locations)
    code = _exit_code(plan, store, summary)
    for broken in plugins.notify(
        "bench_suite_finished", suite=plan.suite.name, results=store.folder, exit_code=code
    ):
        click.echo(f"Warning: {broken}", err=True)
    sys.exit(code)


def _run(plan: Any, plugins: Any, locations: Locations, options: Any, jobs: int | None) -> RunSummary:
    """Run in worker processes, or here when ``jobs`` is 0."""
    from benchmark.execution.executor import Inline
    from benchmark.execution.progress import make_display
    from benchmark.execution.run import run_suite
    from benchmark.execution.workers import LocalWorkers, default_jobs, visible_gpus

    def make_executor(cells: int) -> AbstractContextManager[Any]:
        if jobs == 0:
            return Inline()
        gpus = visible_gpus()
        log = locations.results / plan.suite.name / "workers.log"
        return LocalWorkers(min(cells, jobs or default_jobs(gpus)), gpus, log)

    with make_display() as display:
        return run_suite(plan, plugins, locations, options, make_executor, display)


def _exit_code(plan: Any, store: Any, summary: RunSummary | None) -> int:
    if summary is not None and summary.interrupted:
        click.echo("Interrupted. What is finished is kept; the same command goes on from here.", err=True)
        return INTERRUPTED
    statuses = store.statuses()
    wrong = [id_ for _, id_ in plan.cells if statuses.get(id_) != "ok"]
    if wrong:
        click.echo(
            f"{len(wrong)} of {len(plan.cells)} cells are not ok: see 'bench status {plan.suite.path}'; run them "
            "again with --retry-failed.",
            err=True,
        )
    return 1 if wrong else 0
