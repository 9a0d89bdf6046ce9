"""``bench audit SUITE``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmark.cli.options import locations_options, rehearse_option, suite_options

if TYPE_CHECKING:
    from benchmark.audit.findings import Audit, Finding
    from benchmark.locations import Locations
    from benchmark.plugin.tracks import Track
    from benchmark.results.plan import Plan

_SHOWN = 5


@click.command()
@suite_options
@locations_options
@rehearse_option
@click.option("--strict", is_flag=True, help="Exit with 1 if there is a leak.")
@click.option(
    "--groups",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write which tracks sound alike to this CSV file, as a proposal of groups.",
)
@click.option("--jobs", type=click.IntRange(min=1), help="Worker processes; default: one per core.")
@click.option("--timeout", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS",
              help="The time that a look at each file may take; then it is named and left out.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def command(
    suite_file: Path,
    overrides: tuple[str, ...],
    locations: Locations,
    rehearse: bool,
    strict: bool,
    groups: Path | None,
    jobs: int | None,
    timeout: float | None,
    as_json: bool,
) -> None:
    """Say whether the splits of SUITE leak: is what models are tested on among what they are trained on?

    Compares tracks by name, samples, and fingerprint, so that a re-encoded, trimmed or louder copy is found too.
    Trains nothing. A file that hangs, or kills the process that looks at it, is named and left out; what did so before
    is tried again.
    """
    import json
    from collections import Counter

    from benchmark.audit.findings import verdict
    from benchmark.cli.loading import Looking, load_plan
    from benchmark.execution.audit import audit_plan, count_cells, sounding_alike
    from benchmark.execution.progress import make_display

    looking = Looking(jobs, timeout, again=True)
    plugins, plan = load_plan(suite_file, overrides, locations, rehearsed=rehearse, looking=looking)
    for error in plan.absent.values():
        raise error
    cells = [cell for cell, _ in plan.cells]
    with make_display() as display:
        looker = looking.looker(plugins.registry, locations)
        audits = audit_plan(plan, cells, plugins.registry, locations, display, looker)
    counted = count_cells(audits)
    leaky = sum(audit.leaky for audit in audits)
    alike = sounding_alike(plan, cells, locations, Looking(jobs, timeout).looker(plugins.registry, locations))
    if groups is not None:
        _write_groups(groups, alike)
    if as_json:
        findings = [{**finding.to_json(), "cells": count} for finding, count in counted]
        verdicts = Counter(verdict(audit.findings, audit.sets) for audit in audits)
        report = {
            "suite": plan.suite.name,
            "cells": len(cells),
            "leaky_cells": leaky,
            "verdicts": dict(verdicts),
            "sounding_alike": {
                label: [[track.id for track in tracks] for tracks in sets] for label, sets in alike.items()
            },
            "findings": findings,
            "left_out": {
                label: {out.id: out.reason for out in corpus.left_out}
                for label, corpus in plan.corpora.items()
            },
        }
        click.echo(json.dumps(report, indent=2, ensure_ascii=False))
    else:
        _echo(plan, counted, audits)
        for label, sets in alike.items():
            _echo_alike(label, sets, groups)
    sys.exit(1 if strict and leaky else 0)


def _echo(plan: Plan, counted: list[tuple[Finding, int]], audits: list[Audit]) -> None:
    cells = len(audits)
    _echo_left_out(plan)
    for finding, count in counted:
        click.echo(f"{finding.severity.upper()} {finding.kind} ({count} of {cells} cells): {finding.message}")
        for first, second in finding.examples:
            click.echo(f"    {first}  =  {second}")
        if finding.mend:
            click.echo(f"    To mend it, below 'cell':  {finding.mend}")
    pending = sum(1 for cell in plan.suite.cells if cell.pending)
    if pending:
        click.echo(
            f"{pending} cells wait for a study to choose their values, and are audited when they are run."
        )
    leaky = sum(audit.leaky for audit in audits)
    leaks = f"{leaky} of {cells} cells leak" if leaky else f"none of {cells} cells leaks"
    click.echo(f"{plan.suite.name}: {leaks}{_about_groups(audits)}{_about_unheard(audits)}.")


def _echo_alike(label: str, sets: list[list[Track]], file: Path | None) -> None:
    """Propose groups, where tracks sound alike that are not in one."""
    apart = [tracks for tracks in sets if len({track.group or track.id for track in tracks}) > 1]
    if apart:
        what = (
            "1 set of tracks sounds alike" if len(apart) == 1 else f"{len(apart)} sets of tracks sound alike"
        )
        click.echo(f"{label}: {what}, and {'is' if len(apart) == 1 else 'are'} in no group together:")
        for tracks in apart[:_SHOWN]:
            click.echo(f"    {', '.join(track.id for track in tracks)}")
        if len(apart) > _SHOWN:
            click.echo(f"    … and {len(apart) - _SHOWN} more")
        where = f"They are in {file}." if file else "--groups FILE writes them as a list of groups."
        click.echo(f"    {where} To keep them on one side, below 'cell':  split: {{strategy: grouped}}")


def _write_groups(file: Path, alike: dict[str, list[list[Track]]]) -> None:
    """Write which tracks sound alike as a list of files and groups; a group that is known already keeps its name.

    Raises:
        UsageError: when the file cannot be written.
    """
    import csv

    from benchmark.exceptions import UsageError

    try:
        with file.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(["file", "group"])
            for label, sets in alike.items():
                for number, tracks in enumerate(sets, 1):
                    named = next(
                        (track.group for track in tracks if track.group), f"{label} recording {number}"
                    )
                    writer.writerows([track.id, named] for track in tracks)
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}.") from error


def _about_unheard(audits: list[Audit]) -> str:
    """Return in how many cells not all was looked into, as the end of a sentence."""
    from benchmark.results.standing import UNHEARD

    cells = sum(any(finding.kind == UNHEARD for finding in audit.findings) for audit in audits)
    return (
        f"; of {cells} some tracks were not looked into, so that nobody can call them clean" if cells else ""
    )


def _echo_left_out(plan: Plan) -> None:
    """Say what of the data is in no cell."""
    from benchmark.plugin.tracks import reasons_text

    for label, corpus in plan.corpora.items():
        if corpus.left_out:
            count = len(corpus.left_out)
            files = "1 file is" if count == 1 else f"{count:,} files are"
            click.echo(f"{label}: {files} left out ({reasons_text(corpus.left_out)}).")


def _about_groups(audits: list[Audit]) -> str:
    """Return what is known of groups on two sides, as the end of a sentence."""
    shared = [audit for audit in audits if any(facts.shared for facts in audit.sets.values())]
    unknown = [audit for audit in audits if any(facts.ungrouped for facts in audit.sets.values())]
    if shared:
        return f", and {len(shared)} share groups between training and test"
    return f", and for {len(unknown)} nobody knows whether groups are shared" if unknown else ""
