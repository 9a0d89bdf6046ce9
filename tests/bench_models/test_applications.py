from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from bench_models import KerasApplication
from bench_models.applications import NETWORKS, Network
from benchmark.exceptions import WeightsError

pytestmark = pytest.mark.slow


def test_every_network_of_keras_is_on_offer_and_no_other() -> None:
    import keras

    there = {name for name in dir(keras.applications) if name[0].isupper()}
    assert {name for names in NETWORKS.values() for name in names} == set(get_args(Network)) == there
    for module, names in NETWORKS.items():
        known = vars(import_module(f"keras.applications.{module}"))
        # Keras lists the small and the large MobileNetV3 with the networks, and not with their preprocessing.
        assert all(name in known or module == "mobilenet_v3" for name in names)
        assert "preprocess_input" in known


@pytest.mark.parametrize("network", ["VGG19", "MobileNetV2", "EfficientNetB0", "DenseNet121", "ResNet50V2"])
def test_preprocessing_is_that_of_keras_applications(network: str) -> None:
    import keras

    module = next(module for module, names in NETWORKS.items() if network in names)
    images = np.random.default_rng(0).random((2, 8, 8, 3)).astype(np.float32)
    expected = import_module(f"keras.applications.{module}").preprocess_input(images * 255)
    inputs = keras.Input((8, 8, 3))
    made = keras.Model(inputs, KerasApplication(network=network).preprocess(inputs))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(made(images)), expected, rtol=1e-5, atol=1e-4)


def test_a_weights_file_is_read_and_one_of_another_network_refused(tmp_path: Path) -> None:
    import keras

    backbone = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(32, 32, 3))
    file = tmp_path / "mine.weights.h5"
    backbone.save_weights(file)
    model = KerasApplication(network="MobileNetV2", weights=str(file))
    assert model.unavailable() == ""
    network = model.build((32, 32, 1), 3, network="MobileNetV2", weights=str(file), units=4)
    for mine, theirs in zip(network.get_layer("backbone").get_weights(), backbone.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    with pytest.raises(WeightsError, match="another architecture"):
        KerasApplication(network="VGG16").build((32, 32, 1), 3, network="VGG16", weights=str(file))


def test_without_imagenet_weights_the_error_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import keras

    def offline(*_: object, weights: str | None, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(keras.applications, "MobileNetV2", offline)
    said = KerasApplication(network="MobileNetV2").unavailable()
    assert "'MobileNetV2'" in said
    assert "weights: FILE" in said
    assert "no network" in said
