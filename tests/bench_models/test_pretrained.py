from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from bench_models import MobileNet, Vgg16
from benchmark.exceptions import PluginError, WeightsError
from benchmark.execution.availability import check_available
from benchmark.plugin.manager import load_registry
from benchmark.settings import TrainingSettings
from benchmark.suite.load import load_suite

pytestmark = pytest.mark.slow


def counts(network) -> tuple[int, int]:
    trainable = sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)
    return network.count_params(), trainable


@pytest.fixture(scope="module")
def mobilenet(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[np.ndarray], Path]:
    """Return weights of a MobileNet without its top, and the file that holds them."""
    import keras

    backbone = keras.applications.MobileNet(include_top=False, weights=None, input_shape=(32, 32, 3))
    file = tmp_path_factory.mktemp("weights") / "mobilenet.weights.h5"
    backbone.save_weights(file)
    return backbone.get_weights(), file


@pytest.mark.parametrize(
    ("model", "total", "transfer", "fine_tune"),
    [
        (Vgg16, 16_812_554, 2_097_866, 16_812_554),
        # Keras counts BatchNorm's 21,888 moving statistics as not trainable; the paper does not.
        (MobileNet, 7_423_882, 4_195_018, 7_423_882 - 21_888),
    ],
)
def test_parameters_are_the_papers(model, total: int, transfer: int, fine_tune: int) -> None:
    made = model(weights=None)
    network = made.build((256, 256, 1), 10, weights=None)
    first, second = made.training_stages(TrainingSettings())
    first.prepare(network)
    assert counts(network) == (total, transfer)
    second.prepare(network)
    assert counts(network) == (total, fine_tune)
    assert (first.epochs, first.learning_rate) == (12, 0.001)
    assert (second.epochs, second.learning_rate) == (12, 0.0001)


@pytest.mark.parametrize(("model", "module"), [(Vgg16, "vgg16"), (MobileNet, "mobilenet")])
def test_preprocessing_is_that_of_keras_applications(model, module: str) -> None:
    import keras

    images = np.random.default_rng(0).random((2, 8, 8, 3)).astype(np.float32)
    expected = getattr(keras.applications, module).preprocess_input(images * 255)
    inputs = keras.Input((8, 8, 3))
    network = keras.Model(inputs, model().preprocess(inputs))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(network(images)), expected, rtol=1e-5, atol=1e-4)
    assert network.count_params() == 0


@pytest.mark.parametrize("width", [0.25, 0.5, 0.75, 1.0])
def test_each_width_of_mobilenet_has_its_own_weights(width: float, tmp_path: Path) -> None:
    import keras

    alone = keras.applications.MobileNet(
        alpha=width, include_top=False, weights=None, input_shape=(32, 32, 3)
    )
    assert MobileNet(width=width).published()[1] == alone.count_params()
    alone.save_weights(tmp_path / "mine.weights.h5")
    for other in {0.25, 0.5, 0.75, 1.0} - {width}:
        assert (
            "another architecture"
            in MobileNet(width=other, weights=str(tmp_path / "mine.weights.h5")).unavailable()
        )
    assert MobileNet(width=width, weights=str(tmp_path / "mine.weights.h5")).unavailable() == ""


