"""Layers of keras-cv as augmentations: checked without TensorFlow, drawn from the given generator alone."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest
from batches_in_pixels import batch

from bench_augmentations import KerasCv
from benchmark.exceptions import PluginError
from benchmark.plugin.manager import load_registry
from benchmark.plugin.parameters import check_parameters

# To import it here would bring TensorFlow into whatever tests are asked for.
pytestmark = pytest.mark.skipif(find_spec("keras_cv") is None, reason="keras-cv is not installed")


def test_parameters_are_the_layers_own_with_their_defaults() -> None:
    found, problems = check_parameters(KerasCv, {"layer": "AugMix", "severity": 0.5})
    assert not problems
    assert found == {
        "layer": "AugMix", "value_range": [0, 1], "severity": 0.5, "num_chains": 3, "chain_depth": [1, 3], "alpha": 1.0,
    }  # fmt: skip
    assert check_parameters(KerasCv, {"layer": "RandomFlip"})[0]["mode"] == "horizontal"
    assert check_parameters(KerasCv, {"layer": "RandAugment"})[0]["rate"] == pytest.approx(10 / 11)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"layer": "RandomSaturatoin", "factor": 0.5}, "no such layer. Did you mean 'RandomSaturation'?"),
        ({"layer": "RandomSaturation", "facter": 0.5}, "no parameter 'facter'. Did you mean 'factor'?"),
        ({"layer": "RandomSaturation"}, "needs 'factor'"),
        ({"layer": "RandomChoice"}, "no such layer"),  # of other layers, which a suite cannot write
        ({"layer": "BaseImageAugmentationLayer"}, "no such layer"),
        ({"layer": "RandomFlip", "seed": 1}, "no parameter 'seed'"),
    ],
)
def test_what_the_layer_does_not_take_is_refused(given: dict, why: str) -> None:
    problems = check_parameters(KerasCv, given)[1]
    assert why in " ".join(problem.message for problem in problems)


def test_checking_loads_no_tensorflow() -> None:
    code = (
        "import sys; from benchmark.plugin.manager import load_registry;"
        "load_registry().spec('augmentation', 'keras-cv', {'layer': 'RandomFlip'}).create(load_registry());"
        "print('RESULT', [name for name in ('keras', 'keras_cv', 'tensorflow') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.split("RESULT ")[1].strip() == "[]"


def test_without_keras_cv_it_says_what_to_install(monkeypatch) -> None:
    made = KerasCv(layer="RandomFlip")
    monkeypatch.setattr("bench_augmentations.keras_cv_layers.find_spec", lambda name: None)
    install = "pip install 'genrebench[keras-cv]'"
    assert install in made.unavailable()
    assert install in check_parameters(KerasCv, {"layer": "RandomFlip"})[1][0].message
    with pytest.raises(PluginError, match="keras-cv, which is not installed"):
        made.apply_batch(*batch(), np.random.default_rng(0))


def test_another_backend_is_told(monkeypatch) -> None:
    monkeypatch.setattr("bench_augmentations.keras_cv_layers.asked_backend", lambda: "jax")
    said = "keras-cv's layers need the TensorFlow backend, and KERAS_BACKEND is 'jax'"
    assert KerasCv(layer="RandomFlip").unavailable() == said


def applied(seed: int, layer: str, channels: int = 3, **parameters: object) -> tuple[np.ndarray, np.ndarray]:
    whole = load_registry().spec("augmentation", "keras-cv", {"layer": layer, **parameters})
    return KerasCv(**whole.parameters).apply_batch(*batch(channels=channels), np.random.default_rng(seed))


@pytest.mark.slow
def test_a_layer_does_what_it_is_for() -> None:
    images, targets = batch()
    flipped, labels = applied(0, "RandomFlip", channels=1)
    turned = [np.array_equal(found, image[:, ::-1]) for found, image in zip(flipped, images, strict=True)]
    same = [np.array_equal(found, image) for found, image in zip(flipped, images, strict=True)]
    assert all(one != other for one, other in zip(turned, same, strict=True))
    assert any(turned)
    np.testing.assert_array_equal(labels, targets)
    grey = applied(0, "RandomSaturation", factor=[0.0, 0.0])[0]
    np.testing.assert_allclose(grey, grey.mean(axis=-1, keepdims=True).repeat(3, axis=-1), atol=1e-5)
    mixed, shares = applied(0, "MixUp", alpha=1.0)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)
    assert (mixed != batch(channels=3)[0]).any()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("layer", "parameters"),
    [
        ("RandomSaturation", {"factor": [0.3, 0.7]}),  # from TensorFlow's global state
        ("RandomRotation", {"factor": 0.2}),  # from the layer's own generator
        ("CutMix", {}),  # from both
    ],
)
def test_the_generator_alone_decides_and_nothing_else_is_disturbed(layer: str, parameters: dict) -> None:
    import keras
    import tensorflow as tf

    def drawn(augmented: bool) -> list[float]:
        keras.utils.set_random_seed(5)
        tf.random.set_global_generator(tf.random.Generator.from_seed(5))
        if augmented:
            applied(0, layer, **parameters)
        everywhere = (
            tf.random.normal((1,)), tf.random.get_global_generator().normal((1,)), keras.random.normal((1,)),
            np.random.rand(1),
        )  # fmt: skip
        return [float(np.asarray(each)[0]) for each in everywhere]

    first = applied(3, layer, **parameters)[0]
    assert drawn(augmented=True) == drawn(augmented=False)
    np.testing.assert_array_equal(applied(3, layer, **parameters)[0], first)
    assert (applied(4, layer, **parameters)[0] != first).any()


@pytest.mark.slow
def test_a_layer_that_changes_sizes_or_refuses_its_parameters_is_told_before_anything_runs() -> None:
    whole = load_registry().spec("augmentation", "keras-cv", {"layer": "Resizing", "height": 8, "width": 8})
    assert "must leave sizes as they are" in KerasCv(**whole.parameters).unavailable()
    whole = load_registry().spec("augmentation", "keras-cv", {"layer": "RandomHue", "factor": "much"})
    assert "on a small batch, RandomHue of keras-cv raised" in KerasCv(**whole.parameters).unavailable()
    assert KerasCv(layer="RandomSaturation", factor=(0.3, 0.7)).unavailable() == ""
