"""``bench report SUITE``."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmark.cli.options import FORMAT_VARIABLE, locations_options, rehearse_option, suite_options
from benchmark.exceptions import ResultsError, UsageError, did_you_mean
from benchmark.report.render import to_terminal
from benchmark.report.sections import SECTIONS, checked_sections
from benchmark.report.write import FORMATS, UnwrittenReportError, write_report
from benchmark.results.store import ResultsStore

if TYPE_CHECKING:
    from benchmark.locations import Locations
    from benchmark.plugin.manager import Plugins
    from benchmark.report.table import Table
    from benchmark.results.plan import Plan


PAGES = ("report.html", "report.md")


@click.command()
@suite_options
@click.argument("others", nargs=-1, metavar="[BUNDLE…]", type=click.Path(path_type=Path))
@locations_options
@rehearse_option
@click.option("-o", "--output", type=click.Path(path_type=Path, file_okay=False), default="reports",
              show_default=True, metavar="DIR", help="Of bundles: where each suite's report goes.")  # fmt: skip
@click.option(
    "--format",
    "formats",
    default=",".join(FORMATS),
    show_default=True,
    envvar=FORMAT_VARIABLE,
    help=f"Formats, with commas between; also ${FORMAT_VARIABLE}.",
)
@click.option(
    "--mixed", is_flag=True, help="Average cells of other data, backends or versions too; marked as such."
)
@click.option(
    "--columns",
    default="",
    metavar="NAMES",
    help="Columns of the leaderboard, with commas between; the error about a wrong one lists all.",
)
@click.option(
    "--sections",
    default="",
    metavar="NAMES",
    help=f"Sections, with commas between, of {', '.join(SECTIONS)}. Without it, all; what is not asked for is not "
    "computed.",
)
@click.option("--wide", is_flag=True, help="Print all columns, however wide the terminal is.")
@click.option("--force", is_flag=True, help="Make the report again though nothing has changed.")
def command(
    suite_file: Path,
    others: tuple[Path, ...],
    overrides: tuple[str, ...],
    locations: Locations,
    rehearse: bool,
    output: Path,
    formats: str,
    columns: str,
    sections: str,
    wide: bool,
    force: bool,
    mixed: bool,
) -> None:
    """Write tables and figures of what is finished of SUITE. Trains nothing.

    In place of a suite, bundles may be given, of one or of several suites: that needs no data, and runs no code of
    theirs.
    """
    from benchmark.bundles.opening import is_bundle
    from benchmark.cli.loading import load_plan
    from benchmark.results.matching import with_results

    asked, parts = _names(formats), _names(sections)
    checked_sections(parts)
    for name in asked:
        if name not in FORMATS:
            raise UsageError(f"There is no format '{name}'." + did_you_mean(name, FORMATS))
    if is_bundle(suite_file):
        if overrides or rehearse:
            raise UsageError("A bundle is reported as it is: leave --set and --rehearse away.")
        _report_bundles((suite_file, *others), output, asked, parts, mixed=mixed, wide=wide)
        return
    if others:
        raise UsageError(
            f"{suite_file} is no bundle: one suite is reported at a time, or any number of bundles."
        )
    plugins, plan = load_plan(suite_file, overrides, locations, rehearsed=rehearse, to_report=True)
    store = ResultsStore(locations.results, plan.suite.name)
    known = with_results(plan, store, plugins.registry, mixed=mixed)
    show_report(
        known,
        plugins,
        locations,
        asked,
        columns=_names(columns),
        sections=parts,
        force=force,
        mixed=mixed,
        wide=wide,
    )


def _names(text: str) -> list[str]:
    """Return names that have commas between them."""
    return [name.strip() for name in text.split(",") if name.strip()]


def show_report(
    plan: Plan,
    plugins: Plugins,
    locations: Locations,
    formats: Sequence[str] = FORMATS,
    *,
    columns: Sequence[str] = (),
    sections: Sequence[str] = (),
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
                plan,
                store,
                plugins.registry,
                formats,
                columns=columns,
                sections=sections,
                force=force,
                mixed=mixed,
            )
    except UnwrittenReportError as error:
        click.echo(to_terminal(error.leaderboard, width))
        raise
    _show(leaderboard, files, store.folder / "report", width)


def _report_bundles(
    bundles: Sequence[Path],
    output: Path,
    formats: Sequence[str],
    sections: Sequence[str],
    *,
    mixed: bool,
    wide: bool,
) -> None:
    from benchmark.bundles.reporting import report_bundles

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() and not wide else None
    for reported in report_bundles(bundles, output, formats, mixed=mixed, sections=sections):
        _show(reported.board, reported.files, reported.folder, width)


def _show(leaderboard: Table, files: Sequence[Path], folder: Path, width: int | None) -> None:
    click.echo(to_terminal(leaderboard, width))
    pages = [file for file in files if file.name in PAGES] or files[:1]
    others = len(files) - len(pages)
    click.echo("Report:")
    for file in pages:
        click.echo(f"  {file}")
    if others:
        click.echo(f"  and {others} tables and figures in {folder}")


@contextmanager
def _alone(store: ResultsStore) -> Iterator[None]:
    """Keep others from writing the report meanwhile; where nothing can be written, nobody does."""
    with ExitStack() as stack:
        with suppress(ResultsError, OSError):
            claims = stack.enter_context(store.claims())
            stack.enter_context(claims.held("report"))
        yield
