"""``bench schema``: the suite language as JSON Schema."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("suite_file", metavar="[SUITE]", required=False, type=click.Path(path_type=Path, exists=True))
def command(suite_file: Path | None) -> None:
    """Print the JSON Schema of suite files, with the components of the installed plugins.

    With SUITE, the components of the benchfile.py beside it are in it too. Save it, and tell your editor:
    a first line '# yaml-language-server: $schema=FILE' in a suite is enough for many.
    """
    import json

    from benchmark.plugin.manager import BENCHFILE, Plugins
    from benchmark.suite.json_schema import suite_schema

    registry = Plugins(suite_file.resolve().parent / BENCHFILE if suite_file else None).registry
    for broken in registry.broken:
        click.echo(f"Warning: {broken}", err=True)
    click.echo(json.dumps(suite_schema(registry), indent=2, ensure_ascii=False))
