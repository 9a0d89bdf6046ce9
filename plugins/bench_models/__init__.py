"""The built-in models: the paper's networks, a CRNN, and the baselines that every leaderboard needs."""

from bench_models.applications import KerasApplication
from bench_models.baselines import Majority, MfccSvm
from bench_models.convolutional import Cnn, Crnn
from bench_models.musicnn import Musicnn
from bench_models.pretrained import MobileNet, Vgg16
from bench_models.probes import Knn, Linear
from bench_models.residual import ResidualCnn
from bench_models.transformer import Ast
from benchmark import Model, hookimpl


@hookimpl
def bench_models() -> list[type[Model]]:
    """Return the built-in models."""
    return [
        Cnn,
        Crnn,
        ResidualCnn,
        Ast,
        Vgg16,
        MobileNet,
        KerasApplication,
        Musicnn,
        MfccSvm,
        Linear,
        Knn,
        Majority,
    ]
