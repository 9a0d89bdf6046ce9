"""``bench plugins check``: whether components keep the promises of their kinds."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmark.cli.completion import ComponentName
from benchmark.cli.options import locations_options, trust_option
from benchmark.cli.trust import load_plugins
from benchmark.exceptions import UsageError, did_you_mean
from benchmark.plugin.benchfile import BENCHFILE
from benchmark.plugin.manager import GROUP, Plugins

if TYPE_CHECKING:
    from benchmark.contract.check import Subject
    from benchmark.locations import Locations
    from benchmark.plugin.registry import Source

_KINDS = ("dataset", "audio", "features", "augmentation", "corruption", "model", "metric", "tracker")


class Shape(click.ParamType):
    """One to three lengths."""

    name = "shape"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Return the lengths of ``96x187x1``; of nothing, none."""
        if isinstance(value, tuple) or not value:
            return tuple(value)
        lengths = value.split("x")
        if len(lengths) > 3 or not all(length.isdecimal() and int(length) for length in lengths):
            self.fail(f"{value!r} is not one to three lengths, such as 96x187x1 for images, 64x128 or 512.")
        return tuple(map(int, lengths))


@click.command("check")
@click.argument("names", nargs=-1, type=ComponentName(), metavar="[NAME | PACKAGE | benchfile.py]...")
@click.option(
    "--suite", type=click.Path(path_type=Path), help="Components of the benchfile.py beside it too."
)
@click.option("--timeout", default=300.0, show_default=True, help="Seconds for each component.")
@click.option("--shape", type=Shape(), default="", metavar="96x187x1",
              help="Of the items that models are tried on; 32x32x1 otherwise.")  # fmt: skip
@click.option("--rules", "list_rules", is_flag=True, help="List the rules by kind, and check nothing.")
@locations_options
@trust_option
def command(
    names: tuple[str, ...],
    suite: Path | None,
    timeout: float,
    shape: tuple[int, ...],
    list_rules: bool,
    locations: Locations,
) -> None:
    """Try whether components keep the promises of their kind, in processes of their own, on made-up data.

    Without a name all that are installed are tried, which takes minutes. Exits with 1 if any promise is broken.
    The same rules are pytest classes in benchmark.testing.
    """
    from benchmark.contract.check import check_all, names_of
    from benchmark.contract.kinds import rules_of

    if list_rules:
        for kind in (*_KINDS, "plugin"):
            click.echo(f"{kind}:")
            for rule in rules_of(kind):
                click.echo(f"  {rule.name:<24} {rule.promise}")
        return
    files = [Path(name) for name in names if Path(name).name == BENCHFILE]
    if len(files) + bool(suite) > 1:
        raise UsageError("One benchfile.py at a time: they may have modules of the same name beside them.")
    place = suite or (files[0] if files else None)
    if place is not None and not place.exists():
        raise UsageError(f"There is no file {place}.")
    plugins = load_plugins(place) if place else Plugins()
    registry = plugins.registry
    wanted = [name for name in names if Path(name).name != BENCHFILE]
    offered = _subjects(plugins, wanted, locations, from_file=bool(files), all_of_them=not names)
    subjects = [replace(subject, shape=shape) for subject in offered]
    left_out = {broken.source.plugin for broken in registry.broken}
    failed = False
    for subject, outcomes in zip(subjects, check_all(subjects, timeout), strict=True):
        findings = [(outcome.rule, finding) for outcome in outcomes for finding in outcome.findings]
        reasons = list(dict.fromkeys(outcome.not_tried for outcome in outcomes if outcome.not_tried))
        untried = [outcome.rule for outcome in outcomes if outcome.not_tried]
        title = f"{subject.kind} {subject.name}"
        source = f"  [{subject.source}]" if subject.source else ""
        if findings:
            click.echo(f"{title}: NOT OK{source}")
        elif untried and "makes" in untried:
            click.echo(f"{title}: not tried, {reasons[0]}{source}")
            continue
        # Below it is said why one is left out; the rules that it keeps all the same would make it look well.
        elif subject.kind != "plugin" or subject.name not in left_out:
            kept = len(names_of(subject.kind)) - len(untried)
            click.echo(f"{title}: ok, {kept} rules{f', {len(untried)} not tried' if untried else ''}{source}")
        for broken_rule, finding in findings:
            click.echo(f"  {broken_rule}: {finding}")
        if untried:
            click.echo(f"  not tried: {', '.join(untried)} ({reasons[0]})")
        failed |= bool(findings)
    for broken in registry.broken:
        click.echo(f"broken: {broken}")
    sys.exit(1 if failed or registry.broken else 0)


def _subjects(
    plugins: Plugins, names: Sequence[str], locations: Locations, *, from_file: bool, all_of_them: bool
) -> Iterator[Subject]:
    """Yield modules and components that names mean: a component's, a package's, an entry point's.

    Raises:
        UsageError: when a name means nothing.
    """
    from benchmark.contract.check import Subject

    registry, trackers = plugins.registry, plugins.trackers()
    benchfile = registry.benchfile
    entries = sorted(entry_points(group=GROUP), key=lambda entry: entry.name)
    packages = {name for name in names for entry in entries if _means(name, entry)}
    chosen = [
        (kind, name, offer)
        for kind in registry.offers
        for name in registry.names(kind)
        for offer in registry.offers[kind][name]
        if all_of_them
        or name in names
        or (from_file and offer.source.code == "file")
        or any(_comes_from(offer.source, package) for package in packages)
    ]
    known = {name for kind in registry.offers for name in registry.names(kind)} | set(trackers)
    others = [entry.name for entry in entries] + [entry.dist.name for entry in entries if entry.dist]
    for name in names:
        if name not in known and name not in packages:
            raise UsageError(
                f"There is no component or package '{name}'." + did_you_mean(name, [*known, *others])
            )
    for entry in entries:
        if all_of_them or any(_means(name, entry) for name in packages):
            yield Subject("plugin", name=entry.name, module=entry.module)
    if benchfile is not None and (from_file or all_of_them):
        yield Subject("plugin", name=BENCHFILE, benchfile=benchfile)
    for kind, name, offer in chosen:
        used = benchfile if offer.source.code == "file" else None
        yield Subject(kind, name=name, source=offer.source, benchfile=used, locations=locations)

    for name, (tracker, source) in trackers.items():
        asked = name in names or (from_file and source.code == "file")
        if all_of_them or asked or any(_comes_from(source, package) for package in packages):
            yield Subject("tracker", component=tracker, name=name, source=source)


def _means(name: str, entry: EntryPoint) -> bool:
    return name in (entry.name, entry.module, entry.dist.name if entry.dist else "")


def _comes_from(source: Source, name: str) -> bool:
    return name in (source.plugin, source.distribution)
