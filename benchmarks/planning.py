"""How long it takes to load, expand and identify a suite of 100,000 cells, beside a bare loop that hashes JSON.

Run: python benchmarks/planning.py
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from pathlib import Path

from benchmark.plugin.manager import Plugins
from benchmark.suite.identity import Identifier
from benchmark.suite.load import load_suite

SUITE = f"""
name: large
cell:
  dataset: synthetic
  features: mel
matrix:
  model: {json.dumps([{"cnn": {"units": 8 + n}, "label": f"cnn{n}"} for n in range(10)])}
  augmentation: {json.dumps([{"label": f"m{n}", "use": [{"time-mask": {"width": 1 + n}}]} for n in range(10)])}
  training.learning_rate: {[round(0.001 * (n + 1), 4) for n in range(10)]}
  seed: {list(range(100))}
"""


def main() -> None:
    registry = Plugins().registry
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "large.yaml"
        file.write_text(SUITE)
        started = time.perf_counter()
        suite = load_suite(file, registry)
        loaded = time.perf_counter()
        identifier = Identifier(lambda spec: "0123456789ab")
        ids = [identifier.identity(cell.spec) for cell in suite.cells]
        finished = time.perf_counter()
        canonical = identifier.canonical(suite.cells[0].spec)
        for _ in suite.cells:
            hashlib.sha256(json.dumps(canonical, sort_keys=True).encode()).hexdigest()
        bare = time.perf_counter() - finished
    assert len(set(ids)) == len(ids) == 100_000
    print(f"load and expand {loaded - started:.2f} s, identify {finished - loaded:.2f} s")
    print(f"in all {finished - started:.2f} s")
    print(f"a bare loop of json.dumps and sha256: {bare:.2f} s; ratio {(finished - started) / bare:.2f}")


if __name__ == "__main__":
    main()
