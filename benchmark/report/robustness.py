"""Robustness as tables: what rows lose on worn tracks, and which change buys how much of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from benchmark.analysis.cochran import ALPHA
from benchmark.analysis.effects import changes
from benchmark.analysis.robustness import Robustness, Value, robustness
from benchmark.report.table import Column, Kind, Table, plain
from benchmark.results.corrupted_scores import CorruptedScores, SetScores
from benchmark.results.frames import ROW, Results

if TYPE_CHECKING:
    from benchmark.analysis.statistics import Statistics

CLEAN, CORRUPTED, DROP = "clean", "corrupted", "drop"
# More lines nobody reads; CSV files have no more either.
_MOST_LINES = 600
Labels = Mapping[int, str]


def gather_robustness(
    corrupted: CorruptedScores,
    results: Results,
    lines: pd.DataFrame,
    statistics: Statistics,
    baseline: Mapping[str, str],
) -> tuple[Robustness, ...]:
    """Return how robust rows are on each set that is corrupted.

    Asked after are changes of the axes that ``baseline`` names, or else of augmentations, or else of all axes.
    """
    complete = [int(row) for row in lines.loc[lines["complete"], ROW]]
    changed = changes(lines, results.axes, baseline, complete)
    axes = [axis for axis in results.axes if axis in baseline]
    axes = axes or [axis for axis in results.axes if axis.partition(".")[0] == "augmentation"]
    asked = {scores.set: scores for scores in statistics.asked}
    return tuple(
        robustness(scores, asked.get(scores.set), changed, axes or results.axes) for scores in corrupted.sets
    )


def with_robustness(lines: pd.DataFrame, results: Sequence[Robustness]) -> pd.DataFrame:
    """Return a leaderboard with each row's mean over corruptions and its relative drop, and their intervals."""
    columns: dict[str, Any] = {}
    for result in results:
        for name, key in ((CORRUPTED, "mean"), (DROP, "drop")):
            values: dict[int, Value] = {
                row: value
                for row, row_result in result.rows.items()
                if (value := getattr(row_result, key)) is not None
            }
            column = column_key(result.scores, name)
            for suffix, part in (("", "mean"), (" low", "low"), (" high", "high")):
                known = {row: getattr(value, part) for row, value in values.items()}
                columns[column + suffix] = lines[ROW].map(known).astype(float)
    return lines.assign(**columns)


def column_key(scores: SetScores, name: str) -> str:
    """Return the key of a leaderboard's column."""
    return f"{scores.set}/{scores.metric} {name}"


def leaderboard_columns(results: Sequence[Robustness], *, several: bool) -> list[Column]:
    """Return the columns of a leaderboard; ``several`` says that it shows several evaluation sets."""
    columns = []
    for result in results:
        scores, group = result.scores, result.scores.set if several else ""
        if not any(row_result.mean for row_result in result.rows.values()):
            continue
        for name, header, kind in (
            (CORRUPTED, f"corrupted {scores.metric}", _share(scores)),
            (DROP, "relative drop", "percent"),
        ):
            key = column_key(scores, name)
            columns.append(Column(key, header, kind, None, group, 3, low=f"{key} low", high=f"{key} high"))
    return columns


def robustness_tables(results: Sequence[Robustness], labels: Labels) -> list[Table]:
    """Return the tables of the section."""
    tables: list[Table] = []
    for result in results:
        if not result.rows:
            continue
        tables += [
            _over_all(result, labels),
            _by_severity(result, labels),
            *_bought(result),
            _amounts(result.scores),
        ]
    return tables


def _over_all(result: Robustness, labels: Labels) -> Table:
    scores = result.scores
    lines = []
    for row, row_result in _ordered(result, labels):
        worst = min(row_result.corruptions, key=lambda name: row_result.corruptions[name].mean, default=None)
        lines.append(
            {"row": labels[row], CLEAN: row_result.clean, "worst": worst}
            | _ends("mean", row_result.mean)
            | _ends(DROP, row_result.drop)
        )
    columns = (
        Column("row", "row"),
        Column(CLEAN, "clean", _share(scores)),
        Column("mean", "corrupted, mean", _share(scores), low="mean low", high="mean high"),
        Column(DROP, "relative drop", "percent", low="drop low", high="drop high"),
        Column("worst", "lowest on"),
    )
    caption = (
        f"{scores.metric} on {scores.set}, as it is and worn on purpose: the mean over {len(scores.corruptions)} "
        f"corruptions and {len(scores.severities)} severities, and which share of the clean value is lost there "
        "[95 % intervals, paired by track]."
    )
    return Table(columns, _plain(lines), caption)


