"""Features that are no images, an embedding and a sequence: through the cache, models, augmentations and figures."""

from __future__ import annotations

import json

import pytest
from projects import NETWORKS

from benchmark.files import TEMPORARY

COMPONENTS = '''
import numpy as np
from benchmark import Augmentation, Features, KerasModel, SklearnModel, hookimpl


class Embedding(Features):
    """The mean level of each of 24 bands of the spectrum."""
    name, shape, dtype = "embedding", (24,), "float32"

    def compute(self, samples, sample_rate, *, reference_length):
        spectrum = np.abs(np.fft.rfft(samples))[1:]
        bands = np.array([band.mean() for band in np.array_split(spectrum, 24)])
        return (bands / bands.max()).astype("float32")


class Sequence(Features):
    """The levels of 6 bands, step by step."""
    name, shape, dtype = "sequence", (10, 6), "float32"

    def compute(self, samples, sample_rate, *, reference_length):
        steps = np.array_split(samples, 10)
        rows = [[band.mean() for band in np.array_split(np.abs(np.fft.rfft(step))[1:], 6)] for step in steps]
        return (np.array(rows) / np.max(rows)).astype("float32")


class Dense(KerasModel):
    """One layer on anything, flattened."""
    name = "dense"

    def build(self, input_shape, num_classes, *, units: int = 8):
        import keras
        from keras import layers

        return keras.Sequential([
            keras.Input(input_shape), layers.Flatten(), layers.Dense(units, activation="relu"),
            layers.Dense(num_classes, activation="softmax"),
        ])


class Recurrent(KerasModel):
    """A GRU on sequences."""
    name = "recurrent"
    dimensions = frozenset({2})

    def build(self, input_shape, num_classes, *, units: int = 4):
        import keras
        from keras import layers

        return keras.Sequential([
            keras.Input(input_shape), layers.GRU(units), layers.Dense(num_classes, activation="softmax"),
        ])


class Nearest(SklearnModel):
    """The nearest class mean."""
    name = "nearest"
    pooled = True

    def estimator(self, random_state):
        from sklearn.neighbors import NearestCentroid
        return NearestCentroid()


class Jitter(Augmentation):
    """Noise on features of any shape."""
    name = "jitter"
    acts_on = "features"

    def apply(self, data, rng, **settings):
        return (data + rng.normal(0, 0.01, data.shape)).astype(data.dtype)


@hookimpl
def bench_features():
    return [Embedding, Sequence]


@hookimpl
def bench_models():
    return [Dense, Recurrent, Nearest]


@hookimpl
def bench_augmentations():
    return [Jitter]
'''
SUITE = """
name: trial
cell:
  dataset: {synthetic: {tracks_per_class: 6, seconds: 1, difficulty: 0}}
  split: {fractions: [0.5, 0.17, 0.33]}
  training: {epochs: 1, batch_size: 16}
  augmentation: [jitter]
  evaluate: [test]
matrix:
  features: [embedding, sequence]
  model: [majority, nearest, linear]
"""


@pytest.fixture
def shapes(project):
    """Return a project whose features are vectors and sequences."""
    (project.folder / "benchfile.py").write_text(COMPONENTS)
    project.write(SUITE)
    return project


def statuses(project) -> dict[str, str]:
    records = [json.loads(file.read_text()) for file in project.results.glob("*/cell.json")]
    return {
        f"{record['labels']['features']} {record['labels']['model']}": record["status"] for record in records
    }


def top1(project) -> dict[str, float]:
    return {
        folder.name.rpartition("-")[0]: json.loads((folder / "metrics.json").read_text())["test"]["top1"]
        for folder in project.results.iterdir()
        if (folder / "metrics.json").exists()
    }


