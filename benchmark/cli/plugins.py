"""``bench plugins``: what is installed, and what each component takes."""

from __future__ import annotations

import inspect
from typing import get_args

import click

from benchmark.cli import plugins_check, plugins_new
from benchmark.cli.completion import ComponentName
from benchmark.exceptions import UsageError, did_you_mean
from benchmark.plugin import hookspecs
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
@click.argument("name", type=ComponentName())
def show(name: str) -> None:
    """Show what component NAME is and which parameters it takes."""
    registry = Plugins().registry
    offers = [offer for kind in KINDS for offer in registry.offers.get(kind, {}).get(name, [])]
    if not offers:
        names = [known for kind in KINDS for known in registry.names(kind)]
        raise UsageError(f"There is no component '{name}'." + did_you_mean(name, names))
    for offer in offers:
        _show(offer)


command.add_command(plugins_check.command)
command.add_command(plugins_new.command)


def _list() -> None:
    plugins = Plugins()
    registry = plugins.registry
    for kind in KINDS:
        click.echo(f"{kind}:")
        for name in registry.names(kind):
            for offer in registry.offers[kind][name]:
                click.echo(f"  {name:<20} {_first_line(offer.component)}  [{offer.source}]")
    _list_hooks(plugins)
    for broken in registry.broken:
        click.echo(f"broken: {broken}")


def _list_hooks(plugins: Plugins) -> None:
    """Say which trackers there are, which verbs plugins add, and which of them take note of events."""
    manager = plugins.manager
    trackers = [
        f"  {name:<20} {(inspect.getdoc(tracker) or '').partition(chr(10))[0]}  [{source}]"
        for name, (tracker, source) in plugins.trackers().items()
    ]
    verbs = [
        f"  {verb.name:<20} {verb.get_short_help_str()}  [{source}]" for verb, source in plugins.commands()
    ]
    events = []
    for plugin in manager.get_plugins():
        heard = sorted(hook.name for hook in manager.get_hookcallers(plugin) or [] if _is_event(hook.name))
        if heard:
            events.append(f"  {manager.get_name(plugin)}: {', '.join(heard)}")
    for title, lines in (("trackers:", trackers), ("verbs:", verbs), ("events are heard by:", events)):
        if lines:
            click.echo("\n".join([title, *lines]))


def _is_event(hook: str) -> bool:
    """Whether a hook is told something, instead of being asked for components or verbs."""
    specified = getattr(hookspecs, hook, None)
    return specified is not None and bool(specified.__code__.co_argcount)


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
