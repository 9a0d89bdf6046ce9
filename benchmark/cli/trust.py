"""A suite's own plugin code is a program: it runs when the user has said that it may, and not before."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from benchmark.cli.options import trusts_benchfile
from benchmark.exceptions import UsageError
from benchmark.plugin.benchfile import Benchfile, read_benchfile
from benchmark.plugin.manager import Plugins, keep_registry
from benchmark.plugin.trust import TRUST_VARIABLE, is_trusted, neighbours, remember
from benchmark.results.plan import benchfile_of


def load_plugins(suite_file: Path, *, needs_benchfile: bool = True) -> Plugins:
    """Load all plugins, and the suite's benchfile if it may run; name broken plugins once.

    A benchfile that nobody has spoken of is asked about once on a terminal. Verbs that can do without
    (``needs_benchfile=False``) do so, and the registry has stand-ins for its components.

    Raises:
        UsageError: when it is needed and may not run.
    """
    # A suite that is not there has no code either; whoever reads it says so.
    benchfile = read_benchfile(benchfile_of(suite_file)) if suite_file.exists() else None
    run = benchfile is not None and _may_run(benchfile, needs_benchfile)
    if benchfile is not None and not run and needs_benchfile:
        raise UsageError(
            f"{_described(benchfile)}. It is a program, and it has not been said that it may run. Look at it, then "
            f"say --trust, which is remembered until the file changes. Where it is edited often, or nobody types: "
            f"{TRUST_VARIABLE}=1, or {TRUST_VARIABLE}=FOLDER for all suites below a folder."
        )
    here = Path.cwd()
    plugins = Plugins(benchfile, run=run)
    # What runs cells in this process need not load them again.
    keep_registry(plugins.registry)
    # What is relative leads where it led before anybody's code was loaded.
    os.chdir(here)
    for broken in plugins.registry.broken:
        click.echo(f"Warning: {broken}", err=True)
    return plugins


def _may_run(benchfile: Benchfile, ask: bool) -> bool:
    if not trusts_benchfile():
        if is_trusted(benchfile):
            return True
        if not (ask and sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()):
            return False
        if not click.confirm(f"{_described(benchfile)}. Run it?", default=False, err=True):
            return False
    try:
        remember(benchfile)
    except OSError as error:
        click.echo(f"Warning: it cannot be remembered that {benchfile.path} may run: {error}.", err=True)
    return True


def _described(benchfile: Benchfile) -> str:
    said = "1 line" if benchfile.lines == 1 else f"{benchfile.lines} lines"
    beside = neighbours(benchfile)
    if beside is None or beside:
        many = "many modules" if beside is None else f"{len(beside)} module{'s' if len(beside) > 1 else ''}"
        said += f", and {many} beside it"
    return f"This suite has plugin code of its own, {benchfile.path} ({said})"
