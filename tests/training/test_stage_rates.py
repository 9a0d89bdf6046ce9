"""A stage's own learning rate counts, where nothing else in two cells differs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from toy import ToyExamples

from benchmark import KerasModel
from benchmark.plugin.training_run import TrainingRun
from benchmark.settings import TrainingSettings
from benchmark.training.stages import Stage
from benchmark.training.traced import TracedNetworks

pytestmark = pytest.mark.slow


class Paced(KerasModel):
    """The rate is a parameter of the model, and no setting."""

    name = "paced"

    def build(self, input_shape: Any, num_classes: int, *, rate: float = 0.1) -> Any:
        import keras

        inputs = keras.Input(input_shape)
        outputs = keras.layers.Dense(num_classes, activation="softmax")(keras.layers.Flatten()(inputs))
        return keras.Model(inputs, outputs)

    def training_stages(self, settings: TrainingSettings) -> list[Stage]:
        return [Stage("only", settings.epochs, self.parameters["rate"])]


def answers(rate: float, networks: TracedNetworks | None) -> np.ndarray:
    model = Paced(rate=rate)
    settings = TrainingSettings(epochs=1, batch_size=8, optimizer="sgd")
    model.fit(ToyExamples(), None, TrainingRun(settings, 3, networks=networks))
    said = model.predict(ToyExamples(4, seed=1))
    model.close()
    return said


def test_a_cell_whose_stage_has_another_rate_is_trained_with_that_one() -> None:
    networks = TracedNetworks()
    slow = answers(0.001, networks)
    fast = answers(0.1, networks)
    assert not np.array_equal(slow, fast)
    np.testing.assert_array_equal(fast, answers(0.1, None))
