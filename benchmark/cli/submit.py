"""``bench submit SUITE``."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmark.cli.options import locations_options, rehearse_option, suite_options, trusts_benchfile
from benchmark.exceptions import UsageError

if TYPE_CHECKING:
    from benchmark.locations import Locations


@click.command()
@suite_options
@locations_options
@click.option("--slurm", is_flag=True, help="To SLURM, by sbatch (the only scheduler that is known).")
@click.option("--array", type=click.IntRange(min=1, max=100_000), default=1, show_default=True, metavar="N",
              help="So many jobs, which share the cells; no more than there are cells.")  # fmt: skip
@click.option("--partition", metavar="P", help="Where they run.")
@click.option("--account", metavar="A", help="Who pays.")
@click.option("--gpus", metavar="N", help="GPUs for each job, such as 1 or a100:2.")
@click.option("--cpus", metavar="N", help="Cores for each job.")
@click.option(
    "--time",
    metavar="TIME",
    help="For each job, such as 4:00:00; then it goes on in a new turn.",
)
@click.option("--mem", metavar="SIZE", help="Memory for each job, such as 16G.")
@click.option(
    "--local-cache", metavar="DIR", help="Features on the node's own disk, such as '$TMPDIR/genrebench'."
)
@click.option("--site", type=click.Path(path_type=Path), metavar="FILE",
              help="Settings of the site; by default slurm.yaml in the folder of your settings.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Print the script, and submit nothing.")
@click.option("--jobs", type=click.IntRange(min=1), help="Worker processes in each job.")
@click.option("--timeout", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS",
              help="The time that each cell may take.")  # fmt: skip
@click.option("--retry-failed", is_flag=True, help="Run cells again that failed or timed out.")
@click.option("--keep-models", is_flag=True, help="Store each cell's trained model with its result.")
@rehearse_option
def command(
    suite_file: Path,
    overrides: tuple[str, ...],
    locations: Locations,
    slurm: bool,
    array: int,
    site: Path | None,
    dry_run: bool,
    local_cache: str | None,
    jobs: int | None,
    timeout: float | None,
    retry_failed: bool,
    keep_models: bool,
    rehearse: bool,
    **asked: Any,
) -> None:
    """Run SUITE on a cluster: an array of jobs, each of which is 'bench run', and which share its cells.

    The script is written beside the results. 'bench status SUITE' shows who does what.
    """
    from benchmark.cli.loading import load_plan
    from benchmark.execution.run import RunOptions, missing_cells
    from benchmark.execution.slurm import (
        Site,
        default_site,
        read_site,
        run_command,
        script,
        submit,
        write_script,
    )
    from benchmark.results.corrupted import unfinished
    from benchmark.results.store import ResultsStore, slug

    if not slurm:
        raise UsageError("Say where: --slurm. For PBS and LSF there are templates in docs/cluster.md.")
    file = site or default_site()
    settings = read_site(file) if site is not None or file.is_file() else Site()
    settings = settings.changed({**asked, "cache": local_cache})
    _, plan = load_plan(suite_file, overrides, locations, rehearsed=rehearse)
    for error in plan.absent.values():
        raise error
    store = ResultsStore(locations.results, plan.suite.name)
    pending = sum(bool(cell.pending) for cell in plan.suite.cells)
    missing = len(missing_cells(plan, store, RunOptions(retry_failed=retry_failed))) + pending
    missing += len(unfinished(plan, store))
    if not missing:
        click.echo("Nothing of it is missing; 'bench report' shows the results.")
        return
    tasks = min(array, missing)
    arguments = [
        str(suite_file.absolute()),
        *(word for each in overrides for word in ("--set", each)),
        *_places(locations, own_cache=settings.cache is None),
        *(["--jobs", str(jobs)] if jobs else []),
        *(["--timeout", f"{timeout:g}"] if timeout else []),
        *(["--retry-failed"] if retry_failed else []),
        *(["--keep-models"] if keep_models else []),
        *(["--rehearse"] if rehearse else []),
        *(["--trust"] if trusts_benchfile() else []),
        # A task that waits for others would keep a node from everybody.
        "--no-wait",
    ]
    logs = store.folder / "slurm"
    text = script(slug(plan.suite.name), tasks, settings, run_command(arguments), Path(os.getcwd()), logs)
    if dry_run:
        click.echo(text, nl=False)
        return
    written = write_script(store.folder, text)
    job = submit(written, tasks, datetime.now(UTC).isoformat(timespec="seconds"))
    many = f"{tasks} tasks" if tasks > 1 else "1 task"
    click.echo(f"Job {job.id}: {many} for {missing} cells. Script: {written}; logs beside it.")
    click.echo(f"'bench status {suite_file} --watch' shows who does what; 'scancel {job.id}' ends it.")


def _places(locations: Locations, *, own_cache: bool) -> list[str]:
    """Return the options that lead tasks to where this command looks, whatever their environment is."""
    found = ["--results", str(locations.results)]
    found += ["--cache", str(locations.cache)] if own_cache else []
    for folder in locations.data:
        found += ["--data", str(folder)]
    for name, folder in locations.named.items():
        found += ["--data", f"{name}={folder}"]
    return found
