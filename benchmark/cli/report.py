"""``bench report SUITE``."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmark.cli.options import locations_options, rehearse_option, suite_options
from benchmark.exceptions import ResultsError, UsageError, did_you_mean
from benchmark.report.render import to_terminal
from benchmark.report.write import FORMATS, UnwrittenReportError, write_report
from benchmark.results.store import ResultsStore

if TYPE_CHECKING:
    from benchmark.locations import Locations
    from benchmark.plugin.manager import Plugins
    from benchmark.results.plan import Plan


PAGES = ("report.html", "report.md")


@click.command()
@suite_options
@locations_options
@rehearse_option
@click.option(
    "--format", "formats", default=",".join(FORMATS), show_default=True, help="Formats, with commas between."
)
@click.option(
    "--mixed", is_flag=True, help="Average cells of other data, backends or versions too; marked as such."
)
@click.option("--wide", is_flag=True, help="Print all columns, however wide the terminal is.")
@click.option("--force", is_flag=True, help="Make the report again though nothing has changed.")
def command(
    suite_file: Path,
    overrides: tuple[str, ...],
    locations: Locations,
    rehearse: bool,
    formats: str,
    wide: bool,
    force: bool,
    mixed: bool,
) -> None:
    """Write tables and figures of what is finished of SUITE. Trains nothing."""
    from benchmark.cli.loading import load_plan
    from benchmark.results.matching import with_results

    asked = [name.strip() for name in formats.split(",") if name.strip()]
    for name in asked:
        if name not in FORMATS:
            raise UsageError(f"There is no format '{name}'." + did_you_mean(name, FORMATS))
    plugins, plan = load_plan(suite_file, overrides, locations, rehearsed=rehearse, to_report=True)
    store = ResultsStore(locations.results, plan.suite.name)
    known = with_results(plan, store, plugins.registry, mixed=mixed)
    show_report(known, plugins, locations, asked, force=force, mixed=mixed, wide=wide)


def show_report(
    plan: Plan,
    plugins: Plugins,
    locations: Locations,
    formats: Sequence[str] = FORMATS,
    *,
    force: bool = False,
    mixed: bool = False,
    wide: bool = False,
) -> None:
    """Bring the report up to date, print the leaderboard, and say where the files are."""
    store = ResultsStore(locations.results, plan.suite.name)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() and not wide else None
    try:
        with _alone(store):
            files, leaderboard = write_report(
                plan, store, plugins.registry, formats, force=force, mixed=mixed
            )
    except UnwrittenReportError as error:
        click.echo(to_terminal(error.leaderboard, width))
        raise
    click.echo(to_terminal(leaderboard, width))
    pages = [file for file in files if file.name in PAGES] or files[:1]
    others = len(files) - len(pages)
    click.echo("Report:")
    for file in pages:
        click.echo(f"  {file}")
    if others:
        click.echo(f"  and {others} tables and figures in {store.folder / 'report'}")


@contextmanager
def _alone(store: ResultsStore) -> Iterator[None]:
    """Keep others from writing the report meanwhile; where nothing can be written, nobody does."""
    with ExitStack() as stack:
        with suppress(ResultsError, OSError):
            claims = stack.enter_context(store.claims())
            stack.enter_context(claims.held("report"))
        yield
