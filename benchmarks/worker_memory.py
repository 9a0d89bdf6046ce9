"""What memory a worker process has after each of many small networks, which it trains one after another.

Run: python benchmarks/worker_memory.py [cells]
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
  model: [{{cnn: {{filters: [4, 8], units: 16}}}}]
  seed: [{seeds}]
"""
MIB = 1024 * 1024
SETTLED = 5


def worker_of(run: subprocess.Popen[bytes]) -> psutil.Process | None:
    """Return the process with the most memory among those that a run has started: the one with TensorFlow."""
    found = psutil.Process(run.pid).children(recursive=True)
    return max(found, key=lambda one: one.memory_info().rss, default=None)


def main() -> None:
    cells = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "suite.yaml").write_text(SUITE.format(seeds=", ".join(map(str, range(cells)))))
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
