"""What statistics gather, set by set and column by column: intervals, comparisons, differences, notes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from benchmark.analysis.asked import Asked
from benchmark.analysis.calibration import calibration
from benchmark.analysis.cochran import ALPHA, critical
from benchmark.analysis.comparison import compare
from benchmark.analysis.contrast import Family, family
from benchmark.analysis.evaluated import EvaluatedSet
from benchmark.analysis.identical import among
from benchmark.analysis.intervals import interval
from benchmark.analysis.leaderboard import HIGH, LOW
from benchmark.analysis.measured import Measured, Units, measure
from benchmark.analysis.needed import POWER
from benchmark.analysis.resampling import Weights, is_mean, largest_difference, resamples_for
from benchmark.analysis.seeds import seed_variances
from benchmark.plugin.metric import Metric
from benchmark.results.frames import ROW, Measure, Results
from benchmark.results.predictions import SetPredictions
from benchmark.settings import LeaderboardSettings


@dataclass
class Findings:
    """What is gathered, set by set and row by row."""

    intervals: list[dict[str, Any]] = field(default_factory=list)
    calibration: list[dict[str, Any]] = field(default_factory=list)
    comparisons: list[pd.DataFrame] = field(default_factory=list)
    effects: list[dict[str, Any]] = field(default_factory=list)
    effects_by_row: list[dict[str, Any]] = field(default_factory=list)
    refused: dict[str, None] = field(default_factory=dict)
    single: set[int] = field(default_factory=set)
    separable: dict[str, float] = field(default_factory=dict)
    differences: list[dict[str, Any]] = field(default_factory=list)


class Drawn:
    """Resamples' weights by their number, drawn when a metric first needs them."""

    def __init__(self) -> None:
        self._known: dict[int, Weights] = {}

    def of(self, metric: Metric) -> Weights:
        """Return the weights for a metric, which hang on how dear it is."""
        count = resamples_for(metric)
        return self._known.setdefault(count, Weights(count))


def measured_rows(
    results: Results,
    column: Measure,
    evaluated: EvaluatedSet,
    drawn: Drawn,
    units: Units,
    findings: Findings,
    seedless: Collection[str],
) -> dict[int, Measured]:
    """Return a measure of each row, and note the intervals."""
    metric = results.metrics[column.metric]
    measured: dict[int, Measured] = {}
    for row, cells in evaluated.rows.items():
        try:
            alone = len(cells) == 1 and _is_seedless(results, row, seedless)
            measured[row] = measure(metric, cells, drawn.of(metric), units, seedless=alone)
        except Exception as error:  # A plugin's code may raise anything, and must not cost the whole report.
            findings.refused[f"No interval of {column.metric}: {type(error).__name__}: {error}"] = None
    measured = {row: value for row, value in measured.items() if np.isfinite(value.values).all()}
    findings.single |= {row for row, value in measured.items() if value.is_single and not value.too_few}
    for block in evaluated.blocks:
        own = {row: measured[row] for row in block.rows if row in measured}
        same = among(evaluated.same, own)
        distinct = {row: value for row, value in own.items() if row not in same}
        seeds = seed_variances(list(distinct.values()))
        place = {row: number for number, row in enumerate(distinct)}
        for row, value in own.items():
            at = place[same.get(row, row)]
            limits = interval(
                value,
                float(seeds.values[at]) / len(value.cells),
                float(seeds.freedom[at]),
                proportion=metric.proportion,
                bounds=metric.limits(),
            )
            findings.intervals.append(
                {
                    ROW: row,
                    "measure": column.name,
                    "mean": value.mean,
                    "low": limits.low,
                    "high": limits.high,
                    "units": value.units,
                    "seeds": len(value.cells),
                    "method": limits.method,
                }
            )
    return measured


def _is_seedless(results: Results, row: int, models: Collection[str]) -> bool:
    """Return whether nothing of a row depends on its seed: neither its model, nor its split or augmentation."""
    own = results.cells_of(row)
    specs = [results.records[id_].spec for id_ in own["id"] if id_ in results.records]
    return bool(specs) and all(
        spec.get("model", {}).get("name") in models
        and spec.get("split", {}).get("strategy") == "predefined"
        and not spec.get("augmentation")
        # A share of the training part is drawn anew for each seed.
        and spec.get("training_size") is None
        for spec in specs
    )


def note_comparisons(
    results: Results,
    column: Measure,
    evaluated: EvaluatedSet,
    kept: Mapping[int, Measured],
    settings: LeaderboardSettings,
    findings: Findings,
    price: float,
    *,
    is_wanted: bool = True,
) -> dict[int, Family]:
    """Note the comparisons within each block, and what they can separate; return the distinct rows of each block.

    Comparisons that are not ``is_wanted`` are not made.
    """
    families, widths = {}, []
    for number, block in enumerate(evaluated.blocks):
        own = {row: kept[row] for row in block.rows if row in kept}
        same = among(evaluated.same, own)
        if is_wanted:
            findings.comparisons.append(
                compare(
                    own,
                    column.name,
                    greater_is_better=column.greater_is_better,
                    bound=largest_difference(results.metrics[column.metric]),
                    smallest=settings.smallest / 100 if column.percent else None,
                    alike=same,
                    price=price,
                )
            )
        distinct = {row: value for row, value in own.items() if row not in same}
        if len(distinct) > 1:
            families[number] = family(distinct)
            widths.append(_separable(families[number], price))
    if widths and np.isfinite(widths).any():
        findings.separable[column.name] = float(np.nanmedian(widths))
    return families


