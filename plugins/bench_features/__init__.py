"""The built-in features."""

from benchmark import hookimpl


@hookimpl
def bench_features() -> list[type]:
    """Return nothing yet."""
    return []
