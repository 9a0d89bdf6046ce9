"""``bench compare SUITE [OTHER]``."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmark.cli.options import locations_options, rehearse_option, trust_option
from benchmark.exceptions import UsageError, did_you_mean

if TYPE_CHECKING:
    from benchmark.locations import Locations
    from benchmark.plugin.metric import Metric
    from benchmark.report.compare import Side
    from benchmark.results.frames import Measure

_SUITE = click.Path(path_type=Path)


@click.command()
@click.argument("suite_file", metavar="SUITE", type=_SUITE)
@click.argument("other_file", metavar="[OTHER]", type=_SUITE, required=False)
@click.option(
    "--rows", nargs=2, metavar="A B", help="Compare these two rows: of SUITE, or A of SUITE and B of OTHER."
)
@click.option(
    "--against", metavar="DIR", type=_SUITE, help="Where OTHER's results are; without OTHER, those of SUITE."
)
@click.option(
    "--measure", "asked", multiple=True, metavar="SET/METRIC", help="Compare only this; may be repeated."
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@trust_option
@click.option("--wide", is_flag=True, help="Show all columns, however wide the terminal is.")
@locations_options
@rehearse_option
def command(
    suite_file: Path,
    other_file: Path | None,
    rows: tuple[str, str] | None,
    against: Path | None,
    asked: tuple[str, ...],
    locations: Locations,
    **flags: bool,
) -> None:
    """Compare two rows of SUITE, or the rows that SUITE and OTHER share, on the tracks that both were tested on.

    \b
    bench compare suites/a.yaml --rows "cnn · none" "crnn · none"
    bench compare suites/a.yaml suites/b.yaml
    bench compare suites/a.yaml --against results-of-last-week

    Neither is called better before the statistics are asked. A row is named as tables call it, or by some of its
    labels with commas between. Trains nothing.
    """
    from dataclasses import replace

    from benchmark.report.compare import choose_row, comparisons, match

    if other_file is None and against is None and not rows:
        raise UsageError(
            "With what? Give a second suite, --rows A B for two rows of this one, or --against DIR."
        )
    first, metrics = _side(suite_file, locations, rehearsed=flags["rehearse"])
    other = first
    if other_file is not None or against is not None:
        elsewhere = replace(locations, results=against) if against is not None else locations
        other, _ = _side(other_file or suite_file, elsewhere, rehearsed=flags["rehearse"])
    first, other = _named(first, other, locations, against)
    pairs: tuple[tuple[int, int], ...]
    if rows:
        pairs = ((choose_row(first, rows[0]), choose_row(other, rows[1])),)
        alone: tuple[list[str], list[str]] = ([], [])
    else:
        matched = match(first, other)
        pairs = matched.pairs
        alone = (
            [first.labels[row] for row in matched.only_one],
            [other.labels[row] for row in matched.only_other],
        )
    lines = comparisons(first, other, pairs, _asked(asked, metrics))
    if not lines:
        raise UsageError(f"They share no measure. Measures of {other.name}: {', '.join(_names(other))}.")
    if flags["as_json"]:
        click.echo(_json(first, other, lines, alone))
    else:
        _show(first, other, lines, alone, wide=flags["wide"])


def _side(suite_file: Path, locations: Locations, *, rehearsed: bool) -> tuple[Side, dict[str, Metric]]:
    """Return what is stored of a suite, and the metric of each measure."""
    from dataclasses import replace

    from benchmark.cli.loading import load_plan
    from benchmark.report.compare import make_side
    from benchmark.report.material import seedless_models
    from benchmark.results.collect import collect
    from benchmark.results.matching import absence_text, with_results
    from benchmark.results.store import ResultsStore

    plugins, plan = load_plan(suite_file, (), locations, rehearsed=rehearsed, to_report=True)
    store = ResultsStore(locations.results, plan.suite.name)
    known = with_results(plan, store, plugins.registry)
    results = collect(known, store, plugins.registry)
    results = replace(
        results,
        notes=(*(absence_text(*absent) for absent in known.absent.items()), *known.notes, *results.notes),
    )
    specs = {spec.label: spec for cell in plan.suite.cells for spec in cell.spec.metrics}
    made = {label: spec.create(plugins.registry) for label, spec in specs.items()}
    metrics = {measure.name: made[measure.metric] for measure in results.measures}
    side = make_side(
        plan.suite.name,
        results,
        plan.suite.leaderboard,
        price=plan.suite.price,
        seedless=seedless_models(plugins.registry),
    )
    return side, metrics


def _named(first: Side, other: Side, locations: Locations, against: Path | None) -> tuple[Side, Side]:
    """Tell two result sets of one suite apart by their folders."""
    from dataclasses import replace

    if against is None or first.name != other.name:
        return first, other
    return replace(first, name=f"{first.name} in {locations.results}"), replace(
        other, name=f"{other.name} in {against}"
    )


def _asked(asked: tuple[str, ...], metrics: dict[str, Metric]) -> dict[str, Metric]:
    for name in asked:
        if name not in metrics:
            raise UsageError(f"There is no measure '{name}'." + did_you_mean(name, list(metrics)))
    return {name: metric for name, metric in metrics.items() if not asked or name in asked}


def _names(side: Side) -> list[str]:
    return [measure.name for measure in side.results.measures]


def _show(
    first: Side,
    other: Side,
    lines: dict[Measure, list[dict[str, Any]]],
    alone: tuple[list[str], list[str]],
    *,
    wide: bool,
) -> None:
    from benchmark.report.compare import comparison_table
    from benchmark.report.render import to_terminal

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() and not wide else None
    for measure, compared in lines.items():
        click.echo(to_terminal(comparison_table(measure, compared, first.name, other.name), width))
    for side, names in zip((first, other), alone, strict=True):
        if names:
            click.echo(f"Only in {side.name}: {'; '.join(names)}.")
    for note in dict.fromkeys((*first.results.notes, *other.results.notes)):
        click.echo(note, err=True)


def _json(
    first: Side, other: Side, lines: dict[Measure, list[dict[str, Any]]], alone: tuple[list[str], list[str]]
) -> str:
    content = {
        "a": {"name": first.name, "only_here": alone[0]},
        "b": {"name": other.name, "only_here": alone[1]},
        "comparisons": [
            {"measure": measure.name, **line} for measure, compared in lines.items() for line in compared
        ],
        "notes": list(dict.fromkeys((*first.results.notes, *other.results.notes))),
    }
    return json.dumps(content, indent=1, ensure_ascii=False)
