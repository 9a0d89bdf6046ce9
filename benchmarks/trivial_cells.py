"""What a cell costs that trains nothing, in a run of many: inline, in one worker, and in two.

The time from the first result on the disk to the last, over the cells between them; and the time on a CPU, of all of
the run's processes, which other work on the machine changes less: that of a run of many cells less that of a run of
few, over the cells that it has more. Other checkouts can be measured alternately, in the same run.

Run: python benchmarks/trivial_cells.py [cells] [passes] [checkout ...]
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
FEW = 20
WAYS = {"inline": ["--executor", "inline"], "1 worker": ["--jobs", "1"], "2 workers": ["--jobs", "2"]}
SUITE = """
name: trivial
cell:
  dataset: {{synthetic: {{tracks_per_class: 4, seconds: 1, difficulty: 0}}}}
  features: {{mel: {{size: [12, 16], n_mels: 12}}}}
  split: {{fractions: [0.5, 0.25, 0.25]}}
  evaluate: [test]
matrix:
  model: [majority]
  seed: [{seeds}]
"""


def run(checkout: Path, cells: int, options: list[str], cache: Path) -> tuple[float, float]:
    """Return the milliseconds between two results, and those that the run spent on CPUs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "suite.yaml").write_text(SUITE.format(seeds=", ".join(map(str, range(cells)))))
        path = os.pathsep.join((str(checkout), str(checkout / "plugins")))
        environment = {**os.environ, "PYTHONPATH": path, "BENCH_CACHE": str(cache), "BENCH_ENERGY": "off"}
        bench = [sys.executable, "-c", "from benchmark.cli.main import main; main()", "run", "suite.yaml"]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([*bench, *options], cwd=folder, env=environment, capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        stamps = sorted(file.stat().st_mtime for file in folder.glob("results/trivial/*/cell.json"))
    assert len(stamps) == cells
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return 1000 * (stamps[-1] - stamps[0]) / (cells - 1), 1000 * spent


def main() -> None:
    cells, passes = (int(argument) for argument in (sys.argv[1:3] + ["300", "3"][len(sys.argv[1:3]) :]))
    checkouts = [HERE, *map(Path, sys.argv[3:])]
    with tempfile.TemporaryDirectory() as cache:
        measured: dict[tuple[Path, str], list[tuple[float, float]]] = {}
        for _ in range(passes):
            for way, options in WAYS.items():
                for checkout in checkouts:
                    _, few = run(checkout, FEW, options, Path(cache))
                    between, many = run(checkout, cells, options, Path(cache))
                    measured.setdefault((checkout, way), []).append((between, (many - few) / (cells - FEW)))
    print(f"{cells} cells, {passes} passes each, alternately; milliseconds a cell, median and lowest")
    for (checkout, way), figures in measured.items():
        between, spent = zip(*figures, strict=True)
        print(
            f"{checkout}, {way}: {statistics.median(between):.1f} and {min(between):.1f}, on CPUs "
            f"{statistics.median(spent):.1f} and {min(spent):.1f}"
        )


if __name__ == "__main__":
    main()
