"""``bench submit SUITE``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmark.cli.options import locations_options, rehearse_option, suite_options, trusts_benchfile
from benchmark.exceptions import UsageError

if TYPE_CHECKING:
    from benchmark.execution.slurm_site import Site
    from benchmark.locations import Locations
    from benchmark.suite.cell import Cell
    from benchmark.suite.load import Suite


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
@click.option("--checkpoint-every", metavar="SECONDS",
              help="How often a training leaves what it goes on from: 0 for each epoch, or 'never'.")  # fmt: skip
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
    from benchmark.execution.slurm import run_command, script, submit, write_script
    from benchmark.execution.slurm_site import Site, default_site, read_site
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
    if settings.per and plan.suite.tune is not None:
        raise UsageError(
            f"'per' of {file} and 'tune' of {plan.suite.path} do not go together: a study is of all its cells. Submit "
            "with --site and a file without 'per'."
        )
    store = ResultsStore(locations.results, plan.suite.name)
    missing = [cell for cell, _ in missing_cells(plan, store, RunOptions(retry_failed=retry_failed))]
    missing += [lacking.cell for lacking in unfinished(plan, store)]
    pending = [cell for cell in plan.suite.cells if cell.pending]
    if not missing and not pending:
        click.echo("Nothing of it is missing; 'bench report' shows the results.")
        return

    def arguments(part: Part) -> list[str]:
        return [
            str(suite_file.absolute()),
            *(word for override in overrides for word in ("--set", override)),
            *_places(locations, own_cache=part.site.cache is None),
            *(["--jobs", str(jobs)] if jobs else []),
            *(["--timeout", f"{timeout:g}"] if timeout else []),
            *(["--checkpoint-every", part.site.checkpoint_every] if part.site.checkpoint_every else []),
            *(["--retry-failed"] if retry_failed else []),
            *(["--keep-models"] if keep_models else []),
            *(["--rehearse"] if rehearse else []),
            *(["--trust"] if trusts_benchfile() else []),
            *(word for text in part.only for word in ("--only", text)),
            # A task that waits for others would keep a node from everybody.
            "--no-wait",
        ]

    parts = _parts(settings, [*missing, *pending], plan.suite)
    logs = store.folder / "slurm"
    for number, part in enumerate(parts, 1):
        tasks = min(array, part.cells)
        command = run_command(arguments(part))
        text = script(slug(plan.suite.name), tasks, part.site, command, Path(os.getcwd()), logs)
        if dry_run:
            if len(parts) > 1:
                click.echo(f"# Script {number} of {len(parts)}, for {part.cells} cells.")
            click.echo(text, nl=False)
            continue
        written = write_script(store.folder, text)
        job = submit(written, tasks, datetime.now(UTC).isoformat(timespec="seconds"))
        many = f"{tasks} tasks" if tasks > 1 else "1 task"
        click.echo(f"Job {job.id}: {many} for {part.cells} cells. Script: {written}; logs beside it.")
        click.echo(f"'scancel {job.id}' ends it.")
    if not dry_run:
        click.echo(f"'bench status {suite_file} --watch' shows who does what.")


@dataclass(frozen=True)
class Part:
    """The cells of one array: how many there are, what they ask for, and what ``--only`` is to be told of them."""

    site: Site
    cells: int
    only: Sequence[str] = ()


def _parts(site: Site, cells: Sequence[Cell], suite: Suite) -> list[Part]:
    """Return the cells that are missing by what they ask for: an array for each."""
    from benchmark.cli.only import only_texts

    axes = list(dict.fromkeys(axis for axis, _, _ in site.per if axis in suite.axes))
    together: dict[Site, list[Cell]] = {}
    for cell in cells:
        together.setdefault(site.of(cell.labels), []).append(cell)
    if len(together) == 1:
        (whole,) = together
        return [Part(whole, len(cells))]
    return [
        Part(own, len(some), only_texts([cell.labels for cell in some], axes))
        for own, some in together.items()
    ]


def _places(locations: Locations, *, own_cache: bool) -> list[str]:
    """Return the options that lead tasks to where this command looks, whatever their environment is."""
    options = ["--results", str(locations.results)]
    options += ["--cache", str(locations.cache)] if own_cache else []
    for folder in locations.data:
        options += ["--data", str(folder)]
    for name, folder in locations.named.items():
        options += ["--data", f"{name}={folder}"]
    return options
