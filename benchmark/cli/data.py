"""``bench data``: what a dataset holds, and making a manifest of a folder."""

from __future__ import annotations

import functools
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmark.cli.completion import ComponentName
from benchmark.cli.options import locations_options
from benchmark.data.duplicates import copies_of
from benchmark.data.folders import shown
from benchmark.exceptions import DatasetError, UsageError
from benchmark.plugin.tracks import reasons_text

if TYPE_CHECKING:
    from benchmark.data.scan import Merged
    from benchmark.execution.looking import InWorkers
    from benchmark.locations import Locations
    from benchmark.plugin.tracks import Corpus, LeftOut

_SHOWN = 5


def _looking_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--jobs`` and ``--timeout``; the function gets one ``looker: InWorkers``, and has ``locations`` too."""

    @click.option("--jobs", type=click.IntRange(min=1), help="Worker processes; default: one per core.")
    @click.option("--timeout", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS",
                  help="The time that a look at each file may take; then it is left out.")  # fmt: skip
    @functools.wraps(function)
    def with_looker(
        *args: Any, locations: Locations, jobs: int | None, timeout: float | None, **rest: Any
    ) -> Any:
        from benchmark.execution.looking import in_local_workers

        log = locations.cache / "workers.log"
        looker = in_local_workers(log, None, jobs=jobs, seconds=timeout, again=True)
        return function(*args, locations=locations, looker=looker, **rest)

    return with_looker


@click.group()
def command() -> None:
    """Look at datasets: what is there, missing or broken."""


@command.command("list")
def list_datasets() -> None:
    """List the datasets that plugins offer, with their role and licence."""
    from benchmark.plugin.manager import Plugins

    registry = Plugins().registry
    for name in registry.names("dataset"):
        dataset: Any = registry.offer("dataset", name).component
        use = "training and test" if dataset.role == "train" else "test only"
        click.echo(f"{name}: {use}; licence: {dataset.licence or 'not stated'}")


@command.command()
@click.argument("name", type=ComponentName("dataset"))
@locations_options
@_looking_options
@click.option("--set", "given", multiple=True, metavar="PARAMETER=VALUE", help="A parameter of the dataset.")
def verify(name: str, locations: Locations, looker: InWorkers, given: tuple[str, ...]) -> None:
    """Look at every file of dataset NAME. Exits with 0 if nothing is missing or broken, else with 1."""
    from benchmark.data.corpora import load_corpus
    from benchmark.data.looking import looking_by
    from benchmark.plugin.manager import Plugins
    from benchmark.suite.source import parse

    registry = Plugins().registry
    parameters = {}
    for text in given:
        parameter, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"--set {text}: write it as PARAMETER=VALUE.")
        parameters[parameter] = parse(value, f"--set {text}", numbered=False).value
    spec = registry.spec("dataset", name, parameters)
    dataset = spec.create(registry)
    with looking_by(looker):
        corpus = load_corpus(dataset, locations)
    sys.exit(1 if _tell(name, corpus, getattr(dataset, "expected", {})) else 0)


@command.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@locations_options
@_looking_options
@click.option("--min-seconds", type=float, default=1.0, show_default=True, help="Shorter files are reported.")
@click.option(
    "--force", is_flag=True, help="Replace a manifest that is there, and what people wrote into it."
)
def scan(folder: Path, locations: Locations, looker: InWorkers, min_seconds: float, force: bool) -> None:
    """Write FOLDER/manifest.csv of the audio below it, or add to it what is new there. Report what is broken, short,
    silent or twice there.

    A file's label is the name of the first folder below FOLDER, its group that of the folders in between. What a
    person wrote into a manifest stays: labels, groups, splits, and columns of their own.
    """
    from benchmark.data.folders import look_into, others_text
    from benchmark.data.manifest import COLUMNS, MANIFEST, read_table, write_manifest
    from benchmark.data.probe import probe_files
    from benchmark.data.scan import merge

    manifest = folder / MANIFEST
    there = os.path.lexists(manifest)
    content = look_into(folder)
    old = read_table(manifest) if there and not force else None
    others = Counter(content.others)
    if there:
        others[".csv"] -= 1
    others_said = others_text(+others)
    if not content.audio and old is None:
        _echo_left_out(content.left_out)
        raise UsageError(
            f"There is no audio below {folder}." + (f" It holds {others_said}." if others_said else "")
        )
    probes = probe_files(folder, content.audio, locations.cache, looker)
    merged = merge(old, {name: probes[name] for name in content.audio}, min_seconds)
    _echo_left_out([*content.left_out, *merged.left_out])
    if not merged.rows:
        raise DatasetError(f"{folder} holds no usable recording in a class folder; no manifest was written.")
    if old is None:
        write_manifest(manifest, merged.rows)
    elif merged.changed:
        columns = [*old.columns, *(column for column in COLUMNS if column not in old.columns)]
        write_manifest(manifest, merged.rows, columns, marked=old.marked)
    _echo_scanned(manifest, merged, len(content.audio), kept=old is not None)
    for copies in copies_of(merged.contents):
        click.echo(f"duplicates: {' = '.join(map(shown, copies))}")
    if others_said:
        click.echo(others_said)


def _echo_scanned(manifest: Path, merged: Merged, files: int, *, kept: bool) -> None:
    if kept:
        state = f"{merged.added} added" if merged.changed else "nothing is new"
        click.echo(f"{shown(str(manifest))}: {len(merged.rows)} lines, {state}")
        if merged.gone:
            first = ", ".join(map(shown, merged.gone[:_SHOWN])) + (", …" if len(merged.gone) > _SHOWN else "")
            click.echo(f"listed but not there, and kept: {len(merged.gone)} ({first})")
    else:
        click.echo(f"{shown(str(manifest))}: {len(merged.rows)} of {files} files")
    for label, count in sorted(Counter(str(row["label"]) for row in merged.rows).items()):
        click.echo(f"  {shown(label)}: {count}")


def _echo_left_out(left_out: Iterable[LeftOut]) -> None:
    for file in sorted(left_out, key=lambda out: out.id):
        click.echo(f"left out {shown(file.id)}: {file.reason}")


def _tell(name: str, corpus: Corpus, expected: dict[str, int]) -> bool:
    """Print what a corpus holds; return whether anything is missing or broken."""
    counted = Counter(track.label for track in corpus.tracks)
    seconds = sum(track.seconds for track in corpus.tracks)
    click.echo(f"{name}: {len(corpus.tracks)} usable tracks, {seconds / 60:.1f} minutes")
    click.echo(f"revision: {corpus.revision}")
    missing = 0
    for label in corpus.classes:
        wanted = f" of {expected[label]}" if label in expected else ""
        click.echo(f"  {shown(label)}: {counted[label]}{wanted}")
        missing += max(0, expected.get(label, 0) - counted[label])
    groups = {track.group for track in corpus.tracks if track.group}
    click.echo(f"groups: {len(groups)}" if groups else "groups: none known (a grouped split is not possible)")
    _echo_left_out(corpus.left_out)
    if len(corpus.left_out) > 1:
        click.echo(f"left out: {len(corpus.left_out)} files ({reasons_text(corpus.left_out)})")
    label_of = {track.id: track.label for track in corpus.tracks}
    for copies in copies_of({track.id: track.content for track in corpus.tracks}):
        across = "" if len({label_of[copy] for copy in copies}) == 1 else " across classes"
        click.echo(f"duplicates{across}: {' = '.join(map(shown, copies))}")
    for note in (*corpus.notes, *filter(None, [corpus.others])):
        click.echo(note)
    if missing:
        counted_in = " (those left out count as missing)" if corpus.left_out else ""
        click.echo(f"missing: {missing} of {sum(expected.values())} tracks{counted_in}")
    return bool(missing or corpus.left_out)
