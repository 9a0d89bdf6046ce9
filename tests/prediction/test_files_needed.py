"""A record keeps what a file holds and not where it lies, so that whoever predicts says where it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.files import TEMPORARY

pytestmark = pytest.mark.slow

BENCHFILE = """
from typing import Annotated
import numpy as np
from benchmark import Features, File, hookimpl

class Tabled(Features):
    '''Energies of a clip's parts, weighted by the numbers of a file.'''
    name = "tabled"

    def __init__(self, *, table: Annotated[str, File()]) -> None:
        self.table = table

    @property
    def shape(self):
        return (4, 1, 1)

    @property
    def dtype(self):
        return "float32"

    def compute(self, samples, sample_rate, *, reference_length):
        weights = np.array([float(each) for each in open(self.table).read().split()], np.float32)
        parts = np.array([np.sqrt(np.mean(part**2)) for part in np.array_split(samples, 4)], np.float32)
        return (weights * parts)[:, None, None]

@hookimpl
def bench_features():
    return [Tabled]
"""
SUITE = """
name: trial
cell:
  dataset: {synthetic: {tracks_per_class: 6, seconds: 1, difficulty: 0}}
  features: FEATURES
  split: {fractions: [0.5, 0.17, 0.33]}
  evaluate: [test]
matrix:
  model: [linear]
"""


def trained(project: Any, features: str) -> tuple[str, str]:
    """Return the cell's folder and a file that sounds like those of its dataset."""
    (project.folder / "benchfile.py").write_text(BENCHFILE)
    project.write(SUITE.replace("FEATURES", features))
    (project.folder / "table.txt").write_text("1 2 3 4")
    ran = project.bench("run", "suite.yaml", "--keep-models", "--executor", "inline")
    assert ran.code == 0, ran.err
    (cell,) = (file.parent for file in project.results.glob("*/cell.json"))
    # Others may be making songs in the same cache.
    return str(cell), str(
        min(song for song in (project.cache / "synthetic").rglob("*.wav") if TEMPORARY not in str(song))
    )


@pytest.mark.parametrize(
    "features",
    [
        "{tabled: {table: table.txt}}",
        "{stack: {of: [{tabled: {table: table.txt}}, {tabled: {table: table.txt}}]}}",
    ],
)
def test_a_file_that_features_need_is_named_and_found_out_by_its_content(project: Any, features: str) -> None:
    cell, song = trained(project, features)
    moved = project.folder / "elsewhere.txt"
    (project.folder / "table.txt").rename(moved)
    without = project.bench("predict", cell, song, "--suite", "suite.yaml")
    assert without.code != 0
    assert "not where it lies (table: sha256:" in without.err
    assert "--file FILE" in without.err
    found = project.bench("predict", cell, song, "--suite", "suite.yaml", "--file", str(moved), "--json")
    assert found.code == 0, found.err
    assert json.loads(found.out)["files"][0]["probabilities"]


def test_a_file_that_holds_something_else_is_refused(project: Any) -> None:
    cell, song = trained(project, "{tabled: {table: table.txt}}")
    other = project.folder / "other.txt"
    other.write_text("4 3 2 1")
    for file, why in (
        (other, "holds the same"),
        (project.folder / "gone.txt", "cannot be read (No such file"),
    ):
        ran = project.bench("predict", cell, song, "--suite", "suite.yaml", "--file", str(file))
        assert ran.code == 2
        assert why in ran.err


def test_an_encoder_is_named_where_a_model_of_its_embeddings_predicts(project: Any) -> None:
    pytest.importorskip("onnxruntime")
    encoder(project.folder / "encoder.onnx")
    cell, song = trained(project, "{onnx-embedding: {file: encoder.onnx, sample_rate: 8000}}")
    assert "name it by --file FILE" in project.bench("predict", cell, song).err
    ran = project.bench("predict", cell, song, "--file", "encoder.onnx", "--json")
    assert ran.code == 0, ran.err
    assert sum(json.loads(ran.out)["files"][0]["probabilities"].values()) == pytest.approx(1, abs=1e-5)


def encoder(file: Path) -> None:
    """Write an encoder of a waveform: a rectified convolution."""
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper

    weights = np.random.default_rng(0).normal(0, 0.1, (6, 1, 400)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["wave", "weights"], ["convolved"], strides=[160]),
            helper.make_node("Relu", ["convolved"], ["rectified"]),
            helper.make_node("Transpose", ["rectified"], ["frames"], perm=[0, 2, 1]),
        ],
        "encoder",
        [helper.make_tensor_value_info("wave", TensorProto.FLOAT, [1, 1, "samples"])],
        [helper.make_tensor_value_info("frames", TensorProto.FLOAT, [1, "time", 6])],
        [numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    file.write_bytes(model.SerializeToString())
