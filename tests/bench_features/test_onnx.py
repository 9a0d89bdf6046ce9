"""Embeddings of an exported encoder are what the encoder computes, and probes on them are scikit-learn's."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import soxr

from bench_features import OnnxEmbedding
from bench_models import Knn, Linear
from benchmark.exceptions import PluginError
from benchmark.plugin.manager import Plugins
from benchmark.plugin.training_run import TrainingRun
from benchmark.settings import TrainingSettings
from benchmark.suite.load import load_suite

pytestmark = pytest.mark.skipif(
    find_spec("onnx") is None or find_spec("onnxruntime") is None, reason="ONNX is not installed"
)

RATE, LENGTH, STRIDE, SIZE = 8_000, 400, 160, 6
WEIGHTS = np.random.default_rng(0).normal(0, 0.1, (SIZE, 1, LENGTH)).astype(np.float32)


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    return exported(tmp_path / "encoder.onnx", 3)


def exported(file: Path, rank: int, weights: np.ndarray = WEIGHTS, samples: int | str = "samples") -> Path:
    """Write an encoder: a convolution over the waveform, rectified, as frames of six numbers, and their sum."""
    from onnx import TensorProto, checker, helper, numpy_helper

    shape: list[int | str] = [*([1] * (rank - 1)), samples]
    reshape = helper.make_node("Reshape", ["wave", "three"], ["shaped"])
    nodes = [
        reshape,
        helper.make_node("Conv", ["shaped", "weights"], ["convolved"], strides=[STRIDE]),
        helper.make_node("Relu", ["convolved"], ["rectified"]),
        helper.make_node("Transpose", ["rectified"], ["frames"], perm=[0, 2, 1]),
        helper.make_node("ReduceSum", ["frames", "time"], ["summed"], keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "encoder",
        [helper.make_tensor_value_info("wave", TensorProto.FLOAT, shape)],
        [
            helper.make_tensor_value_info("frames", TensorProto.FLOAT, [1, "time", SIZE]),
            helper.make_tensor_value_info("summed", TensorProto.FLOAT, [1, "any"]),
        ],
        [
            numpy_helper.from_array(weights, "weights"),
            numpy_helper.from_array(np.array([1, 1, -1]), "three"),
            numpy_helper.from_array(np.array([1]), "time"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model)
    file.write_bytes(model.SerializeToString())
    return file


def frames(heard: np.ndarray) -> np.ndarray:
    """Return what the encoder is defined to compute, in NumPy."""
    starts = range(0, len(heard) - LENGTH + 1, STRIDE)
    return np.array([(WEIGHTS[:, 0] @ heard[start : start + LENGTH]).clip(0) for start in starts])


def clip(seconds: float = 1.5, seed: int = 0, rate: int = RATE) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.3, round(seconds * rate)).astype(np.float32)


def embedded(features: OnnxEmbedding, samples: np.ndarray, rate: int = RATE) -> np.ndarray:
    found = features.compute(samples, rate, reference_length=len(samples))
    assert (found.shape, str(found.dtype)) == (features.shape, features.dtype)
    return found[:, 0, 0]


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_it_is_the_mean_over_frames_of_what_the_encoder_computes(tmp_path: Path, rank: int) -> None:
    features = OnnxEmbedding(file=str(exported(tmp_path / "e.onnx", rank)), sample_rate=RATE)
    np.testing.assert_allclose(embedded(features, clip()), frames(clip()).mean(axis=0), rtol=1e-4)


def test_other_poolings_are_of_the_same_frames(encoder: Path) -> None:
    expected = frames(clip())
    largest = OnnxEmbedding(file=str(encoder), sample_rate=RATE, pooling="max")
    np.testing.assert_allclose(embedded(largest, clip()), expected.max(axis=0), rtol=1e-4)
    both = OnnxEmbedding(file=str(encoder), sample_rate=RATE, pooling="mean-std")
    assert both.shape == (2 * SIZE, 1, 1)
    np.testing.assert_allclose(
        embedded(both, clip()), [*expected.mean(axis=0), *expected.std(axis=0)], rtol=1e-4
    )


def test_a_clip_is_cut_into_windows_and_a_short_one_filled_with_silence(encoder: Path) -> None:
    features = OnnxEmbedding(file=str(encoder), sample_rate=RATE, window=0.5, hop=0.25)
    heard = clip(1.1)
    parts = [frames(heard[start : start + 4000]) for start in (0, 2000, 4000)]
    np.testing.assert_allclose(embedded(features, heard), np.concatenate(parts).mean(axis=0), rtol=1e-4)
    short = clip(0.1)
    padded = frames(np.pad(short, (0, 4000 - len(short))))
    np.testing.assert_allclose(embedded(features, short), padded.mean(axis=0), rtol=1e-4)
    assert np.isfinite(embedded(features, np.zeros(0, np.float32))).all()


def test_the_encoder_hears_its_own_sample_rate(encoder: Path) -> None:
    samples = clip(rate=22_050)
    heard = soxr.resample(samples, 22_050, RATE, quality="HQ")
    features = OnnxEmbedding(file=str(encoder), sample_rate=RATE)
    np.testing.assert_allclose(embedded(features, samples, 22_050), frames(heard).mean(axis=0), rtol=1e-3)


def test_another_output_may_be_named_and_its_size_is_found_out(encoder: Path) -> None:
    features = OnnxEmbedding(file=str(encoder), sample_rate=RATE, output="summed")
    np.testing.assert_allclose(embedded(features, clip()), frames(clip()).sum(axis=0), rtol=1e-4)
    wrong = OnnxEmbedding(file=str(encoder), sample_rate=RATE, output="sumed")
    assert "no output 'sumed'. Available: frames, summed" in wrong.unavailable()


def test_what_is_no_encoder_is_told_in_words(tmp_path: Path, encoder: Path) -> None:
    (tmp_path / "text.onnx").write_text("no model")
    assert (
        "is no ONNX model" in OnnxEmbedding(file=str(tmp_path / "text.onnx"), sample_rate=RATE).unavailable()
    )
    assert "cannot be read" in OnnxEmbedding(file=str(tmp_path / "none"), sample_rate=RATE).unavailable()
    fixed = exported(tmp_path / "fixed.onnx", 2, samples=4000)
    assert OnnxEmbedding(file=str(fixed), sample_rate=RATE, window=0.5).unavailable() == ""
    assert "could not use [1, 8000]" in OnnxEmbedding(file=str(fixed), sample_rate=RATE).unavailable()
    with pytest.raises(PluginError, match="not finite"):
        embedded(OnnxEmbedding(file=str(encoder), sample_rate=RATE), np.full(800, np.nan, np.float32))
    with pytest.raises(ValueError, match="'window' gives none"):
        OnnxEmbedding(file=str(encoder), sample_rate=RATE, hop=1.0)


def test_without_onnxruntime_it_says_what_to_install(encoder: Path, monkeypatch) -> None:
    monkeypatch.setattr("bench_features.onnx.find_spec", lambda name: None)
    features = OnnxEmbedding(file=str(encoder), sample_rate=RATE)
    assert "pip install 'genrebench[onnx]'" in features.unavailable()


def test_the_content_of_the_file_is_what_counts(tmp_path: Path) -> None:
    exported(tmp_path / "a.onnx", 3)
    exported(tmp_path / "b.onnx", 3)

    def identity(file: str) -> dict:
        (tmp_path / "suite.yaml").write_text(
            "name: x\ncell:\n  dataset: synthetic\n  model: linear\n"
            f"  features: {{onnx-embedding: {{file: {file}, sample_rate: {RATE}}}}}\n"
        )
        (cell,) = load_suite(tmp_path / "suite.yaml", Plugins().registry).cells
        return cell.spec.features.identity()

    assert identity("a.onnx") == identity("b.onnx")
    before = identity("a.onnx")
    exported(tmp_path / "a.onnx", 3, 2 * WEIGHTS)
    assert identity("a.onnx") != before


class Embedded:
    """Examples in memory, of what features make of noise that is coloured by its class."""

    def __init__(self, features: OnnxEmbedding, per_class: int, seed: int) -> None:
        self.num_classes, self.shape, self.dtype = 3, features.shape, features.dtype
        self.labels = np.repeat(np.arange(3), per_class)
        waves = [
            np.convolve(clip(0.5, seed + number), np.ones(1 + 2 * label) / (1 + label), "same")
            for number, label in enumerate(self.labels)
        ]
        self.items = np.stack(
            [features.compute(w.astype(np.float32), RATE, reference_length=4000) for w in waves]
        )

    def __len__(self) -> int:
        return len(self.labels)

    def gather(self, indices: np.ndarray, epoch: int = 0) -> np.ndarray:
        return self.items[indices]


@pytest.mark.parametrize("name", ["linear", "knn"])
def test_probes_on_embeddings_answer_as_scikit_learn_does(encoder: Path, name: str) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    features = OnnxEmbedding(file=str(encoder), sample_rate=RATE)
    train, test = Embedded(features, 12, 0), Embedded(features, 5, 100)
    model, reference = {
        "linear": (Linear(), LogisticRegression(max_iter=1000)),
        "knn": (Knn(), KNeighborsClassifier(5)),
    }[name]
    model.fit(train, None, TrainingRun(TrainingSettings(), seed=0))
    pipeline = make_pipeline(StandardScaler(), reference)
    pipeline.fit(train.items[:, :, 0, 0], train.labels)
    expected = pipeline.predict_proba(test.items[:, :, 0, 0])
    np.testing.assert_allclose(model.predict(test), expected, atol=1e-4)
    assert expected.std(axis=0).max() > 0.1
