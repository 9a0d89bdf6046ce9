from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.slow

SUITE = """
name: trial
cell:
  dataset: {synthetic: {tracks_per_class: 3, seconds: 1, difficulty: 0}}
  features: {mel: {size: [16, 16], n_mels: 16}}
  split: {fractions: [0.34, 0.33, 0.33]}
  # XLA compiles for each size of a batch: here there is one.
  training: {epochs: 2, batch_size: 10}
  model: {cnn: {filters: [4], units: 8}}
  augmentation: {label: mixed, use: [time-mask, mixup]}
"""


def test_a_suite_runs_on_jax_in_worker_processes_and_its_model_predicts(project) -> None:
    pytest.importorskip("jax")
    project.write(SUITE)
    # XLA compiles for longer than it trains: it need not look for what is fastest.
    project.environment |= {"KERAS_BACKEND": "jax", "JAX_DISABLE_MOST_OPTIMIZATIONS": "true"}
    ran = project.bench("run", "suite.yaml", "--jobs", "1", "--keep-models")
    assert ran.code == 0, ran.err
    (file,) = project.results.glob("[!.]*/cell.json")
    record = json.loads(file.read_text())
    assert record["status"] == "ok"
    assert record["provenance"]["backend"] == "jax"
    assert record["provenance"]["devices"][0].startswith(("cpu", "gpu"))
    metrics = json.loads(file.with_name("metrics.json").read_text())
    assert 0 <= metrics["test"]["top1"] <= 1
    assert (file.parent / "model" / "network.weights.h5").is_file()
