"""The command line: one module per verb, loaded only when it is called."""

from __future__ import annotations

import os
import sys
import traceback
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from benchmark.cli.interrupts import INTERRUPTED, interrupts_arrive, was_interrupted
from benchmark.cli.output import output_problem, own_output, plain_output, safe_output
from benchmark.exceptions import BenchError, PluginFailure, error_message
from benchmark.garbage import look_seldom

if TYPE_CHECKING:
    from benchmark.plugin.registry import Source

VERBS = {
    "run": "Run the cells of a suite that are missing, and report.",
    "plan": "Show what a suite would run, and what that needs.",
    "submit": "Run a suite on a cluster (SLURM).",
    "prepare": "Compute the features of a suite, and nothing else.",
    "audit": "Say whether the splits of a suite leak.",
    "status": "List the cells of a suite and how they ended.",
    "report": "Make tables and figures from finished cells.",
    "inspect": "Show the tracks that rows get wrong, and likely wrong labels.",
    "compare": "Compare two rows, or two result sets, by their statistics.",
    "export": "Write a suite's results as one file: a bundle.",
    "verify": "Check a bundle, or a results folder: ids, metrics, digests.",
    "merge": "Bring results of one suite from several machines together.",
    "reproduce": "Run a recorded cell again, and compare.",
    "site": "Make a leaderboard of bundles: static pages.",
    "figures": "Draw a suite's data, features, augmentations and networks.",
    "predict": "Say the genre of audio files with a trained model.",
    "data": "Look at datasets: what is there, missing or broken.",
    "cache": "Show and prune computed features.",
    "plugins": "List plugins and show their components.",
    "schema": "Print the JSON Schema of suite files.",
    "doctor": "Say what is installed and found here, and how to get the rest.",
    "explain": "Say what an error or a finding means, and what to do.",
    "completion": "Print what completes commands in your shell.",
}

_THEIRS, _SOURCES = "benchmark.verbs of plugins", "benchmark.plugins of verbs"


class Verbs(click.Group):
    """A group whose commands are modules ``benchmark.cli.<verb>``, then those of plugins."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the built-in verbs in the order of use, then the plugins'."""
        return [*VERBS, *_from_plugins(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return one command, importing its module."""
        if cmd_name in VERBS:
            return import_module(f"benchmark.cli.{cmd_name}").command
        return _from_plugins(ctx).get(cmd_name)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a verb. What one of a plugin raises is an error that names the plugin, with file and line.

        Raises:
            PluginFailure: when a plugin's verb raises what is not click's, nor meant for people, nor an exit.
        """
        try:
            return super().invoke(ctx)
        except (
            click.ClickException,
            click.exceptions.Exit,
            click.Abort,
            BenchError,
            KeyboardInterrupt,
            SystemExit,
        ):
            raise
        except BaseException as error:
            verb = ctx.invoked_subcommand or ""
            if verb in VERBS:
                raise
            if ctx.params["verbose"]:
                click.echo("".join(traceback.format_exception(error)), err=True)
            raise _failed(verb, ctx.meta[_SOURCES][verb], error) from error

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Say which verbs there are when one is misspelt."""
        from benchmark.exceptions import did_you_mean

        if args and self.get_command(ctx, args[0]) is None:
            ctx.fail(f"There is no verb '{args[0]}'." + did_you_mean(args[0], self.list_commands(ctx)))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List verbs without importing them."""
        plugins = _from_plugins(ctx)
        rows = [*VERBS.items(), *((name, command.get_short_help_str()) for name, command in plugins.items())]
        with formatter.section("Verbs"):
            formatter.write_dl(rows)


def _from_plugins(context: click.Context) -> dict[str, click.Command]:
    """Return the verbs of plugins; name those that cannot be had, once."""
    verbs: dict[str, click.Command] | None = context.meta.get(_THEIRS)
    if verbs is None:
        from benchmark.plugin.manager import Plugins

        plugins = Plugins()
        context.meta[_THEIRS] = verbs = {}
        sources = context.meta[_SOURCES] = {}
        for command, source in plugins.commands():
            name = str(command.name)
            if name in VERBS or name in verbs:
                click.echo(
                    f"Warning: verb '{name}' of plugin {source} is left out: there is one already.", err=True
                )
            else:
                verbs[name] = command
                sources[name] = source
        for broken in plugins.registry.broken:
            click.echo(f"Warning: {broken}", err=True)
    return verbs


def _failed(verb: str, source: Source, error: BaseException) -> PluginFailure:
    """Return what is said of a plugin's verb that failed, with the place in its own code."""
    from benchmark.plugin.border import raised_in

    frames = traceback.walk_tb(error.__traceback__)
    packages = (str(frame.f_globals.get("__name__", "")).partition(".")[0] for frame, _ in frames)
    # The first that is neither ours nor click's is whose verb it is.
    package = next((name for name in packages if name not in ("benchmark", "click")), "")
    place = package and raised_in(error, package)
    where = f"verb '{verb}' (plugin {source}{place and f', {place}'})"
    return PluginFailure(where, type(error).__name__, error_message(error))


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="genrebench", prog_name="bench")
@click.option("-v", "--verbose", is_flag=True, help="Show the traceback of a plugin's verb that fails.")
@click.pass_context
def cli(context: click.Context, verbose: bool) -> None:
    """Benchmark audio classifiers: which architecture and which augmentation is better, by how much, and is
    the difference real?

    Start with: bench run suites/quickstart.yaml
    """
    # A plugin's verb may use colours, and start what prints.
    context.with_resource(own_output() if context.invoked_subcommand in VERBS else plain_output())


def main() -> None:
    """Run the command line; errors that are the user's to act on are printed without a traceback."""
    look_seldom()
    # Pydantic looks for plugins of its own in all that is installed, which takes a tenth of what most verbs take.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    with safe_output(), interrupts_arrive():
        code = _code()
        problem = output_problem()
        if problem is not None:
            click.echo(f"Error: the output could not be written: {problem.strerror or problem}.", err=True)
            code = code or 1
    sys.exit(code)


def _code() -> int:
    try:
        code = cli.main(prog_name="bench", standalone_mode=False)
    except (click.exceptions.Abort, KeyboardInterrupt):
        code = INTERRUPTED
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except BenchError as error:
        click.echo(f"Error: {error}", err=True)
        if error.code:
            click.echo(f"(bench explain {error.code})", err=True)
        code = error.exit_code
    except Exception as error:
        # Libraries that are interrupted while they are imported fail in ways of their own.
        if not was_interrupted(error):
            raise
        code = INTERRUPTED
    return code if isinstance(code, int) else 0
