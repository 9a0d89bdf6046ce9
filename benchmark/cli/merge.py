"""``bench merge A B …``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from benchmark.locations import default_results

if TYPE_CHECKING:
    from benchmark.bundles.merge import Merged

_SHOWN = 50


@click.command()
@click.argument("sources", metavar="A B …", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
              help="Results, where DIR/SUITE is added to; default: results, or $BENCH_RESULTS.")  # fmt: skip
@click.option("--keep", type=click.Choice(["first", "last"]),
              help="Where numbers differ, keep those of the first place (what lies there already, then A, B, …), or "
              "of the last; that is recorded.")  # fmt: skip
def command(sources: tuple[Path, ...], output: Path | None, keep: Literal["first", "last"] | None) -> None:
    """Bring results of one suite together: bundles, and folders such as results/paper, from several machines.

    Equal cells are there once. If a cell has other numbers in two places, they are listed, nothing is written, and
    the exit code is 1.
    """
    from benchmark.bundles.merge import merge

    merged = merge(sources, output or default_results(), keep)
    _say(merged)
    sys.exit(1 if merged.conflicts else 0)


def _say(merged: Merged) -> None:
    for note in merged.notes:
        click.echo(f"Note: {note}", err=True)
    for conflict in merged.conflicts[:_SHOWN]:
        click.echo(conflict, err=True)
    if len(merged.conflicts) > _SHOWN:
        click.echo(f"… and {len(merged.conflicts) - _SHOWN} more.", err=True)
    if merged.conflicts:
        count = len(merged.conflicts)
        differ = "1 conflict" if count == 1 else f"{count} conflicts"
        click.echo(f"{differ}: nothing was written. '--keep first' or '--keep last' decides.", err=True)
        return
    for decided in merged.decided:
        click.echo(f"{decided.get('cell') or decided['file']}: kept that of {decided['kept']}")
    click.echo(f"{merged.folder}: {merged.added} cells added, {merged.equal} were there already, or twice")