def _by_severity(result: Robustness, labels: Labels) -> Table:
    scores = result.scores
    lines = [
        {"row": labels[row], "corruption": name, CLEAN: row_result.clean}
        | {str(severity): row_result.severities.get((name, severity)) for severity in scores.severities}
        | _ends("mean", row_result.corruptions.get(name))
        for row, row_result in _ordered(result, labels)
        for name in scores.corruptions
    ]
    columns = (
        Column("row", "row"),
        Column("corruption", "corruption"),
        Column(CLEAN, "clean", _share(scores)),
        *(
            Column(str(severity), str(severity), _share(scores), group="severity")
            for severity in scores.severities
        ),
        Column("mean", "mean", _share(scores), low="mean low", high="mean high"),
    )
    what = f"{scores.metric} on {scores.set} by corruption and severity"
    caption = f"{what}, from mild to grave [95 % interval of the mean]."
    cut = (f"{_MOST_LINES} of {len(lines):,} lines are shown.",) if len(lines) > _MOST_LINES else ()
    return Table(columns, _plain(lines[:_MOST_LINES]), caption, cut)


def _bought(result: Robustness) -> list[Table]:
    """Return which change buys which robustness."""
    if not result.effects:
        return []
    scores = result.scores
    lines = [
        {**effect, "change": f"{effect['axis']}: {effect['baseline']} → {effect['value']}"}
        for effect in result.effects
    ]
    change: Kind = "points" if scores.percent else "signed"
    columns = (
        Column("change", "change"),
        Column("corruption", "corruption"),
        Column("difference", "on worn tracks", change, low="low", high="high"),
        Column("p_holm", "p (Holm)", "probability"),
        Column(CLEAN, "on clean tracks", change),
        Column("extra difference", "worn beyond clean", change, low="extra low", high="extra high"),
        Column("extra p_holm", "p (Holm)", "probability"),
        Column("pairs", "pairs of rows", "integer", spare=1),
        *(Column(key, drawn=False) for key in ("axis", "value", "baseline", "p", "extra p")),
    )
    caption = (
        f"Which change buys which robustness: what it does to {scores.metric} on worn tracks of {scores.set} (mean "
        "over severities), and by how much more than on clean ones, over all pairs of rows that differ in nothing "
        "else, paired by track and seed [95 % intervals that hold for all lines at once; p corrected over all]."
    )
    gains = sum(_is_sure(effect, "") for effect in result.effects)
    more = sum(_is_sure(effect, "extra ") for effect in result.effects)
    lead = (
        f"On worn tracks of {scores.set}, {gains} of {len(lines)} changes by corruption are significant, and {more} do "
        "significantly more or less than on clean tracks."
        if any(not math.isnan(effect["p"]) for effect in result.effects)
        else f"No change on worn tracks of {scores.set} can be tested: rows have one seed, or too few tracks. "
        "Intervals cover the choice of test tracks only."
    )
    return [Table(columns, _plain(lines), caption, (), (lead,))]


def _amounts(scores: SetScores) -> Table:
    """Return what severities are."""
    lines = []
    for name in scores.corruptions:
        known = {severity: amount for (own, severity), amount in scores.amounts.items() if own == name}
        unit = next(iter(known.values()))[1]
        lines.append(
            {"corruption": name, "unit": unit}
            | {str(severity): f"{amount:g}" for severity, (amount, _) in known.items()}
        )
    columns = (
        Column("corruption", "corruption"),
        Column("unit", "in"),
        *(Column(str(severity), str(severity), group="severity") for severity in scores.severities),
    )
    return Table(columns, tuple(lines), f"What the severities of corruptions of {scores.set} are.")


def _ordered(result: Robustness, labels: Labels) -> list[tuple[int, Any]]:
    """Return rows in the order of the leaderboard."""
    return [(row, result.rows[row]) for row in labels if row in result.rows]


def _ends(name: str, value: Value | None) -> dict[str, float | None]:
    if value is None:
        return {name: None, f"{name} low": None, f"{name} high": None}
    return {name: value.mean, f"{name} low": value.low, f"{name} high": value.high}


def _is_sure(line: Mapping[str, Any], prefix: str) -> bool:
    return bool(line[f"{prefix}p_holm"] < ALPHA)


def _share(scores: SetScores) -> Kind:
    return "percent" if scores.percent else "number"


def _plain(lines: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], ...]:
    return tuple({str(key): plain(value) for key, value in line.items()} for line in lines)
