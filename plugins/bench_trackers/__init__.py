"""Trackers: runs shown elsewhere while they go on. Each needs a package of its own, which is an extra of genrebench."""

from bench_trackers.mlflow_tracker import MLflow
from bench_trackers.tensorboard import TensorBoard
from bench_trackers.trackio_tracker import Trackio
from benchmark import Tracker, hookimpl


@hookimpl
def bench_trackers() -> list[type[Tracker]]:
    """Return the built-in trackers."""
    return [TensorBoard, MLflow, Trackio]
