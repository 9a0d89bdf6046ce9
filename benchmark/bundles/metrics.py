"""Whether the metrics that were filed with a result are what its predictions give."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.exceptions import PluginError
from benchmark.plugin.unopened import Unopened
from benchmark.results.folder import METRICS, PREDICTIONS, read_metrics

if TYPE_CHECKING:
    from benchmark.plugin.metric import Metric
    from benchmark.plugin.registry import Registry
    from benchmark.record import CellRecord
    from benchmark.results.predictions import SetPredictions

# Metrics are sums over tracks, which another processor may round otherwise.
TOLERANCE = 1e-6


class MetricCheck:
    """Computes filed metrics again. What they are is what the record says, or else ``asked``, or their label.

    ``computed`` counts the values that were computed again, ``missing``, by label and reason, those that cannot be
    computed here.
    """

    def __init__(self, registry: Registry, asked: Mapping[str, Mapping[str, Any]]) -> None:
        self._registry, self._asked = registry, asked
        self._made: dict[str, Metric | str] = {}
        self.computed = 0
        self.missing: Counter[tuple[str, str]] = Counter()

    def problems(
        self, folder: Path, record: CellRecord, predictions: Mapping[str, SetPredictions]
    ) -> Iterator[str]:
        """Yield what is wrong with the metrics of a finished cell, which was filed in a folder."""
        filed = read_metrics(folder)
        if filed is None:
            yield f"{folder.name}: {METRICS} is missing, or cannot be read."
            return
        for name, values in filed.items():
            if name not in predictions:
                yield f"{folder.name}: {METRICS} has values on {name}, and {PREDICTIONS} none."
                continue
            for label, value in values.items():
                content = record.metrics.get(label) or self._asked.get(label) or {"name": label}
                computed = self._value(label, content, predictions[name])
                if computed is None:
                    continue
                self.computed += 1
                # NaN is what a metric says that is not defined.
                same = math.isclose(computed, value, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
                same = same or (math.isnan(computed) and math.isnan(value))
                if not same:
                    yield (
                        f"{folder.name}: {name}/{label} is {value:.6g} in {METRICS}, and {computed:.6g} by its "
                        "predictions."
                    )

    def _value(self, label: str, content: Mapping[str, Any], tested: SetPredictions) -> float | None:
        key = json.dumps([content.get("name"), content.get("parameters")], sort_keys=True)
        if key not in self._made:
            self._made[key] = self._make(content)
        metric = self._made[key]
        if isinstance(metric, str):
            self.missing[label, metric] += 1
            return None
        try:
            return float(metric.compute(tested.labels, tested.probabilities))
        except Exception as error:  # It may be anybody's that is installed here.
            self.missing[label, f"it raised {type(error).__name__}"] += 1
            return None

    def _make(self, content: Mapping[str, Any]) -> Metric | str:
        try:
            spec = self._registry.spec("metric", str(content.get("name")), content.get("parameters") or {})
            made: Any = spec.create(self._registry)
        except PluginError as error:
            return str(error).splitlines()[0].rstrip(".")
        except (TypeError, ValueError) as error:
            return f"its parameters cannot be used here ({error})"
        return "no plugin that is installed here has it" if isinstance(made, Unopened) else made
