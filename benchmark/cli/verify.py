"""``bench verify BUNDLE|FOLDER``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

_SHOWN = 50


@click.command()
@click.argument("path", metavar="BUNDLE|FOLDER", type=click.Path(path_type=Path))
@click.option("--signers", type=click.Path(path_type=Path), metavar="FILE",
              help="It must be signed by one of these: lines of a name and a public SSH key.")  # fmt: skip
def command(path: Path, signers: Path | None) -> None:
    """Check that results are what they say: a bundle, or a suite's results folder.

    Digests are compared, ids computed from specifications, and metrics from predictions. No code of the bundle is
    run. Exits with 0 if all is well, and with 1, naming what is not, if anything is not.
    """
    from benchmark.bundles.signature import signature_of, signer_of
    from benchmark.bundles.verify import verify
    from benchmark.exceptions import BundleError

    found = verify(path)
    if signers is not None:
        try:
            click.echo(f"signed by {signer_of(path, signers)}")
        except BundleError as error:
            found.problems.append(str(error))
    elif path.is_file() and signature_of(path).is_file():
        found.notes.append("it is signed; --signers FILE checks by whom.")
    for note in found.notes:
        click.echo(f"Note: {note}", err=True)
    for problem in found.problems[:_SHOWN]:
        click.echo(f"{path}: {problem}", err=True)
    if len(found.problems) > _SHOWN:
        click.echo(f"… and {len(found.problems) - _SHOWN} more.", err=True)
    if found.known is not None:
        lab = f", of {found.known.lab}" if found.known.lab else ""
        click.echo(f"suite {found.known.suite}{lab}, {found.known.date or 'of no date'}")
    click.echo(
        f"{found.cells} cells, {found.metrics} metrics computed again: {_verdict(len(found.problems))}"
    )
    sys.exit(1 if found.problems else 0)


def _verdict(problems: int) -> str:
    if not problems:
        return "all as it says"
    return "1 thing is not as it says" if problems == 1 else f"{problems} things are not as they say"