def test_real_imagenet_weights_of_the_narrowest_mobilenet_are_read(shared: Path) -> None:
    import keras

    file = shared / "data" / "weights" / "mobilenet_2_5_224_tf_no_top.weights.h5"
    model = MobileNet(width=0.25, weights=str(file))
    assert model.unavailable() == ""
    network = model.build((64, 64, 1), 3, width=0.25, weights=str(file))
    alone = keras.applications.MobileNet(alpha=0.25, include_top=False, weights=None, input_shape=(64, 64, 3))
    alone.load_weights(file)
    for mine, theirs in zip(network.get_layer("backbone").get_weights(), alone.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_width_that_keras_has_no_weights_for_is_refused() -> None:
    with pytest.raises(PluginError, match=r"'width': must be one of 0.25, 0.5, 0.75, 1, found 0.3"):
        load_registry(None).spec("model", "mobilenet", {"width": 0.3})


def test_a_weights_file_is_read(mobilenet: tuple[list[np.ndarray], Path]) -> None:
    weights, file = mobilenet
    network = MobileNet().build((32, 32, 1), 3, weights=str(file))
    for mine, theirs in zip(network.get_layer("backbone").get_weights(), weights, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_truncated_file_and_one_of_another_network_and_none_say_so(tmp_path: Path) -> None:
    import keras

    other = keras.applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3))
    file = tmp_path / "vgg.weights.h5"
    other.save_weights(file)
    for path, word in ((file, "another architecture"), (tmp_path / "absent.h5", "does not exist")):
        with pytest.raises(WeightsError, match=word):
            MobileNet().build((32, 32, 1), 3, weights=str(path))
    file.write_bytes(file.read_bytes()[:5_000_000])
    with pytest.raises(WeightsError, match="truncated"):
        Vgg16().build((32, 32, 1), 3, weights=str(file))


def test_weights_that_will_not_do_are_told_of_before_anything_is_run(
    tmp_path: Path, mobilenet: tuple[list[np.ndarray], Path]
) -> None:
    file = tmp_path / "mobilenet.weights.h5"
    shutil.copyfile(mobilenet[1], file)
    assert MobileNet(weights=str(file)).unavailable() == ""
    assert MobileNet(weights=None).unavailable() == ""
    (tmp_path / "suite.yaml").write_text(
        f"name: trial\ncell: {{dataset: synthetic, features: mel, model: {{vgg16: {{weights: {file.name}}}}}}}\n"
    )
    registry = load_registry(None)
    suite = load_suite(tmp_path / "suite.yaml", registry)
    with pytest.raises(PluginError, match=f"Model 'vgg16' cannot work here: .*{file.name} holds 3,228,864"):
        check_available(suite.cells, registry)


def test_without_imagenet_weights_the_error_names_file_source_and_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    def offline(*_: object, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(keras.utils, "get_file", offline)
    with pytest.raises(WeightsError) as caught:
        MobileNet().build((32, 32, 1), 3)
    message = str(caught.value)
    for part in ("mobilenet_1_0_224_tf_no_top.h5", "storage.googleapis.com", str(tmp_path), "weights: null"):
        assert part in message
    assert MobileNet().unavailable() == message.rstrip(".")


def test_normalisation_keeps_its_statistics_and_fine_tuning_its_own_number_of_epochs() -> None:
    import keras
    import numpy as np

    parameters = {"weights": None, "width": 0.25, "frozen_normalisation": True, "fine_tune_epochs": 3}
    made = MobileNet(**parameters)
    network = made.build((32, 32, 1), 4, **parameters)
    first, second = made.training_stages(TrainingSettings())
    assert (first.epochs, second.epochs) == (12, 3)
    first.prepare(network)
    second.prepare(network)
    backbone = network.get_layer("backbone")
    normal = [layer for layer in backbone.layers if isinstance(layer, keras.layers.BatchNormalization)]
    before = [np.array(weight) for layer in normal for weight in layer.weights]
    trained = {weight.path for weight in network.trainable_weights}
    assert trained == {weight.path for layer in (*backbone.layers, *network.layers) for weight in layer.weights
                       if layer not in (*normal, backbone)}  # fmt: skip
    network.compile("sgd", "sparse_categorical_crossentropy", jit_compile=False)
    rng = np.random.default_rng(0)
    network.fit(rng.random((8, 32, 32, 1), np.float32), rng.integers(0, 4, 8), verbose=0)
    after = [np.array(weight) for layer in normal for weight in layer.weights]
    assert len(before) == 4 * 27
    assert all(np.array_equal(old, new) for old, new in zip(before, after, strict=True))
