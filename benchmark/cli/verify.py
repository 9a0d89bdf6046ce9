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
    from benchmark.exceptions import BundleError, UsageError

    if signers is not None and not signers.is_file():
        raise UsageError(f"--signers {signers}: there is no such file.")
    verified = verify(path)
    if signers is not None:
        try:
            click.echo(f"signed by {signer_of(path, signers)}")
        except BundleError as error:
            verified.problems.append(str(error))
    elif path.is_file() and signature_of(path).is_file():
        verified.notes.append("it is signed; --signers FILE checks by whom.")
    for note in verified.notes:
        click.echo(f"Note: {note}", err=True)
    for problem in verified.problems[:_SHOWN]:
        # What is wrong with a signature names the file by itself.
        click.echo(problem if problem.startswith(f"{path} ") else f"{path}: {problem}", err=True)
    if len(verified.problems) > _SHOWN:
        click.echo(f"… and {len(verified.problems) - _SHOWN} more.", err=True)
    if verified.known is not None:
        lab = f", of {verified.known.lab}" if verified.known.lab else ""
        click.echo(f"suite {verified.known.suite}{lab}, {verified.known.date or 'of no date'}")
    click.echo(
        f"{verified.cells} cells, {verified.metrics} metrics computed again: {_verdict(len(verified.problems))}"
    )
    sys.exit(1 if verified.problems else 0)


def _verdict(problems: int) -> str:
    if not problems:
        return "all as it says"
    return "1 thing is not as it says" if problems == 1 else f"{problems} things are not as they say"
