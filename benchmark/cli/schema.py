"""``bench schema``."""

from __future__ import annotations

import json

import click


@click.command()
def command() -> None:
    """Print the JSON Schema of suite files, with the components that are installed, for editors."""
    from benchmark.plugin.manager import Plugins
    from benchmark.suite.json_schema import suite_schema

    click.echo(json.dumps(suite_schema(Plugins().registry), indent=2))
