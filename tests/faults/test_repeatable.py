"""Training repeats bit for bit, whoever else draws random numbers in the process."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from projects import NETWORKS
from warm import WarmProcess, start_program

BENCHFILE = '''
import os, random, threading, time
from random import shuffle
import numpy as np
from benchmark import KerasModel, Model, hookimpl


def draw():
    while True:
        for _ in range(20):
            random.random()
        time.sleep(0.001)


# In workers, what a thread of a library may do at any moment.
if os.environ["UNDISTURBED"] != str(os.getpid()):
    threading.Thread(target=draw, daemon=True).start()


class Careless(KerasModel):
    """Draws from everything that is global."""
    name = "careless"

    def build(self, input_shape, num_classes):
        import keras
        width = random.randint(3, 6)
        order = list(range(4))
        shuffle(order)
        noise = np.random.normal(0, 0.1, num_classes).astype("float32")
        return keras.Sequential([
            keras.Input(input_shape),
            keras.layers.Conv2D(width, 3, activation="relu"),
            keras.layers.GaussianNoise(0.1),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.2 + 0.1 * order[0]),
            keras.layers.Dense(num_classes, activation="softmax",
                               bias_initializer=keras.initializers.Constant(noise)),
        ])


class Guesser(Model):
    """Answers by chance, and not by Keras's."""
    name = "guesser"

    def fit(self, train, validation, run):
        self.bias = [random.random() for _ in range(train.num_classes)]
        return [{"stage": "train", "epoch": 1}]

    def predict(self, examples):
        found = np.random.rand(len(examples), examples.num_classes) + self.bias
        return (found / found.sum(axis=1, keepdims=True)).astype("float32")


@hookimpl
def bench_models():
    return [Careless, Guesser]
'''

SUITE = """
name: trial
cell:
  dataset: {synthetic: {tracks_per_class: 4, seconds: 1, difficulty: 0}}
  features: {mel: {size: [24, 24], n_mels: 24}}
  split: {fractions: [0.5, 0.25, 0.25]}
  training: {epochs: 2, batch_size: 8}
  evaluate: [test]
matrix:
  model: [{cnn: {filters: [4], units: 8, dropout: 0.3}}, mfcc-svm, careless, guesser]
"""

# So many find a generator that is shared. More are run for the figure in benchmarks/README.md.
REPEATED = int(os.environ.get("BENCH_TESTS_REPEATED", "1"))
# Runs the suite here, and then again and again by one worker, in which another thread draws. One core, so that all of
# them compute with one thread.
RUNS = """
import os, sys
os.environ["UNDISTURBED"] = str(os.getpid())
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, set(list(os.sched_getaffinity(0))[:1]))
from contextlib import nullcontext
from pathlib import Path
from benchmark.cli.loading import load_plan
from benchmark.execution.executor import Executors, Inline
from benchmark.execution.progress import make_display
from benchmark.execution.run import RunOptions, run_suite
from benchmark.execution.workers import LocalWorkers
from benchmark.locations import Locations

def run(name, executor):
    locations = Locations(results=Path(name), cache=Path("cache"))
    plugins, plan = load_plan(Path("suite.yaml"), [], locations)
    with make_display() as display:
        executors = Executors(Inline, lambda tasks: nullcontext(executor))
        summary = run_suite(plan, plugins, locations, RunOptions(), executors, display)
    assert [record.status for record in summary.records] == 4 * ["ok"], summary.records

run("inline", Inline())
with LocalWorkers(1) as workers:
    for number in range(int(sys.argv[1])):
        run(f"worker-{number}", workers)
"""


@pytest.mark.slow
def test_runs_in_a_busy_worker_predict_what_an_undisturbed_process_predicts(tmp_path: Path) -> None:
    (tmp_path / "suite.yaml").write_text(SUITE)
    (tmp_path / "benchfile.py").write_text(BENCHFILE)
    process = start(tmp_path, RUNS, str(REPEATED))
    _, err = process.communicate(timeout=900)
    assert process.returncode == 0, err[-3000:]
    expected = predictions(tmp_path / "inline")
    assert len(expected) == 4
    for number in range(REPEATED):
        found = predictions(tmp_path / f"worker-{number}")
        assert found.keys() == expected.keys()
        differing = [name for name, table in found.items() if not table.equals(expected[name])]
        assert not differing, number


def start(folder: Path, program: str, *arguments: str) -> WarmProcess | subprocess.Popen[str]:
    threads = {"OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
    return start_program(program, arguments, folder, os.environ, NETWORKS, of_new=threads)


def predictions(results: Path) -> dict[str, pd.DataFrame]:
    return {
        file.parent.name: pd.read_parquet(file) for file in (results / "trial").glob("*/predictions.parquet")
    }


# Trains a network alone, and then while another thread draws from Python's global generator all the time.
WEIGHTS = '''
import random, threading, time
import numpy as np
from keras import Input, Sequential, layers
from benchmark import KerasModel
from benchmark.plugin.training_run import TrainingRun
from benchmark.settings import TrainingSettings


class Net(KerasModel):
    """Draws in building and in training."""

    name = "net"

    def build(self, input_shape, num_classes):
        parts = [layers.Flatten(), layers.Dense(40), layers.Dropout(0.5), layers.Dense(num_classes, "softmax")]
        return Sequential([Input(input_shape), *parts])


class Pictures:
    """Sixteen pictures of noise, of two classes. See ``data.examples.Examples``."""

    shape, dtype, num_classes = (6, 6, 1), "float32", 2
    labels = np.arange(16) % 2
    images = np.random.default_rng(0).random((16, 6, 6, 1), np.float32)

    def __len__(self):
        return len(self.labels)

    def gather(self, indices, epoch=0):
        return self.images[indices]


def trained():
    model = Net()
    model.fit(Pictures(), None, TrainingRun(TrainingSettings(epochs=1, batch_size=8), seed=3))
    return [np.asarray(weight) for weight in model.network.get_weights()]


def draw():
    while not ended.is_set():
        for _ in range(20):
            random.random()
        time.sleep(0.001)


alone, ended = trained(), threading.Event()
thread = threading.Thread(target=draw)
thread.start()
for one, other in zip(trained(), alone, strict=True):
    print(len(one), np.array_equal(one, other))
ended.set()
thread.join()
'''


@pytest.mark.slow
def test_a_network_has_the_same_weights_twice_while_another_thread_draws(tmp_path: Path) -> None:
    process = start(tmp_path, WEIGHTS)
    said, err = process.communicate(timeout=900)
    assert process.returncode == 0, err[-3000:]
    # Kernel and bias of two layers.
    assert said.splitlines() == ["36 True", "40 True", "40 True", "2 True"]
