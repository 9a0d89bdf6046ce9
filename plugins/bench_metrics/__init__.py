"""The built-in metrics."""

from benchmark import hookimpl


@hookimpl
def bench_metrics() -> list[type]:
    """Return nothing yet."""
    return []
