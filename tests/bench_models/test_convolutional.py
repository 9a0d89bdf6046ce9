from __future__ import annotations

import pytest

from bench_models import Cnn, Crnn

pytestmark = pytest.mark.slow


def test_the_cnn_is_the_papers_table_3_layer_by_layer() -> None:
    network = Cnn().build((256, 256, 1), 10)
    found = [(type(layer).__name__, layer.output.shape[1:], layer.count_params()) for layer in network.layers]
    assert found == [
        ("Conv2D", (254, 254, 32), 320),
        ("MaxPooling2D", (127, 127, 32), 0),
        ("Dropout", (127, 127, 32), 0),
        ("Conv2D", (125, 125, 64), 18_496),
        ("MaxPooling2D", (62, 62, 64), 0),
        ("Dropout", (62, 62, 64), 0),
        ("Flatten", (246_016,), 0),
        ("Dense", (64,), 15_745_088),
        ("Dropout", (64,), 0),
        ("Dense", (10,), 650),
    ]
    assert network.count_params() == 15_764_554
    assert [layer.rate for layer in network.layers if type(layer).__name__ == "Dropout"] == [0.35] * 3
    assert network.layers[0].activation.__name__ == "relu"
    assert network.layers[-1].activation.__name__ == "softmax"


def test_the_crnn_reads_one_step_per_column_of_time() -> None:
    network = Crnn().build((64, 96, 1), 10)
    (recurrent,) = [layer for layer in network.layers if type(layer).__name__ == "GRU"]
    assert recurrent.input.shape[1:] == (96 // 8, 64 // 8 * 64)
    assert network.output.shape == (None, 10)
