"""The built-in features."""

from benchmark import Features, hookimpl
from bench_features.spectrograms import Mel, Stft


@hookimpl
def bench_features() -> list[type[Features]]:
    """Return the built-in features."""
    return [Mel, Stft]
