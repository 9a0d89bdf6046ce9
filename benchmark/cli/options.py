"""Options that several verbs share."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from benchmark.exceptions import UsageError, did_you_mean
from benchmark.locations import DATA_VARIABLE, Locations, default_cache, default_results

FORMAT_VARIABLE = "BENCH_FORMAT"
_TRUST, _FORMATS = "benchmark.trust", "benchmark.formats"


def suite_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the argument SUITE (``suite_file``), ``--set`` (``overrides``) and ``--trust``."""
    function = trust_option(function)
    example = "Change the suite: cell.training.epochs=2."
    function = click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help=example)(function)
    return click.argument("suite_file", metavar="SUITE", type=click.Path(path_type=Path))(function)


def trust_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--trust``, which ``trusts_benchfile`` tells of while the verb runs."""

    def note(context: click.Context, parameter: click.Parameter, value: bool) -> None:
        if value:
            context.meta[_TRUST] = True

    text = "Run the benchfile.py beside the suite, and remember that it may; also $BENCH_TRUST."
    return click.option("--trust", is_flag=True, expose_value=False, callback=note, help=text)(function)


def trusts_benchfile() -> bool:
    """Whether the command line says ``--trust``."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(_TRUST))


def rehearse_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--rehearse`` (``rehearse``): the suite on stand-ins instead of the suite."""
    text = "The suite on small synthetic stand-ins: does all of it work?"
    return click.option("--rehearse", is_flag=True, help=text)(function)


def format_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--format``, which ``asked_formats`` tells of while the verb runs."""

    def note(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
        from benchmark.report.write import FORMATS

        names = [name.strip() for name in (value or "").split(",") if name.strip()]
        for name in names:
            if name not in FORMATS:
                raise UsageError(f"There is no format '{name}'." + did_you_mean(name, FORMATS))
        context.meta[_FORMATS] = names or FORMATS

    text = f"Formats of the report, with commas between; default: all; also ${FORMAT_VARIABLE}."
    return click.option(
        "--format", expose_value=False, envvar=FORMAT_VARIABLE, metavar="NAMES", callback=note, help=text
    )(function)


def asked_formats() -> Sequence[str]:
    """Return the formats that the command line or the environment asks for; all if neither says any."""
    formats: Sequence[str] = click.get_current_context().meta[_FORMATS]
    return formats


def locations_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--data``, ``--cache`` and ``--results``; the function gets one ``locations: Locations``."""

    @click.option("--data", multiple=True, metavar="[NAME=]DIR", help="Where datasets are; also $BENCH_DATA.")
    @click.option("--cache", type=click.Path(path_type=Path), help="The feature cache; also $BENCH_CACHE.")
    @click.option("--results", type=click.Path(path_type=Path), help="Results; also $BENCH_RESULTS.")
    @functools.wraps(function)
    def with_locations(
        *args: Any, data: tuple[str, ...], cache: Path | None, results: Path | None, **rest: Any
    ) -> Any:
        return function(*args, locations=read_locations(data, cache, results), **rest)

    return with_locations


def read_locations(data: tuple[str, ...], cache: Path | None, results: Path | None) -> Locations:
    """Return the locations that the options and the environment give.

    Raises:
        UsageError: when ``--data`` names no folder, or one that does not exist.
    """
    named: dict[str, Path] = {}
    folders: list[Path] = []
    for given in data:
        name, equals, place = given.partition("=")
        if os.sep in name:  # an = in the name of a folder
            equals = ""
        if equals and not (name and place):
            raise UsageError(f"--data {given}: write it as NAME=DIR, for example folder=music, or as DIR.")
        folder = Path(place if equals else given).expanduser()
        if not folder.is_dir():
            raise UsageError(f"--data {given}: there is no folder {folder}.")
        if equals:
            named[name] = folder
        else:
            folders.append(folder)
    from_environment = os.environ.get(DATA_VARIABLE, "")
    folders += [Path(path).expanduser() for path in from_environment.split(os.pathsep) if path]
    return Locations(cache or default_cache(), results or default_results(), tuple(folders), named)
