"""What each metric says of each cell: as it was filed where that is the same number, and computed where it is not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.exceptions import PluginError
from benchmark.plugin.metric import metric_value
from benchmark.record import CellRecord
from benchmark.results.folder import filed_metrics
from benchmark.results.frames import Measure
from benchmark.results.predictions import SetPredictions
from benchmark.suite.cell import canonical_json

if TYPE_CHECKING:
    from benchmark.plugin.metric import Metric
    from benchmark.plugin.registry import ComponentSpec, Registry
    from benchmark.results.plan import Plan

Values = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class SuiteMetrics:
    """What a suite measures: the columns, the metrics by label, and as canonical JSON what each of these is."""

    measures: tuple[Measure, ...]
    by_label: Mapping[str, Metric]
    contents: Mapping[str, str]


def suite_metrics(plan: Plan, registry: Registry) -> SuiteMetrics:
    """Return what the cells of a plan are measured by, in the suite's order."""
    measures: dict[str, Measure] = {}
    specs: dict[str, ComponentSpec] = {}
    metrics: dict[str, Metric] = {}
    for cell in plan.suite.cells:
        for evaluation in cell.spec.evaluate:
            for spec in cell.spec.metrics:
                name = f"{evaluation.label}/{spec.label}"
                if name not in measures:
                    metric = metrics.setdefault(spec.label, spec.create(registry))
                    specs.setdefault(spec.label, spec)
                    measures[name] = Measure(
                        evaluation.label, spec.label, metric.greater_is_better, metric.percent
                    )
    contents = {label: canonical_json(spec.identity()) for label, spec in specs.items()}
    return SuiteMetrics(tuple(measures.values()), metrics, contents)


def filed_values(record: CellRecord, folder: Path, asked: SuiteMetrics, names: Mapping[str, str]) -> Values:
    """Return the values that were filed with a cell and are those of the metrics asked for, by set and label.

    A metric is known by what it is (its code, its version and its parameters), and not by what it is called. Its
    values were computed from the predictions in the same folder, which the record has the digests of; records that do
    not say what their metrics are give none.

    Args:
        record: of the cell.
        folder: where it lies.
        asked: the metrics that are asked for.
        names: what the cell's sets are filed under, by what the suite calls them.
    """
    filed_as = {canonical_json(metric): label for label, metric in record.metrics.items()}
    wanted = {label: filed_as[content] for label, content in asked.contents.items() if content in filed_as}
    if not wanted:
        return {}
    filed = filed_metrics(folder, record)
    return {
        called: {
            label: filed[name][earlier] for label, earlier in wanted.items() if earlier in filed.get(name, {})
        }
        for called, name in names.items()
    }


def cell_values(
    stored: Mapping[str, SetPredictions],
    filed: Values,
    asked: SuiteMetrics,
    refused: Counter[tuple[str, str]],
) -> dict[str, float]:
    """Return all measures of a cell: those that were filed, and the others computed from its predictions.

    ``refused`` counts what metrics raised, by their labels: one metric must not cost the whole report.
    """
    values = {}
    for measure in asked.measures:
        tested = stored.get(measure.set)
        if tested is None:
            continue
        value = filed.get(measure.set, {}).get(measure.metric)
        if value is None:
            try:
                value = metric_value(asked.by_label[measure.metric], tested.labels, tested.probabilities)
            except PluginError as error:
                refused[measure.metric, str(error)] += 1
                continue
        values[measure.name] = value
    return values