@pytest.mark.slow
def test_classifiers_learn_from_vectors_and_sequences_with_augmented_copies(shapes) -> None:
    ran = shapes.bench("run", "suite.yaml", "--executor", "inline")
    assert ran.code == 0, ran.err
    assert set(statuses(shapes).values()) == {"ok"}
    assert len(statuses(shapes)) == 6
    found = top1(shapes)
    # Synthetic classes are told apart by their spectra.
    assert found["embedding-nearest"] > 2 * found["embedding-majority"]
    assert found["sequence-linear"] > 2 * found["sequence-majority"]
    record = json.loads(next(shapes.results.glob("embedding-nearest-*/cell.json")).read_text())
    assert record["counts"]["train_items"] == 2 * record["counts"]["train_tracks"]


def test_what_needs_images_says_so_when_it_is_planned_with_file_and_line(shapes) -> None:
    shapes.write(
        SUITE.replace("linear]", "cnn, recurrent]").replace("[jitter]", "[filter-augment, time-mask, noise]")
    )
    ran = shapes.bench("plan", "suite.yaml")
    assert ran.code == 2
    lines = (shapes.folder / "suite.yaml").read_text().splitlines()
    (model,) = (number for number, line in enumerate(lines, 1) if "model:" in line)
    (jitter,) = (number for number, line in enumerate(lines, 1) if "augmentation:" in line)
    assert (
        f"suite.yaml:{model}: model 'cnn' needs features that are images (height, width, channels); "
        in ran.err
    )
    assert (
        "those of 'embedding' have the shape (24,). Leave such cells out: exclude: [{model: cnn, features: embedding}]"
        in ran.err
    )
    assert "those of 'sequence' have the shape (10, 6)." in ran.err
    assert (
        f"suite.yaml:{model}: model 'recurrent' needs features that are sequences (steps in time, values);"
        in ran.err
    )
    assert f"suite.yaml:{jitter}: augmentation 'filter-augment' needs features that are images" in ran.err
    masks = f"suite.yaml:{jitter}: augmentation 'time-mask' needs features that are images (height, width, channels) or sequences"
    assert ran.err.count(masks) == 1
    assert "noise" not in ran.err
    excluded = "exclude: [{model: cnn}, {model: recurrent, features: embedding}]\n"
    shapes.write(SUITE.replace("linear]", "cnn, recurrent]") + excluded)
    assert shapes.bench("plan", "suite.yaml").code == 0


@pytest.mark.slow
def test_figures_show_vectors_and_sequences(shapes) -> None:
    shapes.libraries = NETWORKS
    suite = SUITE.replace("[majority, nearest, linear]", "[majority]").replace("[jitter]", "[jitter, mixup]")
    shapes.write(suite.replace("[majority]", "[dense]"))
    ran = shapes.bench("figures", "suite.yaml", "--out", "pictures")
    assert ran.code == 0, ran.err
    made = {file.name for file in (shapes.folder / "pictures").iterdir()}
    assert {
        "model-input.png",
        "augmentations.png",
        "layers-dense-embedding.md",
        "layers-dense-sequence.md",
    } <= made
    table = (shapes.folder / "pictures" / "layers-dense-sequence.md").read_text()
    assert "10, 6" in table


@pytest.mark.slow
def test_networks_learn_from_vectors_and_sequences_with_batches_mixed(shapes) -> None:
    shapes.libraries = NETWORKS
    shapes.write(
        SUITE.replace("[majority, nearest, linear]", "[dense, recurrent]").replace(
            "[jitter]", "[jitter, mixup]"
        )
        + "exclude: [{model: recurrent, features: embedding}]\n"
    )
    ran = shapes.bench("run", "suite.yaml", "--executor", "inline", "--keep-models")
    assert ran.code == 0, ran.err
    assert statuses(shapes) == {"embedding dense": "ok", "sequence dense": "ok", "sequence recurrent": "ok"}
    clip = next(song for song in shapes.cache.rglob("*.wav") if TEMPORARY not in str(song))
    said = shapes.bench("predict", "sequence recurrent", str(clip), "--suite", "suite.yaml")
    assert said.code == 0, said.err
