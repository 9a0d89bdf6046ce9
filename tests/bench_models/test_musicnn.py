from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy

from bench_models import Musicnn
from bench_models.musicnn import BACKBONE_WEIGHTS, TOP_WEIGHTS
from benchmark.exceptions import WeightsError
from benchmark.settings import TrainingSettings

pytestmark = pytest.mark.slow
FRAMES = 60


@pytest.fixture(scope="module")
def weights(shared: Path) -> Path:
    return shared / "data" / "weights" / "MSD_musicnn.h5"


class ByThePaper:
    """The forward pass of Pons & Serra (2019) in NumPy, from the arrays of a weights file."""

    def __init__(self, file: Path) -> None:
        import h5py

        with h5py.File(file) as stored:
            groups = stored["model_weights"]
            self.arrays = {
                name: [
                    groups[name][each][()].astype(np.float64) for each in groups[name].attrs["weight_names"]
                ]
                for name in groups
                if "weight_names" in groups[name].attrs
            }

    def normalised(self, x: np.ndarray, name: str) -> np.ndarray:
        gamma, beta, mean, variance = self.arrays[name]
        return gamma * (x - mean) / np.sqrt(variance + 1e-3) + beta

    def convolved(self, x: np.ndarray, name: str) -> np.ndarray:
        """x (time, bands); returns (time, bands, filters), valid."""
        kernel, bias = self.arrays[name]
        maps = [
            scipy.signal.correlate(x, kernel[:, :, 0, number], mode="valid")
            for number in range(kernel.shape[3])
        ]
        return np.maximum(np.stack(maps, axis=-1) + bias, 0)

    def embedding(self, frames: np.ndarray) -> np.ndarray:
        """Return 200 numbers of a spectrogram (time, 96), the lowest band first."""
        x = self.normalised(frames[:, :, None], "batch_normalization")[:, :, 0]
        around = np.pad(x, ((3, 3), (0, 0)))
        parts = []
        for number in range(5):
            name = f"conv2d_{number}" if number else "conv2d"
            length = self.arrays[name][0].shape[0]
            before = (length - 1) // 2
            source = around if number < 2 else np.pad(x, ((before, length - 1 - before), (0, 0)))
            y = self.normalised(self.convolved(source, name), f"batch_normalization_{number + 1}")
            parts.append(y.max(axis=1))
        front = np.concatenate(parts, axis=1)
        dense = [front]
        for number in (1, 2, 3):
            y = self.convolved(np.pad(dense[-1], ((3, 3), (0, 0))), f"midend_conv{number}")
            y = self.normalised(y, f"bn_midend_conv{number}")[:, 0]
            dense.append(y if number == 1 else y + dense[-1])
        whole = np.concatenate(dense, axis=1)
        y = self.normalised(np.stack([whole.max(axis=0), whole.mean(axis=0)], axis=1).ravel(), "bn_flatpool")
        kernel, bias = self.arrays["dense"]
        return self.normalised(np.maximum(y @ kernel + bias, 0), "bn_dense")


def test_the_frozen_network_gives_the_numbers_of_the_published_one(weights: Path) -> None:
    import keras

    spectrogram = np.random.default_rng(0).gamma(2.0, 0.5, (FRAMES, 96)).astype(np.float32)
    network = Musicnn(weights=str(weights)).build((96, FRAMES, 1), 10, weights=str(weights))
    given = spectrogram.T[::-1][None, :, :, None]
    ours = keras.ops.convert_to_numpy(network.get_layer("backbone")(given, training=False))[0]
    np.testing.assert_allclose(ours, ByThePaper(weights).embedding(spectrogram), rtol=1e-3, atol=1e-3)


def test_its_size_is_that_of_the_published_one(weights: Path) -> None:
    network = Musicnn(weights=None).build((96, FRAMES, 1), 10, weights=None)
    assert network.get_layer("backbone").count_params() == BACKBONE_WEIGHTS
    assert BACKBONE_WEIGHTS + TOP_WEIGHTS == 792_079
    assert Musicnn(weights=str(weights)).unavailable() == ""


def test_the_probe_trains_the_answer_alone_and_fine_tuning_everything() -> None:
    model = Musicnn(weights=None, stages=["probe", "fine-tune"])
    network = model.build((96, FRAMES, 1), 10, weights=None)
    probe, fine = model.training_stages(TrainingSettings(learning_rate=0.01))
    probe.prepare(network)
    assert sum(int(np.prod(each.shape)) for each in network.trainable_weights) == 200 * 10 + 10
    fine.prepare(network)
    assert sum(int(np.prod(each.shape)) for each in network.trainable_weights) > 700_000
    assert (probe.learning_rate, fine.learning_rate) == (0.01, 0.0001)


def test_other_features_and_other_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="use the features 'musicnn-mel'"):
        Musicnn(weights=None).build((128, 128, 1), 10, weights=None)
    (tmp_path / "text.h5").write_text("no weights")
    for name, word in (("absent.h5", "does not exist"), ("text.h5", "no HDF5 file")):
        assert word in Musicnn(weights=str(tmp_path / name)).unavailable()
        with pytest.raises(WeightsError, match=word):
            Musicnn().build((96, FRAMES, 1), 10, weights=str(tmp_path / name))
