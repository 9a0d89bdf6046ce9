"""Statistics as tables and sentences for people: what is real, what changes what, how far answers can be trusted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from benchmark.analysis.comparison import by_pair
from benchmark.analysis.critical_difference import CriticalDifference
from benchmark.analysis.ranks import ALPHA
from benchmark.analysis.statistics import Statistics
from benchmark.report.table import Column, Kind, Table, plain
from benchmark.results.frames import Measure

# The width of an interval from one end of a share's differences to the other.
_SAYS_NOTHING = 2.0


def separable_sentences(statistics: Statistics, measures: Sequence[Measure]) -> tuple[str, ...]:
    """Return, per measure that rows were compared by, what difference these data can separate."""
    by_name = {measure.name: measure for measure in measures}
    sentences = []
    for name, least in statistics.separable.items():
        if math.isfinite(least):
            size = f"{100 * least:.1f} points" if by_name[name].percent else f"{least:.3f}"
            sentences.append(
                f"On {name}, these data can separate differences of about {size} between two rows; where many are "
                "compared, it takes more."
            )
    return tuple(sentences)


def evidence_tables(
    statistics: Statistics, measures: Sequence[Measure], sort: Measure, labels: Mapping[int, str]
) -> dict[str, list[Table]]:
    """Return tables by the titles of their sections; none without something to show.

    ``labels`` has the rows in the order of the leaderboard.
    """
    found: dict[str, Sequence[Table | None]] = {
        "Differences to the best row": [best_table(statistics, sort, labels)],
        "Effects": [effects_table(statistics, measures)],
        "Effects per class": class_effects_tables(statistics),
        "Calibration": [calibration_table(statistics, labels)],
        "Average ranks": [ranks_table(statistics.critical_difference)],
    }
    known = {title: [table for table in tables if table is not None] for title, tables in found.items()}
    return {title: tables for title, tables in known.items() if tables}


def best_table(statistics: Statistics, sort: Measure, labels: Mapping[int, str]) -> Table | None:
    """Return how each ranked row differs from the best one, and whether that is more than chance."""
    ranked = [row for row in labels if row in statistics.ranks.index]
    if len(ranked) < 2 or not len(statistics.comparisons):
        return None
    compared = statistics.comparisons[
        (statistics.comparisons["measure"] == sort.name) & statistics.comparisons["row"].isin(ranked)
    ]
    pairs = by_pair(compared, sort.name)
    best, lines = ranked[0], []
    for row in ranked[1:]:
        line = pairs.get((row, best))
        if line is not None:
            verdict = "worse" if line["p_holm"] < ALPHA else "cannot be told apart"
            lines.append(line | {"row": labels[row], "verdict": verdict})
    if not lines:
        return None
    units = compared["units"].min()
    caption = (
        f"Difference of each row to the best one, {labels[best]}, by {sort.name} [95 % interval], paired by track and "
        f"seed, over {units} independent units or more; p corrected over all {len(compared)} pairs of rows (Holm)."
    )
    columns = (
        Column("row", "row"),
        Column("difference", "difference", _points(sort), low="low", high="high"),
        Column("p_holm", "p (Holm)", "probability"),
        Column("verdict", "than the best"),
        Column("test", "test", spare=1),
    )
    refusal = statistics.critical_difference
    said = (refusal,) if isinstance(refusal, str) else ()
    return Table(columns, _plain(lines), caption, said)


def effects_table(statistics: Statistics, measures: Sequence[Measure]) -> Table | None:
    """Return what each value of an axis changes against its baseline, over all models and seeds."""
    overall = statistics.effects[statistics.effects["class"] == ""]
    if not len(overall):
        return None
    percent = all(measure.percent for measure in measures if measure.name in set(overall["measure"]))
    lines = [
        line | {"change": f"{line['axis']}: {line['baseline']} → {line['value']}"}
        for line in overall.to_dict("records")
    ]
    columns = (
        Column("change", "change"),
        Column("measure", "on"),
        Column("difference", "difference", "points" if percent else "number", low="low", high="high"),
        Column("p_holm", "p (Holm)", "probability"),
        Column("pairs", "pairs of rows", "integer", spare=1),
        *(Column(key, drawn=False) for key in ("axis", "value", "baseline", "set", "p")),
    )
    caption = (
        "What a value of an axis changes, mean of the paired differences over rows that differ in nothing else "
        "[95 % interval]. Models and other axes are taken as they are, not as a sample of others."
    )
    return Table(columns, _plain(lines), caption)


def class_effects_tables(statistics: Statistics) -> list[Table]:
    """Return, per measure, what each value of an axis changes for each class; none where nothing can be said."""
    effects = statistics.effects[statistics.effects["class"] != ""]
    tables = []
    for measure, found in effects.groupby("measure", sort=False):
        if (found["high"] - found["low"]).min() >= _SAYS_NOTHING:
            continue
        columns, lines = [Column("class", "class")], {name: {"class": name} for name in found["class"]}
        for (axis, value), change in found.groupby(["axis", "value"], sort=False):
            key = f"{axis} {value}"
            group = f"{axis}: {change['baseline'].iloc[0]} →"
            low, high = f"{key} low", f"{key} high"
            columns.append(Column(key, str(value), "points", None, group, 1, low=low, high=high))
            for line in change.to_dict("records"):
                lines[line["class"]] |= {key: line["difference"], low: line["low"], high: line["high"]}
        caption = (
            f"What a value of an axis changes in {measure}, the share of a class's tracks that is recognised: points, "
            "mean of the paired differences over rows that differ in nothing else [95 % interval, not corrected for "
            "the number of classes]. A class with few independent units has an interval that spans everything."
        )
        tables.append(Table(tuple(columns), _plain(list(lines.values())), caption))
    return tables


def calibration_table(statistics: Statistics, labels: Mapping[int, str]) -> Table | None:
    """Return the expected calibration error of each row on each evaluation set."""
    if not len(statistics.calibration):
        return None
    errors = statistics.calibration.groupby(["row", "set"], sort=False)["ece"].first().unstack("set")
    columns = (Column("row", "row"), *(Column(str(name), str(name), "percent") for name in errors.columns))
    lines = [
        {"row": label, **errors.loc[row].to_dict()} for row, label in labels.items() if row in errors.index
    ]
    caption = (
        "Expected calibration error in percent: how far confidence is from accuracy, over ten bins of equal width "
        "(Guo et al. 2017)."
    )
    return Table(columns, _plain(lines), caption)


def ranks_table(found: CriticalDifference | str) -> Table | None:
    """Return average ranks over data sets, where there are enough of them."""
    if isinstance(found, str):
        return None
    lines = [{"method": name, "rank": rank} for name, rank in found.ranks.items()]
    caption = (
        f"Average ranks over {len(found.datasets)} data sets. Two methods differ if their ranks differ by more than "
        f"{found.difference:.2f} (Nemenyi, 5 %); Friedman's test that all are equal: p = {found.p:.3g}."
    )
    return Table(
        (Column("method", "method"), Column("rank", "average rank", "number")), _plain(lines), caption
    )


def _points(measure: Measure) -> Kind:
    return "points" if measure.percent else "number"


def _plain(lines: Sequence[Mapping[Any, Any]]) -> tuple[dict[str, object], ...]:
    return tuple({str(key): plain(value) for key, value in line.items()} for line in lines)


def effects_by_set(statistics: Statistics) -> dict[str, pd.DataFrame]:
    """Return the overall effects of each evaluation set, for figures."""
    overall = statistics.effects[statistics.effects["class"] == ""]
    return {str(name): found for name, found in overall.groupby("set", sort=False)}
