"""``bench completion``: what makes a shell complete verbs, options, and names of components."""

from __future__ import annotations

from typing import Any

import click
from click.shell_completion import CompletionItem, get_completion_class

SHELLS = ("bash", "zsh", "fish")
_VARIABLE = "_BENCH_COMPLETE"
_WHERE = {
    "bash": 'eval "$(bench completion bash)"  # in ~/.bashrc',
    "zsh": 'eval "$(bench completion zsh)"  # in ~/.zshrc',
    "fish": "bench completion fish > ~/.config/fish/completions/bench.fish",
}


@click.command(epilog="\b\n" + "\n".join(_WHERE.values()))
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Print the lines that make SHELL complete bench's verbs, options, components and rows.

    Nothing is installed: put them where your shell looks for them.
    """
    from benchmark.cli.main import cli

    made = get_completion_class(shell)
    assert made is not None
    click.echo(made(cli, {}, "bench", _VARIABLE).source())


class ComponentName(click.ParamType):
    """The name of a component, completed from the plugins that are installed."""

    name = "name"

    def __init__(self, kind: str | None = None) -> None:
        self.kind = kind

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return names that begin so, with the first line of what each is."""
        import inspect

        from benchmark.plugin.manager import Plugins

        offers: Any = Plugins().registry.offers
        return [
            CompletionItem(name, help=(inspect.getdoc(offers[0].component) or "").partition("\n")[0])
            for kind, by_name in sorted(offers.items())
            if self.kind in (None, kind)
            for name, offers in sorted(by_name.items())
            if name.startswith(incomplete)
        ]


class Code(click.ParamType):
    """The code of an error or a finding."""

    name = "code"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return codes that begin so."""
        from benchmark.cli.explain import explanations

        return [CompletionItem(code) for code in explanations() if code.startswith(incomplete)]
