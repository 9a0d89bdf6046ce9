"""The built-in models."""

from benchmark import hookimpl


@hookimpl
def bench_models() -> list[type]:
    """Return nothing yet."""
    return []
