"""``benchmark.run``: what ``bench run`` does, from Python."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.exceptions import UsageError
from benchmark.notebook.frames import Loaded
from benchmark.notebook.loading import Place, of_suite

if TYPE_CHECKING:
    from benchmark.locations import Locations

INTERRUPTED = 130


def run(
    suite: Place,
    *,
    results: Place | None = None,
    cache: Place | None = None,
    data: Place | Mapping[str, Place] | Sequence[Place] = (),
    change: Mapping[str, Any] | None = None,
    **options: Any,
) -> Loaded:
    """Run the cells of a suite that have no result yet, as ``bench run`` does, and return what is stored then.

    Args:
        suite: its file.
        results: where results go; by default ``$BENCH_RESULTS``, else ``results``.
        cache: where features go; by default ``$BENCH_CACHE``, else the user's cache folder.
        data: where datasets are: a folder, several, or folders by the datasets' names.
        change: values of the suite to change: ``{"cell.training.epochs": 2}``.
        options: further options of ``bench run``, by their names: ``jobs=2``, ``rehearse=True``, ``retry_failed=True``.

    Raises:
        KeyboardInterrupt: when it was interrupted; what is finished is kept.
        BenchError: when nothing could be run. A cell that failed is no error: ``cells`` has its status.
    """
    import json

    from benchmark.cli.main import cli

    arguments = [os.fspath(suite)]
    for name, place in (("results", results), ("cache", cache)):
        arguments += [f"--{name}", os.fspath(place)] if place is not None else []
    for key, value in (change or {}).items():
        arguments += ["--set", f"{key}={json.dumps(value)}"]
    for given in _data(data):
        arguments += ["--data", given]
    for name, value in options.items():
        option = f"--{name.replace('_', '-')}"
        arguments += [option] if value is True else [] if value in (None, False) else [option, str(value)]
    code = _code(cli, ["run", *arguments])
    if code == INTERRUPTED:
        raise KeyboardInterrupt
    rehearse = bool(options.get("rehearse"))
    overrides = tuple(f"{key}={json.dumps(value)}" for key, value in (change or {}).items())
    return of_suite(Path(suite), _locations(results, cache, _data(data)), overrides, rehearse=rehearse)


def _code(cli: Any, arguments: list[str]) -> int:
    import click

    try:
        code = cli.main(arguments, prog_name="bench", standalone_mode=False)
    except SystemExit as error:
        code = error.code
    except click.ClickException as error:
        raise UsageError(error.format_message()) from error
    except click.exceptions.Abort as error:
        raise KeyboardInterrupt from error
    return code if isinstance(code, int) else 0


def _locations(
    results: Place | None = None, cache: Place | None = None, data: Sequence[str] = ()
) -> Locations:
    from benchmark.cli.options import read_locations

    places = (None if place is None else Path(place) for place in (cache, results))
    return read_locations(tuple(data), *places)


def _data(given: Place | Mapping[str, Place] | Sequence[Place]) -> list[str]:
    if isinstance(given, Mapping):
        return [f"{name}={os.fspath(place)}" for name, place in given.items()]
    if isinstance(given, str | os.PathLike):
        return [os.fspath(given)]
    return [os.fspath(place) for place in given]
