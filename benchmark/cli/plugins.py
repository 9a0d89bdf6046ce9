"""``bench plugins``: what is installed, and what each component takes."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import get_args

import click

from benchmark.cli.options import trust_option
from benchmark.cli.trust import load_plugins
from benchmark.exceptions import UsageError, did_you_mean
from benchmark.plugin.component import Component, Kind, Parts
from benchmark.plugin.manager import Plugins
from benchmark.plugin.parameters import parameters_of, takes_further
from benchmark.plugin.registry import Offer

KINDS: tuple[Kind, ...] = get_args(Kind)


@click.group(invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """List components by kind, and the plugins that could not be loaded."""
    if context.invoked_subcommand is None:
        _list()


@command.command()
@click.argument("name")
def show(name: str) -> None:
    """Show what component NAME is and which parameters it takes."""
    registry = Plugins().registry
    found = [offer for kind in KINDS for offer in registry.offers.get(kind, {}).get(name, [])]
    if not found:
        names = [each for kind in KINDS for each in registry.names(kind)]
        raise UsageError(f"There is no component '{name}'." + did_you_mean(name, names))
    for offer in found:
        _show(offer)


@command.command()
@click.argument("names", nargs=-1)
@click.option(
    "--suite", type=click.Path(path_type=Path), help="Components of the benchfile.py beside it too."
)
@trust_option
def check(names: tuple[str, ...], suite: Path | None) -> None:
    """Try whether the components NAMES (default: all) keep the promises of their kind, on small made-up data.

    Models are trained for an epoch, so all of them take a few minutes. Exits with 1 if any promise is broken.
    """
    from benchmark.contract.check import broken_promises, untried

    registry = (load_plugins(suite) if suite else Plugins()).registry
    offers = [(kind, name) for kind in KINDS for name in registry.names(kind)]
    known = [name for _, name in offers]
    for name in names:
        if name not in known:
            raise UsageError(f"There is no component '{name}'." + did_you_mean(name, known))
    count = 0
    for kind, name in [each for each in offers if not names or each[1] in names]:
        for offer in registry.offers[kind][name]:
            reason = untried(offer.component)
            if reason:
                click.echo(f"{kind} {name}: not tried, {reason}  [{offer.source}]")
                continue
            problems = list(broken_promises(offer.component))
            click.echo(f"{kind} {name}: {'ok' if not problems else 'NOT OK'}  [{offer.source}]")
            for problem in problems:
                click.echo(f"  {problem}")
            count += bool(problems)
    for broken in registry.broken:
        click.echo(f"broken: {broken}")
    sys.exit(1 if count or registry.broken else 0)


def _list() -> None:
    registry = Plugins().registry
    for kind in KINDS:
        click.echo(f"{kind}:")
        for name in registry.names(kind):
            for offer in registry.offers[kind][name]:
                click.echo(f"  {name:<20} {_first_line(offer.component)}  [{offer.source}]")
    for broken in registry.broken:
        click.echo(f"broken: {broken}")


def _show(offer: Offer) -> None:
    component = offer.component
    click.echo(f"{component.kind} {component.name}, from {offer.source}\n")
    click.echo(inspect.getdoc(component) or "(no description)")
    parameters = parameters_of(component)
    click.echo("\nparameters:" if parameters else "\nno parameters")
    if takes_further(component):
        click.echo("  (and further ones, by the values of these)")
    for parameter in parameters.values():
        default = "required" if parameter.required else f"default {parameter.default!r}"
        place = ", a place on this machine: no part of a cell's identity" if parameter.is_location else ""
        place += ", a file: its content is part of a cell's identity" if parameter.is_file("") else ""
        place += f", components: {parameter.mark.kind}" if isinstance(parameter.mark, Parts) else ""
        limits = {
            key: value
            for key, value in parameter.json_schema().items()
            if key in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minItems", "maxItems")
        }
        shown = ", ".join(f"{key} {value}" for key, value in limits.items())
        click.echo(
            f"  {parameter.name}: {parameter.type_text}, {default}{', ' + shown if shown else ''}{place}"
        )


def _first_line(component: type[Component]) -> str:
    return (inspect.getdoc(component) or "").partition("\n")[0]
