"""What memory a worker process has after each of many small networks, which it trains one after another.

With one kind of network all cells share its traced step; with several, each cell has another kind than the one before
it, and is traced anew.

Run: python benchmarks/worker_memory.py [cells [kinds of networks]]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

SUITE = """
name: memory
cell:
  dataset: {{synthetic: {{tracks_per_class: 4, seconds: 1, difficulty: 0}}}}
  features: {{mel: {{size: [16, 16], n_mels: 16}}}}
  split: {{fractions: [0.5, 0.25, 0.25]}}
  training: {{epochs: 1, batch_size: 20}}
  evaluate: [test]
matrix:
  seed: {seeds}
  model: [{models}]
"""
MIB = 1024 * 1024
SETTLED = 5


def worker_of(run: subprocess.Popen[bytes]) -> psutil.Process | None:
    """Return the process with the most memory among those that a run has started: the one with TensorFlow."""
    children = psutil.Process(run.pid).children(recursive=True)
    return max(children, key=lambda child: child.memory_info().rss, default=None)


def main() -> None:
    cells, kinds = (int(argument) for argument in (sys.argv[1:3] + ["100", "1"][len(sys.argv[1:3]) :]))
    models = ", ".join(
        f"{{cnn: {{filters: [4, 8], units: {16 + kind}}}, label: kind {kind}}}" for kind in range(kinds)
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "suite.yaml").write_text(SUITE.format(seeds=list(range(cells // kinds)), models=models))
        bench = [sys.executable, "-c", "from benchmark.cli.main import main; main()"]
        command = [*bench, "run", "suite.yaml", "--jobs", "1", "--cache", "cache"]
        log = (folder / "log").open("wb")
        run = subprocess.Popen(
            command, cwd=folder, env={**os.environ, "BENCH_ENERGY": "off"}, stdout=log, stderr=log
        )
        levels: list[float] = []
        pids: list[int] = []
        while run.poll() is None:
            done = len(list(folder.glob("results/memory/*/cell.json")))
            if done > len(levels):
                try:
                    worker = worker_of(run)
                    level = worker.memory_info().rss / MIB if worker else None
                except psutil.Error:
                    level = None
                if worker is not None and level is not None:
                    pids.append(worker.pid)
                    levels += [level] * (done - len(levels))
                    print(f"{done} cells: {level:.0f} MiB", flush=True)
            time.sleep(0.02)
    print(f"{cells} cells, exit code {run.returncode}, {len(set(pids))} worker processes")
    if len(levels) > 2 * SETTLED:
        first, last = statistics.median(levels[SETTLED : 2 * SETTLED]), statistics.median(levels[-SETTLED:])
        print(
            f"MiB after cells {SETTLED + 1} to {2 * SETTLED}: {first:.0f}, after the last {SETTLED}: {last:.0f}"
        )
        print(f"growth: {last - first:+.0f} MiB, highest {max(levels):.0f} MiB")


if __name__ == "__main__":
    main()
