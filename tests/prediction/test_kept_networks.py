from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from toy import ToyExamples

from bench_models.pretrained import MobileNet
from benchmark.plugin.training_run import TrainingRun
from benchmark.settings import TrainingSettings


@pytest.mark.slow
def test_a_kept_network_needs_none_of_the_weights_that_it_began_with(tmp_path: Path) -> None:
    examples = ToyExamples(per_class=2, size=32)
    model = MobileNet(width=0.25, stages=["transfer"], weights=None, units=4)
    # Of the optimizers, SGD has least to be traced.
    model.fit(examples, None, TrainingRun(TrainingSettings(epochs=1, batch_size=4, optimizer="sgd"), seed=0))
    model.save(tmp_path)
    answers = model.predict(examples)
    kept = MobileNet.load(tmp_path, width=0.25, stages=["transfer"], weights="gone.h5", units=4)
    np.testing.assert_allclose(kept.predict(examples), answers, atol=1e-5)
