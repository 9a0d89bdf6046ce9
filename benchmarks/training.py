"""Samples per second in training: through the harness, beside a bare loop over batches that lie on the device already.

Both sides train the same network with the same optimizer in one process, alternately, and only steps are counted: of
the harness the epochs after the first, which compiles. The quickest epoch of each side counts, since what else a
machine does only makes epochs slower. Each backend that is installed has a process of its own. Where
there is an NVIDIA GPU, its busy share is sampled while the harness trains.

Run: python benchmarks/training.py [--models cnn,mobilenet,vgg16] [--size 128] [--batch 32] [--items N] [--epochs 2]
         [--passes 2] [--precision float32] [--backends tensorflow,jax,torch] [--deterministic]
"""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

# Models, and on how many images they are measured unless told otherwise: some seconds an epoch on two CPU cores.
ITEMS = {"cnn": 256, "mobilenet": 96, "vgg16": 32}
BACKENDS = ("tensorflow", "jax", "torch")
Step = Callable[[Any, Any], Any]


def main() -> None:
    asked = arguments()
    if asked.here:
        return measure(asked)
    for name in asked.backends.split(",") if asked.backends else filter(find_spec, BACKENDS):
        command = [sys.executable, __file__, "--here", *sys.argv[1:]]
        subprocess.run(
            command, env={**os.environ, "KERAS_BACKEND": name, "TF_CPP_MIN_LOG_LEVEL": "3"}, check=True
        )
    return None


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--models", default=",".join(ITEMS))
    parser.add_argument("--items", type=int)
    parser.add_argument("--backends", default="")
    parser.add_argument("--precision", default="float32")
    for name, default in (("size", 128), ("batch", 32), ("epochs", 2), ("passes", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--deterministic", action="store_true", help="beside training that is not")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def measure(asked: argparse.Namespace) -> None:
    """Print a line per model, on the backend that the environment names."""
    from benchmark.backend import asked_backend, settle_backend
    from benchmark.training.determinism import allow_determinism
    from benchmark.training.devices import device_names

    settle_backend()
    if asked.deterministic:
        allow_determinism()
    print(
        f"{asked_backend()} on {gpu_name() or device_names()[0]}: images of {asked.size} x {asked.size}, "
        f"batch {asked.batch}, {asked.precision}, {asked.epochs} epochs, {asked.passes} passes; "
        f"load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    for name in asked.models.split(","):
        # Whole batches only, as the bare loop has.
        items = max(1, (asked.items or ITEMS.get(name, asked.batch)) // asked.batch) * asked.batch
        with tempfile.TemporaryDirectory() as folder:
            examples = stored(Path(folder), (asked.size, asked.size, 1), items)
            print(f"  {name:<10} {compare(name, examples, asked)}", flush=True)


def compare(name: str, examples: Any, asked: argparse.Namespace) -> str:
    busy: list[int] = []
    bare, ours, strict = [], [], []
    for _ in range(asked.passes):
        with gpu_sampled(busy):
            ours += through_harness(name, examples, asked, deterministic=False)
        bare += bare_loop(name, examples, asked)
        if asked.deterministic:
            strict += through_harness(name, examples, asked, deterministic=True)
    fast, slow = (len(examples) / min(seconds) for seconds in (bare, ours))
    text = f"{len(examples)} images: harness {slow:8.1f} samples/s, bare loop {fast:8.1f}, ratio {slow / fast:.3f}"
    if strict:
        text += f", deterministic {len(examples) / min(strict) / slow:.3f} of the harness"
    return text + (f", GPU busy {statistics.mean(busy):.0f} %" if busy else "")


def through_harness(
    name: str, examples: Any, asked: argparse.Namespace, *, deterministic: bool
) -> list[float]:
    """Return the seconds of each epoch but the first."""
    from benchmark.plugin.training_run import TrainingRun

    ends: list[float] = []
    run = TrainingRun(
        settings(asked, deterministic), seed=0, listener=lambda *_: ends.append(time.perf_counter())
    )
    model_class(name)(**parameters(name)).fit(examples, None, run)
    return [after - before for before, after in itertools.pairwise(ends)]


def bare_loop(name: str, examples: Any, asked: argparse.Namespace) -> list[float]:
    """Return the seconds of passes over batches on the device, by the fastest loop that each backend knows."""
    import keras

    from benchmark.training.determinism import set_determinism
    from benchmark.training.optimizers import make_optimizer
    from benchmark.training.precision import compiled, precision

    wanted = settings(asked, False)
    set_determinism(False)
    keras.utils.clear_session()
    with precision(asked.precision):
        network = model_class(name)().build(examples.shape, 10, **parameters(name))
        whole = keras.Sequential([keras.Input(examples.shape), keras.layers.Rescaling(1 / 255), network])
    optimizer = make_optimizer(wanted, wanted.learning_rate, 1, 1)
    whole.compile(
        optimizer, wanted.loss, metrics=["sparse_categorical_accuracy"], jit_compile=compiled(wanted)
    )
    numbers = [np.arange(start, start + asked.batch) for start in range(0, len(examples), asked.batch)]
    batches = [(on_device(examples.gather(each)), on_device(examples.labels[each])) for each in numbers]
    whole.train_on_batch(*batches[0])
    step = {"tensorflow": tensorflow_step, "jax": jax_step, "torch": torch_step}[keras.backend.backend()](
        whole
    )
    seconds = []
    for _ in range(asked.epochs + 1):
        started = time.perf_counter()
        for inputs, labels in batches:
            last = step(inputs, labels)
        keras.ops.convert_to_numpy(last)
        seconds.append(time.perf_counter() - started)
    return seconds[1:]


def on_device(array: np.ndarray) -> Any:
    import keras

    return keras.ops.convert_to_tensor(array)


def tensorflow_step(whole: Any) -> Step:
    import tensorflow as tf

    step = tf.function(
        lambda inputs, labels: whole.train_step((inputs, labels)), jit_compile=whole.jit_compile
    )
    return lambda inputs, labels: step(inputs, labels)["loss"]


def jax_step(whole: Any) -> Step:
    import jax

    step = jax.jit(whole.train_step, donate_argnums=0)
    lists = (
        whole.trainable_variables, whole.non_trainable_variables, whole.optimizer.variables, whole.metrics_variables,
    )  # fmt: skip
    state = tuple([variable.value for variable in variables] for variables in lists)

    def advance(inputs: Any, labels: Any) -> Any:
        nonlocal state
        logs, state = step(state, (inputs, labels))
        return logs["loss"]

    return advance


def torch_step(whole: Any) -> Step:
    whole.train()
    return lambda inputs, labels: whole.train_step((inputs, labels))["loss"]


def settings(asked: argparse.Namespace, deterministic: bool) -> Any:
    from benchmark.settings import TrainingSettings

    return TrainingSettings(
        epochs=asked.epochs + 1,
        batch_size=asked.batch,
        precision=asked.precision,
        deterministic=deterministic,
    )


def model_class(name: str) -> Any:
    import bench_models

    return next(model for model in bench_models.bench_models() if model.name == name)


def parameters(name: str) -> dict[str, Any]:
    """Return those that train all weights, from random ones."""
    return {} if name in ("cnn", "crnn") else {"weights": None, "stages": ["fine-tune"]}


def stored(folder: Path, shape: tuple[int, int, int], count: int) -> Any:
    """Return random images in a feature store, as cells read them."""
    from benchmark.data.clips import WHOLE
    from benchmark.data.examples import StoredExamples
    from benchmark.data.items import Item
    from benchmark.data.prepare import feature_key
    from benchmark.data.store import FeatureStore
    from benchmark.plugin.manager import Plugins
    from benchmark.plugin.tracks import Track

    rng = np.random.default_rng(0)
    tracks = [Track(f"t{n}", Path(f"t{n}"), str(n % 10), f"content{n}", 30.0) for n in range(count)]
    store = FeatureStore(folder, shape, "uint8", {"name": "random"})
    with store.writing():
        keys = [feature_key(track, WHOLE, ()) for track in tracks]
        store.append(keys, [rng.integers(0, 255, shape, np.uint8) for _ in tracks])
    items = [Item(n, WHOLE) for n in range(count)]
    labels = [n % 10 for n in range(count)]
    return StoredExamples(store, items, tracks, labels, Plugins().registry, num_classes=10, seed=0)


def gpu_name() -> str:
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    if shutil.which(command[0]) is None:
        return ""
    return (
        subprocess.run(command, capture_output=True, text=True, check=False).stdout.partition("\n")[0].strip()
    )


@contextmanager
def gpu_sampled(busy: list[int]) -> Iterator[None]:
    """Append how many percent of the time the first GPU was busy, five times a second, where there is one."""
    if shutil.which("nvidia-smi") is None:
        yield
        return
    command = [
        "nvidia-smi",
        "-i",
        "0",
        "--query-gpu=utilization.gpu",
        "--format=csv,noheader,nounits",
        "-lms",
        "200",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sampler:
        try:
            yield
        finally:
            sampler.terminate()
            said, _ = sampler.communicate()
            busy += [int(line) for line in said.split() if line.isdigit()]


if __name__ == "__main__":
    main()
