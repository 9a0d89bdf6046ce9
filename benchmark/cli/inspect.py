"""``bench inspect SUITE``."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmark.cli.options import locations_options, rehearse_option, suite_options
from benchmark.exceptions import UsageError, did_you_mean

if TYPE_CHECKING:
    from benchmark.locations import Locations

# What a terminal shows of each table.
_SHOWN = 20


@click.command()
@suite_options
@locations_options
@rehearse_option
@click.option(
    "--on", default="", metavar="SET", help="The evaluation set; default: that of the leaderboard's order."
)
@click.option("--axis", default="", metavar="AXIS", help="What makes tracks flip; default: augmentation.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Tracks of each kind."
)
@click.option(
    "--format", "formats", default="md,csv,html", show_default=True, help="Formats, with commas between."
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Where files go; default: RESULTS/<suite>/inspect."
)
@click.option("--wide", is_flag=True, help="Print all columns, however wide the terminal is.")
def command(
    suite_file: Path,
    overrides: tuple[str, ...],
    locations: Locations,
    rehearse: bool,
    on: str,
    axis: str,
    limit: int,
    formats: str,
    out: Path | None,
    wide: bool,
) -> None:
    """Show the tracks on which SUITE's rows fail: wrong in most rows, flipping with the augmentation, or mislabelled?

    Reads stored predictions, and trains nothing. The page (inspect.html) has each track's spectrogram, all rows'
    answers, and a player where it is opened from the disk that has the audio.
    """
    from benchmark.cli.loading import load_plan
    from benchmark.report.inspection.material import inspected
    from benchmark.report.inspection.tables import inspection_tables
    from benchmark.report.inspection.write import FOLDER, FORMATS, write_inspection
    from benchmark.report.render import to_terminal
    from benchmark.results.collect import collect
    from benchmark.results.matching import with_results
    from benchmark.results.store import ResultsStore

    asked = [name.strip() for name in formats.split(",") if name.strip()]
    for name in asked:
        if name not in FORMATS:
            raise UsageError(f"There is no format '{name}'." + did_you_mean(name, FORMATS))
    plugins, plan = load_plan(suite_file, overrides, locations, rehearsed=rehearse, to_report=True)
    store = ResultsStore(locations.results, plan.suite.name)
    known = with_results(plan, store, plugins.registry)
    inspection = inspected(collect(known, store, plugins.registry), known, on, axis)
    files = write_inspection(inspection, out or store.folder / FOLDER, asked, limit)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() and not wide else None
    for table in inspection_tables(inspection, min(limit, _SHOWN)).values():
        click.echo(to_terminal(table, width) + "\n" if table.lines else f"{table.caption}\n")
    for file in files:
        click.echo(str(file))
