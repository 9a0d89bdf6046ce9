"""The built-in augmentations."""

from benchmark import hookimpl


@hookimpl
def bench_augmentations() -> list[type]:
    """Return nothing yet."""
    return []
