"""``bench explain``: what an error or a finding means, by its code."""

from __future__ import annotations

import re
from pathlib import Path

import click

from benchmark import exceptions
from benchmark.cli.completion import Code
from benchmark.exceptions import BenchError, UsageError, did_you_mean

PAGE = Path(__file__).with_name("explanations.md")


@click.command()
@click.argument("code", required=False, type=Code())
def command(code: str | None) -> None:
    """Print what CODE means, and what to do: an error's code or class, or the name of an audit's finding.

    Without CODE, all codes are listed.
    """
    known = explanations()
    if code is None:
        for name, text in known.items():
            click.echo(f"{name:<28} {text.partition('. ')[0].replace(chr(10), ' ').rstrip('.')}.")
        return
    name = _code_of(code)
    if name not in known:
        raise UsageError(f"There is no code '{code}'." + did_you_mean(name, list(known)))
    click.echo(f"{name}\n\n{known[name]}")


def explanations() -> dict[str, str]:
    """Return what is to be said of each code, as Markdown, in the order of the page."""
    text = PAGE.read_text(encoding="utf-8")
    sections = re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return {code: said.strip() for code, said in sections}


def error_codes() -> dict[str, str]:
    """Return the codes of errors by the names of their classes."""
    classes = {name: kind for name, kind in vars(exceptions).items() if isinstance(kind, type)}
    return {
        name: kind.code
        for name, kind in classes.items()
        if issubclass(kind, BenchError) and kind is not BenchError
    }


def _code_of(written: str) -> str:
    """Return a code for what people have before them: a class from a record, or the name of a finding."""
    return error_codes().get(written) or re.sub(r"[\s_]+", "-", written.strip().lower())
