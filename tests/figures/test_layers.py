from __future__ import annotations

from typing import Any

import pytest

from bench_models.convolutional import Cnn
from bench_models.pretrained import MobileNet
from benchmark.figures.layers import layer_table
from benchmark.settings import TrainingSettings


def table(model: Any, size: int) -> Any:
    return layer_table(model, "network", (size, size, 1), 10, TrainingSettings())


@pytest.mark.slow
def test_the_custom_cnn_has_the_layers_of_the_papers_table_3() -> None:
    found = table(Cnn(filters=[32, 64], units=64, dropout=0.35), 256)
    assert [(line["layer"], line["output"], line["parameters"]) for line in found.lines] == [
        ("Input", "256, 256, 1", 0),
        ("Conv2D 32, 3 × 3, relu", "254, 254, 32", 320),
        ("MaxPooling2D 2 × 2", "127, 127, 32", 0),
        ("Dropout 0.35", "127, 127, 32", 0),
        ("Conv2D 64, 3 × 3, relu", "125, 125, 64", 18_496),
        ("MaxPooling2D 2 × 2", "62, 62, 64", 0),
        ("Dropout 0.35", "62, 62, 64", 0),
        ("Flatten", "246,016", 0),
        ("Dense 64, relu", "64", 15_745_088),
        ("Dropout 0.35", "64", 0),
        ("Dense 10, softmax", "10", 650),
    ]
    assert found.caption == "network: 15,764,554 parameters."
    assert found.notes == ()


@pytest.mark.slow
def test_a_backbone_is_one_line_and_stages_say_what_they_train_without_any_weights_fetched() -> None:
    found = table(MobileNet(stages=["transfer", "fine-tune"], weights="no-such-file.h5"), 64)
    backbone = next(line for line in found.lines if line["layer"].startswith("backbone"))
    assert (backbone["output"], backbone["parameters"]) == ("2, 2, 1,024", 3_228_864)
    head = 4096 * 64 + 64 + 650
    assert f"Stage 'transfer' trains {head:,} of them." in found.notes
    assert f"Stage 'fine-tune' trains {head + 3_228_864 - 21_888:,} of them." in found.notes
