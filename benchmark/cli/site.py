"""``bench site BUNDLE…``."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("bundles", metavar="BUNDLE…", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path, file_okay=False), default="public", show_default=True,
              metavar="DIR", help="Where the pages go.")  # fmt: skip
@click.option("--signers", type=click.Path(path_type=Path), metavar="FILE",
              help="Each bundle must be signed by one of these: lines of a name and a public SSH key.")  # fmt: skip
def command(bundles: tuple[Path, ...], output: Path, signers: Path | None) -> None:
    """Make a leaderboard of bundles of several labs and dates: static pages, JSON and badges.

    There is one table per test and protocol. A row is 'reproduced' when a bundle of another lab has the same cells,
    run again, with metrics that agree. No server is needed: open DIR/index.html.
    """
    from benchmark.site.write import write_site

    boards, notes = write_site(bundles, output, signers)
    for note in notes:
        click.echo(f"Note: {note}", err=True)
    for board in boards:
        click.echo(f"{board.task.title}: {len(board.rows)} rows ({board.task.protocol})")
    click.echo(f"Leaderboard: {output / 'index.html'}")
