"""Four drivers on one results folder, killed and started again at random times: is each cell run once?

A cell's training writes a line when it begins and one when it ends. A cell is repeated when its training ended twice
and both were filed, or its result was written again after it was there; work that a kill cut short is counted apart.
At the end the report is compared with that of one undisturbed driver, but for what the machine took, and predictions
byte by byte.

Run: python benchmarks/claims.py [kills for each driver] [seed]
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pandas as pd

from benchmark.claims import holdings

CELLS, DRIVERS, TRAINING_SECONDS = 60, 4, 2.0
# What a machine took for it, which is another each time.
MEASURED = ("training_seconds", "items_per_second", "peak_memory_mb", "energy_wh")
BENCHFILE = f"""
import os, time
from benchmark import SklearnModel, hookimpl

class Slow(SklearnModel):
    '''Nearest class mean, after a while.'''
    name = "slow"
    def estimator(self, random_state):
        from sklearn.neighbors import NearestCentroid
        return NearestCentroid()
    def fit(self, train, validation, run):
        note("begins", run.seed)
        time.sleep({TRAINING_SECONDS})
        fitted = super().fit(train, validation, run)
        note("ends", run.seed)
        return fitted

def note(what, seed):
    descriptor = os.open(os.environ["TRAINED"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, f"{{what}} {{seed}}\\n".encode())
    os.close(descriptor)

@hookimpl
def bench_models():
    return [Slow]
"""
SUITE = f"""
name: claims
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
    options = ["--executor", "inline", "--cache", "cache", "--results", results]
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [*bench, "run", "suite.yaml", *options], cwd=folder, stdout=log, stderr=log,
            env={**os.environ, "BENCH_ENERGY": "off", "BENCH_TRUST": "1", "OMP_NUM_THREADS": "1", "BENCH_LEASE": "10",
                 "TRAINED": str(folder / f"{results}.log")},
        )  # fmt: skip


def filed(results: Path) -> dict[str, int]:
    """Return when each result was written."""
    found = {}
    for file in results.glob("claims/[!.]*/cell.json"):
        try:
            found[file.parent.name] = file.stat().st_mtime_ns
        except FileNotFoundError:
            found[file.parent.name] = -1
    return found


def campaign(folder: Path, kills: int, rng: random.Random) -> Counter[str]:
    counts: Counter[str] = Counter()
    results = folder / "many"
    drivers = [start(folder, "many") for _ in range(DRIVERS)]
    left = [kills] * DRIVERS
    known: dict[str, int] = {}
    while any(left) or any(driver.poll() is None for driver in drivers):
        time.sleep(rng.uniform(0.2, 1.5))
        now = filed(results)
        counts["written again"] += sum(now.get(cell) != when for cell, when in known.items())
        known = now
        number = rng.randrange(DRIVERS)
        if not left[number]:
            continue
        left[number] -= 1
        # At any time; and as often, at any time of a training.
        until = time.monotonic() + (20 if rng.random() < 0.6 else 0)
        while time.monotonic() < until and drivers[number].poll() is None:
            if any(
                held.owner.pid == drivers[number].pid for held in holdings(results / "claims" / ".claims")
            ):
                counts["kills of one that holds a cell"] += 1
                time.sleep(rng.uniform(0, TRAINING_SECONDS))
                break
            time.sleep(0.02)
        if drivers[number].poll() is None:
            counts["kills"] += 1
            if rng.random() < 0.2:
                drivers[number].send_signal(signal.SIGSTOP)
                time.sleep(rng.uniform(0, 2))
                counts["stopped before"] += 1
            drivers[number].kill()
        else:
            counts["kills of none"] += 1
        drivers[number].wait()
        drivers[number] = start(folder, "many")
    counts["exit codes that are not 0"] = sum(driver.returncode != 0 for driver in drivers)
    counts["cells"] = len(known)
    trained = (folder / "many.log").read_text().split("\n")
    ends = Counter(line for line in trained if line.startswith("ends"))
    counts["trainings begun"] = sum(line.startswith("begins") for line in trained)
    counts["trainings ended"] = sum(ends.values())
    counts["cells whose training ended twice"] = sum(count > 1 for count in ends.values())
    left_over = [*(results / "claims").glob(".claims/**/*"), *(results / "claims").glob(".tmp-*")]
    counts["claims left"] = len(left_over)
    return counts


def main() -> None:
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(10_000)
    print(f"seed {seed}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "suite.yaml").write_text(SUITE)
        (folder / "benchfile.py").write_text(BENCHFILE)
        counts = campaign(folder, kills, random.Random(seed))
        for what, count in sorted(counts.items()):
            print(f"{count:6} {what}")
        if "--log" in sys.argv:
            print((folder / "log").read_text())
        if start(folder, "one").wait():
            print("the single driver failed")
        one, many = (pd.read_csv(folder / each / "claims/report/leaderboard.csv") for each in ("one", "many"))
        same = [name for name in one.columns if name not in MEASURED]
        verdict = "equal" if one[same].equals(many[same]) else "NOT EQUAL"
        print(f"leaderboard, {len(same)} of {len(one.columns)} columns: {verdict}")
        predictions = sorted((folder / "one" / "claims").glob("*/predictions.parquet"))
        same = sum(
            file.read_bytes() == (folder / "many" / "claims" / file.parent.name / file.name).read_bytes()
            for file in predictions
        )
        print(f"{same} of {len(predictions)} cells have equal predictions")


if __name__ == "__main__":
    main()