def baseline_differences(
    column: Measure,
    evaluated: EvaluatedSet,
    measured: Mapping[int, Measured],
    kept: Mapping[int, Measured],
    references: Mapping[int, int],
    bound: float,
) -> list[dict[str, Any]]:
    """Return the intervals of the rows' differences to their baselines.

    Of ``kept`` rows, the complete ones, they are those of the comparisons; of others they are found among all rows that
    were ``measured``.
    """
    pairs = [(row, base) for row, base in references.items() if row in measured and base in measured]
    lines = []
    for rows in (kept, measured):
        own = [pair for pair in pairs if (set(pair) <= kept.keys()) == (rows is kept)]
        if own:
            lines += _differences(own, rows, evaluated, bound)
    return [{"measure": column.name, ROW: row, LOW: low, HIGH: high} for row, low, high in lines]


def _differences(
    pairs: Sequence[tuple[int, int]], rows: Mapping[int, Measured], evaluated: EvaluatedSet, bound: float
) -> list[tuple[int, float, float]]:
    """Return the first row of each pair, and the interval of its difference to the other."""
    every, same = family(rows, evaluated.same, [block.rows for block in evaluated.blocks]), evaluated.same
    place = {row: number for number, row in enumerate(every.rows)}
    first, second = (np.array([place[pair[side]] for pair in pairs]) for side in (0, 1))
    low, high = every.differences(first, second).interval(bound)
    return [
        # The same answers differ in nothing, whatever the seed.
        (row, 0.0, 0.0)
        if same.get(row, row) == same.get(base, base)
        else (row, float(low[number]), float(high[number]))
        for number, (row, base) in enumerate(pairs)
    ]


def _separable(rows: Family, price: float) -> float:
    """Return the difference that is found in four of five tables, where all pairs are tested: the median of pairs."""
    first, second = np.triu_indices(len(rows.rows), 1)
    contrast = rows.differences(first, second)
    tests = int(contrast.known.sum())
    if not tests:
        return float("nan")
    wanted = critical(ALPHA / price / tests, contrast.parts, contrast.freedom) + special.ndtri(POWER)
    return float(np.median((wanted * contrast.error)[contrast.known]))


def asked_on(
    results: Results,
    column: Measure,
    evaluated: EvaluatedSet,
    kept: Mapping[int, Measured],
    settings: LeaderboardSettings,
    price: float,
) -> Asked:
    """Return what further questions are asked of on an evaluation set."""
    metric = results.metrics[column.metric]
    smallest = settings.smallest / 100 if column.percent else None
    return Asked(
        column.set,
        column.name,
        kept,
        evaluated.blocks,
        evaluated.same,
        metric.proportion,
        column.greater_is_better,
        metric.limits(),
        smallest,
        price,
    )


def row_calibration(
    row: int, evaluation: str, cells: Mapping[str, SetPredictions]
) -> Iterator[dict[str, Any]]:
    """Yield the bins of a row's calibration on an evaluation set, with its error and the error's floor."""
    measured = calibration(list(cells.values()))
    for line in measured.bins:
        yield {**asdict(line), "row": row, "set": evaluation, "ece": measured.error, "floor": measured.floor}


def joined(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return tables below each other, without empty ones."""
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame()


def notes(intervals: pd.DataFrame, results: Results, findings: Findings) -> Iterator[str]:
    """Say what a reader of the table should know: where intervals lack, and why."""
    single = len(findings.single)
    if single:
        some, has = ("1 row has", "it has") if single == 1 else (f"{single} rows have", "they have")
        yield (
            f"{some} one finished cell: the interval covers the choice of test tracks, and not that of the seed. "
            f"{has[0].upper()}{has[1:]} no rank, and none is called better: another seed might say otherwise."
        )
    few = intervals[intervals["low"].isna()]
    for units, rows in few.groupby("units")[ROW].nunique().items():
        have = "1 row has" if rows == 1 else f"{rows} rows have"
        unit = "unit" if units == 1 else "units"
        yield (
            f"{have} no interval and no test: {units} independent {unit} (groups, or tracks; where one has nearly all "
            "tracks, as many as they count for) show no spread."
        )
    plain = [
        name
        for name, metric in results.metrics.items()
        if not is_mean(metric) and type(metric).resampled is Metric.resampled
    ]
    if plain:
        count = resamples_for(results.metrics[plain[0]])
        yield f"{', '.join(plain)} can only be resampled by computing it again: {count} times, not more."
    yield from findings.refused
