"""What a trained network took is given back."""

from __future__ import annotations

import gc
from collections import Counter

import pytest
from toy import ToyExamples

from benchmark.plugin.training_run import TrainingRun
from benchmark.settings import TrainingSettings


@pytest.mark.slow
def test_a_trained_network_leaves_no_graph_behind() -> None:
    import keras

    if keras.backend.backend() != "tensorflow":
        pytest.skip("graphs are TensorFlow's")

    def graphs_left() -> int:
        gc.collect()
        return Counter(type(each).__name__ for each in gc.get_objects())["FuncGraph"]

    def train() -> None:
        from bench_models import Cnn

        run = TrainingRun(TrainingSettings(epochs=1, batch_size=16), seed=0)
        Cnn(filters=[4], units=4).fit(ToyExamples(), ToyExamples(4), run)
        keras.utils.clear_session()

    before = graphs_left()
    train()
    assert graphs_left() == before
