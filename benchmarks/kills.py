"""Kill runs and their workers at random times: is anything lost, done twice, or left behind?

A finished cell is lost when its result is gone or damaged after a later kill, and repeated when a later run writes it
again. An orphan is a process of a run that is there ten seconds after its driver was killed. A leftover is a file in
the temporary folder, or, after a run that came to its end, a half-written result.
Then: how long after its time limit a task is ended that hangs in native code, in Python, or holding Python's lock.

Run: python benchmarks/kills.py [kills] [seed]
"""

from __future__ import annotations

import ctypes
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import cloudpickle
import psutil

CELLS, TRAINING_SECONDS, ORPHAN_SECONDS, JOBS = 24, 0.4, 10, 2
FILING_SECONDS = 3.0
BENCHFILE = f"""
import time
from benchmark import SklearnModel, hookimpl

class Slow(SklearnModel):
    '''Nearest class mean, after a while.'''
    name = "slow"
    def estimator(self, random_state):
        from sklearn.neighbors import NearestCentroid
        return NearestCentroid()
    def fit(self, train, validation, run):
        time.sleep({TRAINING_SECONDS})
        return super().fit(train, validation, run)

@hookimpl
def bench_models():
    return [Slow]
"""
SUITE = f"""
name: kills
cell:
  dataset: {{synthetic: {{tracks_per_class: 4, seconds: 1, difficulty: 0}}}}
  features: {{mel: {{size: [12, 16], n_mels: 12}}}}
  split: {{fractions: [0.5, 0.25, 0.25]}}
  evaluate: [test]
matrix:
  model: [slow]
  seed: [{", ".join(map(str, range(CELLS)))}]
"""


def start(folder: Path, results: str) -> subprocess.Popen[bytes]:
    bench = [sys.executable, "-c", "from benchmark.cli.main import main; main()"]
    command = [
        *bench,
        "run",
        "suite.yaml",
        "--jobs",
        str(JOBS),
        "--cache",
        "cache",
        "--results",
        results,
        "--retry-failed",
    ]
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            command, cwd=folder, stdout=log, stderr=log,
            env={**os.environ, "BENCH_ENERGY": "off", "BENCH_TRUST": "1", "TMPDIR": str(folder / "tmp")},
        )  # fmt: skip


def finished(results: Path) -> dict[str, int]:
    """Return when each ok cell was filed."""
    found = {}
    for file in results.glob("kills/[!.]*/cell.json"):
        if (
            json.loads(file.read_text())["status"] == "ok"
            and (file.parent / "predictions.parquet").stat().st_size
        ):
            found[file.parent.name] = file.stat().st_mtime_ns
    return found


def campaign(kills: int, rng: random.Random) -> Counter[str]:
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "tmp").mkdir()
        (folder / "suite.yaml").write_text(SUITE)
        (folder / "benchfile.py").write_text(BENCHFILE)
        number, longest = 0, 20.0
        while counts["kills"] < kills:
            results = folder / f"results{number}"
            before = finished(results)
            began = time.monotonic()
            run = start(folder, results.name)
            # At any time; and as often, at any time of the part in which results are filed.
            waits_for = len(before) + 1 if rng.random() < 0.5 else 0
            while waits_for and len(finished(results)) < waits_for and run.poll() is None:
                time.sleep(0.05)
            until = time.monotonic() + (
                rng.uniform(0, FILING_SECONDS) if waits_for else rng.uniform(0, longest)
            )
            while time.monotonic() < until and run.poll() is None:
                time.sleep(0.01)
            if run.poll() is None:
                counts["kills"] += 1
                counts += kill(run, rng)
            run.wait()
            # A run that refuses to begin is no run that was killed.
            assert run.returncode != 2, (folder / "log").read_text()[-2000:]
            after = finished(results)
            counts["cells finished"] += len(after.keys() - before.keys())
            counts["lost"] += sum(cell not in after for cell in before)
            counts["repeated"] += sum(after.get(cell, when) != when for cell, when in before.items())
            counts["leftovers"] += len(list((folder / "tmp").iterdir()))
            if run.returncode in (0, 1):
                longest = min(longest, time.monotonic() - began)
                counts["leftovers"] += len(list(results.glob("kills/.tmp-*")))
            if len(after) == CELLS:
                counts["suites finished"] += 1
                number += 1
    return counts


def kill(run: subprocess.Popen[bytes], rng: random.Random) -> Counter[str]:
    """Kill the driver, or one of its workers if it has some and chance has it so."""
    workers = psutil.Process(run.pid).children(recursive=True)
    if workers and rng.random() < 0.3:
        rng.choice(workers).send_signal(signal.SIGKILL)
        return Counter({"kills of a worker": 1})
    run.kill()
    run.wait()
    limit = time.monotonic() + ORPHAN_SECONDS
    while time.monotonic() < limit and any(is_there(one) for one in workers):
        time.sleep(0.05)
    return Counter({"kills of a driver": 1, "orphans": sum(is_there(one) for one in workers)})


def is_there(one: psutil.Process) -> bool:
    try:
        return one.is_running() and one.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def sleep_in_native_code() -> None:
    ctypes.CDLL(None).sleep(1000)


def hold_pythons_lock() -> None:
    ctypes.PyDLL(None).sleep(1000)


def loop_in_python() -> None:
    while True:
        pass


def latencies(limit: float) -> dict[str, float]:
    """Return, for each way to hang, the seconds beyond its limit after which a task was ended."""
    from benchmark.execution.workers import LocalWorkers

    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    ways = (sleep_in_native_code, loop_in_python, hold_pythons_lock)
    found = {}
    with LocalWorkers(1, seconds=limit) as workers:
        for way in ways:
            list(workers.run(len, [("a worker that is there",)], print))
            began = time.monotonic()
            (outcome,) = workers.run(way, [()], print)
            found[way.__name__] = time.monotonic() - began - limit
            assert outcome.error is not None
    return found


def main() -> None:
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    counts = campaign(kills, random.Random(seed))
    print(
        f"{kills} kills (seed {seed}): "
        + ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
    )
    for name in ("lost", "repeated", "orphans", "leftovers"):
        print(f"{name}: {counts[name]}")
    for way, seconds in latencies(2).items():
        print(f"{way}: ended {seconds:.1f} s beyond its limit")


if __name__ == "__main__":
    main()
