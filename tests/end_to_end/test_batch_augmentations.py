"""Augmentations of training batches, from the suite to the result."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from batches_in_pixels import ALL
from projects import FEW_SECTIONS
from toy import ToyExamples

from benchmark import Augmentation

SUITE = """
name: trial
cell:
  dataset: {synthetic: {tracks_per_class: 4, seconds: 1, difficulty: 0}}
  features: {mel: {size: [16, 20], n_mels: 16}}
  split: {fractions: [0.5, 0.25, 0.25]}
  training: {epochs: 1, batch_size: 12, loss: LOSS}
matrix:
  model: [{cnn: {filters: [4], units: 4}}]
  augmentation: [none, AUGMENTATIONS]
"""


def suite(loss: str = "sparse_categorical_crossentropy", *names: str) -> str:
    return SUITE.replace("AUGMENTATIONS", ", ".join(names)).replace("LOSS", loss)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("loss", "names"),
    [
        ("sparse_categorical_crossentropy", list(ALL)),
        ("categorical_focal_crossentropy", ["mixup"]),
        ("kl_divergence", ["cutmix", "{label: two, use: [mixup, random-erasing]}"]),
    ],
)
def test_each_trains_under_soft_labels_and_differs_from_none(
    network_project, loss: str, names: list[str]
) -> None:
    project = network_project
    project.sections = FEW_SECTIONS
    project.write(suite(loss, *names))
    ran = project.bench("run", "suite.yaml", "--executor", "inline")
    assert ran.code == 0, ran.out + ran.err
    losses = {}
    for file in project.results.glob("[!.]*/cell.json"):
        record = json.loads(file.read_text())
        assert record["counts"]["train_items"] == 20
        rows = list(csv.DictReader((file.parent / "history.csv").open()))
        assert len(rows) == 1
        for row in rows:
            assert 0 <= float(row["accuracy"]) <= 1
            assert np.isfinite(float(row["loss"]))
        losses[record["labels"]["augmentation"]] = rows[0]["loss"]
    assert len(losses) == 1 + len(names)
    assert len(set(losses.values())) == len(losses)


class Dark(Augmentation):
    """Makes two pixels in three black."""

    name, acts_on = "dark", "batch"

    def apply_batch(self, inputs, targets, rng):
        return inputs * (rng.random(inputs.shape) < 1 / 3), targets


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_batches_are_drawn_anew_in_each_epoch_and_for_each_batch(dtype: str) -> None:
    from benchmark.training.batches import Batches

    examples = ToyExamples(per_class=3, size=24)
    examples.images = np.full_like(examples.images, 200)
    scale = 255
    if dtype == "float32":
        examples.images = examples.images.astype(np.float32) / 255
        scale = 1
    examples.dtype = dtype
    batches = Batches(examples, 4, seed=1, shuffled=True, one_hot=True, augmentations=(Dark(),))
    seen = []
    for epoch in range(2):
        batches.epoch = epoch
        for index in range(3):
            inputs, targets = batches[index]
            assert inputs.dtype == np.float32
            assert set(np.unique(np.round(inputs / scale * 255))) == {0, 200}
            assert targets.shape == (1 if index == 2 else 4, 3)
            seen.append(inputs[0].tobytes())
    batches.close()
    assert len(set(seen)) == 6


def test_a_model_without_batches_refuses_them(project) -> None:
    project.write(
        suite("sparse_categorical_crossentropy", "mixup").replace(
            "{cnn: {filters: [4], units: 4}}", "majority"
        )
    )
    for verb in ("plan", "run"):
        ran = project.bench(verb, "suite.yaml")
        assert ran.code == 2
        assert (
            "suite.yaml:10: model 'majority' is not trained in batches, so 'mixup' cannot be applied"
            in ran.err
        )


@pytest.mark.parametrize(
    ("use", "why"),
    [
        ("{mixup: {alpha: 0.01}}", "'alpha': input should be greater than or equal to 0.1"),
        ("[[mixup, time-mask]]", "mixes fixed copies and augmentations drawn afresh"),
        ("{random-erasing: {smallest: 0.5}}", "'smallest' (0.5) is above 'largest' (0.33)"),
    ],
)
def test_what_does_not_go_together_is_refused_with_its_line(project, use: str, why: str) -> None:
    project.write(suite("kl_divergence", use))
    ran = project.bench("plan", "suite.yaml")
    assert ran.code == 2
    assert "suite.yaml:10" in ran.err
    assert why in ran.err


@pytest.mark.slow
def test_a_component_that_cannot_work_here_is_named_before_anything_runs(project) -> None:
    project.write(suite("kl_divergence", "{keras-cv: {layer: RandomFlip}}"))
    project.environment["KERAS_BACKEND"] = "jax"
    assert project.bench("plan", "suite.yaml").code == 0
    ran = project.bench("run", "suite.yaml")
    assert ran.code == 2
    assert (
        "Augmentation 'keras-cv' cannot work here: keras-cv's layers need the TensorFlow backend" in ran.err
    )
    assert not list(project.results.glob("[!.]*/cell.json"))
