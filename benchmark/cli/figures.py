"""``bench figures SUITE``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmark.cli.options import locations_options, rehearse_option, suite_options

if TYPE_CHECKING:
    from benchmark.locations import Locations

FOLDER = "figures"


@click.command()
@suite_options
@locations_options
@rehearse_option
@click.option("--track", metavar="ID", help="The track that is shown; default: the dataset's first.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Where files go; default: RESULTS/<suite>/figures."
)
def command(
    suite_file: Path,
    overrides: tuple[str, ...],
    locations: Locations,
    rehearse: bool,
    track: str | None,
    out: Path | None,
) -> None:
    """Draw what a paper on SUITE shows and needs no training: its data, features, augmentations and networks.

    Spectrograms of one clip, the clip as models see it and under each augmentation, and the flow of the data with
    counts, as PNG and PDF; tracks per class, training items by technique, and the layers of each network, as
    Markdown and LaTeX. What is measured is in the report: bench report SUITE.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from benchmark.cli.loading import load_plan
    from benchmark.figures.write import write_figures

    plugins, plan = load_plan(suite_file, overrides, locations, rehearsed=rehearse)
    folder = out or locations.results / plan.suite.name / FOLDER
    drawn = write_figures(plan, plugins.registry, locations.cache, folder, track, rehearse)
    for file in drawn.files:
        if file.suffix not in (".pdf", ".tex"):
            click.echo(str(file))
    for note in drawn.notes:
        click.echo(f"Note: {note}", err=True)
    if plan.absent and not rehearse:
        click.echo("Note: --rehearse draws all of it on synthetic stand-ins.", err=True)
