"""The built-in models: the paper's CNN, a CRNN, and the baselines that every leaderboard needs."""

from benchmark import Model, hookimpl
from bench_models.baselines import Majority, MfccSvm
from bench_models.convolutional import Cnn, Crnn


@hookimpl
def bench_models() -> list[type[Model]]:
    """Return the built-in models."""
    return [Cnn, Crnn, MfccSvm, Majority]
