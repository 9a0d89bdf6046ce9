"""The built-in metrics."""

from bench_metrics.classification import BalancedAccuracy, LogLoss, MacroF1, Top1, Top2, TopK
from benchmark import Metric, hookimpl


@hookimpl
def bench_metrics() -> list[type[Metric]]:
    """Return the built-in metrics."""
    return [Top1, Top2, TopK, MacroF1, BalancedAccuracy, LogLoss]
