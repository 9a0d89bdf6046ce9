"""``bench data``: what a dataset holds, and making a manifest of a folder."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmark.cli.options import locations_options
from benchmark.data.duplicates import copies_of
from benchmark.exceptions import DatasetError, UsageError

if TYPE_CHECKING:
    from benchmark.data.probe import Probe
    from benchmark.data.tracks import Corpus
    from benchmark.locations import Locations


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
@click.argument("name")
@locations_options
@click.option("--set", "given", multiple=True, metavar="PARAMETER=VALUE", help="A parameter of the dataset.")
def verify(name: str, locations: Locations, given: tuple[str, ...]) -> None:
    """Look at every file of dataset NAME. Exits with 0 if nothing is missing or broken, else with 1."""
    from benchmark.plugin.manager import Plugins
    from benchmark.suite.source import parse

    registry = Plugins().registry
    parameters = {}
    for each in given:
        parameter, equals, value = each.partition("=")
        if not equals:
            raise UsageError(f"--set {each}: write it as PARAMETER=VALUE.")
        parameters[parameter] = parse(value, f"--set {each}", numbered=False).value
    spec = registry.spec("dataset", name, parameters)
    dataset = spec.create(registry)
    corpus = dataset.load(locations)
    sys.exit(1 if _tell(name, corpus, getattr(dataset, "expected", {})) else 0)


@command.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@locations_options
@click.option("--min-seconds", type=float, default=1.0, show_default=True, help="Shorter files are reported.")
@click.option("--force", is_flag=True, help="Replace a manifest that is there.")
def scan(folder: Path, locations: Locations, min_seconds: float, force: bool) -> None:
    """Write FOLDER/manifest.csv of the audio below it; report what is broken, short, silent or twice there.

    A file's label is the name of the first folder below FOLDER, its group that of the folders in between.
    """
    from benchmark.data.folders import find_audio
    from benchmark.data.manifest import MANIFEST, write_manifest
    from benchmark.data.probe import probe_files

    manifest = folder / MANIFEST
    if manifest.exists() and not force:
        raise UsageError(f"{manifest} is there already. Replace it with --force.")
    names = find_audio(folder)
    if not names:
        raise UsageError(f"There is no audio below {folder}.")
    probes = probe_files(folder, names, locations.cache)
    reasons = {name: _reason(name, probes[name], min_seconds) for name in names}
    usable = [name for name in names if not reasons[name]]
    for name in names:
        if reasons[name]:
            click.echo(f"left out {name}: {reasons[name]}")
    if not usable:
        raise DatasetError(f"{folder} holds no usable recording in a class folder; no manifest was written.")
    write_manifest(manifest, [_row(name, probes[name]) for name in usable])
    click.echo(f"{manifest}: {len(usable)} of {len(names)} files")
    for label, count in sorted(Counter(name.partition("/")[0] for name in usable).items()):
        click.echo(f"  {label}: {count}")
    for copies in copies_of({name: probes[name].content for name in usable}):
        click.echo(f"duplicates: {' = '.join(copies)}")


def _reason(name: str, probe: Probe, min_seconds: float) -> str:
    return probe.unusable(min_seconds) or ("" if "/" in name else "it lies in no class folder")


def _row(name: str, probe: Probe) -> dict[str, object]:
    label, *between, _ = name.split("/")
    return {
        "path": name,
        "label": label,
        "track_id": name,
        "group": "/".join([label, *between]) if between else "",
        "seconds": round(probe.seconds, 3),
        "sample_rate": probe.sample_rate,
        "channels": probe.channels,
        "content": probe.content,
    }


def _tell(name: str, corpus: Corpus, expected: dict[str, int]) -> bool:
    """Print what a corpus holds; return whether anything is missing or broken."""
    counted = Counter(track.label for track in corpus.tracks)
    seconds = sum(track.seconds for track in corpus.tracks)
    click.echo(f"{name}: {len(corpus.tracks)} usable tracks, {seconds / 60:.1f} minutes")
    click.echo(f"revision: {corpus.revision}")
    missing = 0
    for label in corpus.classes:
        wanted = f" of {expected[label]}" if label in expected else ""
        click.echo(f"  {label}: {counted[label]}{wanted}")
        missing += max(0, expected.get(label, 0) - counted[label])
    groups = {track.group for track in corpus.tracks if track.group}
    click.echo(f"groups: {len(groups)}" if groups else "groups: none known (a grouped split is not possible)")
    for file in corpus.left_out:
        click.echo(f"left out {file.id}: {file.reason}")
    label_of = {track.id: track.label for track in corpus.tracks}
    for copies in copies_of({track.id: track.content for track in corpus.tracks}):
        across = "" if len({label_of[copy] for copy in copies}) == 1 else " across classes"
        click.echo(f"duplicates{across}: {' = '.join(copies)}")
    if missing:
        counted_in = " (those left out count as missing)" if corpus.left_out else ""
        click.echo(f"missing: {missing} of {sum(expected.values())} tracks{counted_in}")
    return bool(missing or corpus.left_out)
