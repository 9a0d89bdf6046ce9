"""``bench export SUITE``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmark.cli.options import locations_options, rehearse_option, suite_options

if TYPE_CHECKING:
    from benchmark.locations import Locations


@click.command()
@suite_options
@locations_options
@rehearse_option
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="The bundle; default: NAME.zip in the working folder.")  # fmt: skip
@click.option(
    "--lab", default="", metavar="NAME", help="Who vouches for it, as leaderboards are to call you."
)
@click.option("--sign", "key", type=click.Path(path_type=Path), metavar="KEY",
              help="Sign it with this SSH key; the signature lies beside it.")  # fmt: skip
def command(
    suite_file: Path,
    overrides: tuple[str, ...],
    locations: Locations,
    rehearse: bool,
    output: Path | None,
    lab: str,
    key: Path | None,
) -> None:
    """Write what is finished of SUITE as one file that others can check, merge and report: a bundle.

    It holds the suite, records, predictions, histories and digests of all of it. No audio, no weights. The same
    results give the same bytes.
    """
    from benchmark.bundles.export import export
    from benchmark.bundles.signature import sign
    from benchmark.cli.loading import load_plan
    from benchmark.results.matching import with_results
    from benchmark.results.store import ResultsStore

    plugins, plan = load_plan(suite_file, overrides, locations, rehearsed=rehearse, to_report=True)
    store = ResultsStore(locations.results, plan.suite.name)
    file = output or Path(f"{plan.suite.name}.zip")
    known = with_results(plan, store, plugins.registry)
    done = export(known, store, file, overrides, lab, rehearsed=rehearse)
    for note in done.notes:
        click.echo(f"Note: {note}", err=True)
    size = done.file.stat().st_size
    click.echo(f"{done.file}: {done.cells} of {done.of} cells, {size / 1e6:.1f} MB")
    if key is not None:
        click.echo(f"{sign(file, key)}: signed with {key}")
