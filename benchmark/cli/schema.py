"""``bench schema``: the suite language as JSON Schema."""

from __future__ import annotations

from pathlib import Path

import click

from benchmark.cli.options import trust_option


@click.command()
@trust_option
@click.argument("suite_file", metavar="[SUITE]", required=False, type=click.Path(path_type=Path, exists=True))
def command(suite_file: Path | None) -> None:
    """Print the JSON Schema of suite files, with the components of the installed plugins.

    With SUITE, the components of the benchfile.py beside it are in it too. Save it, and tell your editor:
    a first line '# yaml-language-server: $schema=FILE' in a suite is enough for many.
    """
    import json

    from benchmark.cli.trust import load_plugins
    from benchmark.plugin.manager import Plugins
    from benchmark.suite.json_schema import suite_schema

    if suite_file is not None:
        registry = load_plugins(suite_file, needs_benchfile=False).registry
    else:
        registry = Plugins().registry
        for broken in registry.broken:
            click.echo(f"Warning: {broken}", err=True)
    if registry.unopened is not None:
        click.echo(
            f"Warning: {registry.unopened.path} was not run, and is not in it; --trust runs it.", err=True
        )
    click.echo(json.dumps(suite_schema(registry), indent=2, ensure_ascii=False))
