"""The built-in datasets."""

from benchmark import hookimpl


@hookimpl
def bench_datasets() -> list[type]:
    """Return nothing yet."""
    return []
