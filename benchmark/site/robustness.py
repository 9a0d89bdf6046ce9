"""Robustness on a leaderboard of several labs: rows that were worn alike stand together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import isnan
from typing import Any

from benchmark.analysis.robustness import Robustness, Value, robustness
from benchmark.report.charts.robustness import severities_heatmap
from benchmark.report.html.section import Chooser, Option, Passage, Section
from benchmark.report.html.tables import PageTable, heat_table, page_table
from benchmark.report.robustness import robustness_tables
from benchmark.results.corrupted_scores import CellScores, SetScores

_APART = "Rows that were worn by the same corruptions stand together; what other rows lose is not known."


def robustness_of(worn: Mapping[int, SetScores | None], task: str, metric: str) -> tuple[Robustness, ...]:
    """Return how robust the rows of a table are by ``metric``, by what they were worn by: most rows first.

    Rows stand together where corruptions and severities are the same, whatever version wore the tracks. Asked after
    is no change: rows of several labs differ in more than one choice.
    """
    alike: dict[object, tuple[SetScores, dict[int, Mapping[str, CellScores]]]] = {}
    for number, scores in worn.items():
        if scores is None or scores.metric != metric:
            continue
        key = (frozenset(scores.amounts.items()), frozenset(scores.components.items()))
        (cells,) = scores.rows.values()
        alike.setdefault(key, (scores, {}))[1][number] = cells
    several = [replace(scores, set=task, rows=rows) for scores, rows in alike.values()]
    return tuple(
        robustness(scores, None, (), ()) for scores in sorted(several, key=lambda scores: -len(scores.rows))
    )


def robustness_section(results: tuple[Robustness, ...], labels: Mapping[int, str]) -> Section:
    """Return what rows lose on worn tracks; empty where no bundle says."""
    passages = []
    for number, result in enumerate(results):
        first, *_, amounts = robustness_tables([result], labels)
        grids = [
            page_table(f"robustness-{number}", first, "row", bars={"mean": ("mean low", "mean", "mean high"),
                                                                   "drop": ("drop low", "drop", "drop high")}),
            page_table(f"severities-{number}", amounts),
        ]  # fmt: skip
        options = tuple(
            Option(str(row), labels[row], heat_table(f"worn-{number}-{row}", heatmap))
            for row in labels
            if row in result.rows
            for heatmap in [severities_heatmap(result, row, labels, {})]
        )
        title = f"{len(result.scores.corruptions)} corruptions" if len(results) > 1 else ""
        chooser = Chooser(f"worn-{number}", "Row", options)
        passages.append(Passage(title, tables=tuple(grids), chooser=chooser))
    said = (_APART,) if passages else ()
    return Section("robustness", "Robustness", said, passages=tuple(passages), sortable=True)


def row_robustness(
    results: tuple[Robustness, ...], row: int, labels: Mapping[int, str]
) -> tuple[PageTable, ...]:
    """Return one row by corruption and severity; nothing where that is not known."""
    return tuple(
        heat_table("worn", replace(severities_heatmap(result, row, labels, {}), title=_titled(result)))
        for result in results
        if row in result.rows
    )


def _titled(result: Robustness) -> str:
    return f"{result.scores.metric} by corruption and severity, from mild to grave"


def robustness_data(results: tuple[Robustness, ...], row: int) -> dict[str, Any] | None:
    """Return what is known of one row for programs; None where nothing is."""
    for result in results:
        if row in result.rows:
            known, scores = result.rows[row], result.scores
            return {
                "metric": scores.metric,
                "clean": known.clean,
                "corrupted": _ends(known.mean),
                "relative_drop": _ends(known.drop),
                "by_corruption": [
                    {
                        "corruption": corruption,
                        "severity": severity,
                        "amount": scores.amounts[corruption, severity][0],
                        "unit": scores.amounts[corruption, severity][1],
                        "value": value,
                    }
                    for (corruption, severity), value in known.severities.items()
                ],
            }
    return None


def _ends(value: Value | None) -> dict[str, float | None] | None:
    if value is None:
        return None
    ends = {"mean": value.mean, "low": value.low, "high": value.high}
    return {name: None if isnan(end) else end for name, end in ends.items()}
