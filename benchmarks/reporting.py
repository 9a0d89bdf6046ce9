"""How long a report of many results takes, and how much memory: 200 rows of 50 seeds on 1,000 tracks.

Run: python benchmarks/reporting.py [rows [seeds [tracks]]]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

CLASSES = ["blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock"]
SUITE = """
name: large
cell:
  dataset: {{folder: {{root: {folder}}}}}
  features: mel
  metrics: [top1, top2, macro-f1]
matrix:
  model: [{models}]
  augmentation: [{recipes}]
  seed: {seeds}
leaderboard: {{baseline: {{augmentation: m1}}}}
"""
RECIPES = 10
# What one of the two steps does, in a process of its own, so that its memory is its own.
STEP = """
import resource, sys, time
from pathlib import Path
sys.path.insert(0, {here!r})
from reporting import plan_of
from benchmark.report.write import write_report
from benchmark.results.store import ResultsStore
plan, registry = plan_of(Path({folder!r}), {rows}, {seeds})
started = time.perf_counter()
files, _ = write_report(plan, ResultsStore(Path({folder!r}), "large"), registry)
seconds = time.perf_counter() - started
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(f"{{len(files)}} files in {{seconds:.1f}} s, at most {{peak:.0f}} MiB")
"""


def plan_of(folder: Path, rows: int, seeds: int):
    """Return the plan of a suite whose dataset is taken as there."""
    from benchmark.plugin.manager import Plugins
    from benchmark.results.plan import Plan
    from benchmark.suite.identity import Identifier
    from benchmark.suite.load import load_suite

    registry = Plugins().registry
    recipes = min(RECIPES, rows)
    models = ", ".join(f"{{cnn: {{units: {8 + n}}}, label: cnn{n}}}" for n in range(rows // recipes))
    masks = ", ".join(f"{{label: m{n}, use: [{{time-mask: {{width: {n}}}}}]}}" for n in range(1, recipes + 1))
    file = folder / "large.yaml"
    file.write_text(SUITE.format(folder=folder, models=models, recipes=masks, seeds=list(range(seeds))))
    suite = load_suite(file, registry)
    identifier = Identifier(lambda spec: "0123456789ab")
    ids = tuple(identifier.identity(cell.spec) for cell in suite.cells)
    return Plan(suite, ids, {}, {}, lambda spec: None, identifier), registry


def fill(folder: Path, rows: int, seeds: int, tracks: int) -> None:
    """File a made-up result for every cell."""
    import numpy as np
    import pandas as pd

    from benchmark.plugin.metric import metric_value
    from benchmark.record import CellRecord
    from benchmark.results.store import ResultsStore

    plan, registry = plan_of(folder, rows, seeds)
    metrics = {
        spec.label: (spec.identity(), spec.create(registry)) for spec in plan.suite.cells[0].spec.metrics
    }
    store = ResultsStore(folder, "large")
    truth = np.arange(tracks) % len(CLASSES)
    names = pd.DataFrame(
        {
            "set": "test",
            "track": [f"{CLASSES[label]}/{number:05d}.wav" for number, label in enumerate(truth)],
            "group": [f"artist {number // 3}" for number in range(tracks)],
            "label": [CLASSES[label] for label in truth],
        }
    )
    by_id = np.argsort(names["track"].to_numpy(str), kind="stable")
    for number, (cell, id_) in enumerate(zip(plan.suite.cells, plan.ids, strict=True)):
        answers = np.random.default_rng(number).dirichlet(np.ones(len(CLASSES)), tracks)
        answers[np.arange(tracks), truth] += number / len(plan.ids)
        answers /= answers.sum(axis=1, keepdims=True)
        answers = answers.astype(np.float32)
        values = {
            label: metric_value(metric, truth[by_id], answers[by_id])
            for label, (_, metric) in metrics.items()
        }
        columns = pd.DataFrame(answers, columns=[f"p:{name}" for name in CLASSES])
        epochs = [
            {"stage": "train", "epoch": n, "accuracy": n / 20, "val_accuracy": n / (21 + number % 5)}
            for n in range(1, 13)
        ]
        record = CellRecord(
            id=str(id_),
            suite="large",
            labels=dict(cell.labels),
            spec=plan.identifier.canonical(cell.spec) or {},
            status="ok",
            classes=CLASSES,
            sets={"test": "folder:test"},
            metrics={label: content for label, (content, _) in metrics.items()},
            parameters={"total": 1000, "trainable": 1000},
            seconds={"training": 1.0, "total": 2.0},
        )
        predictions = pd.concat([names, columns], axis=1).iloc[by_id]
        store.write(record, predictions=predictions, history=epochs, metrics={"test": values})


def main() -> None:
    rows, seeds, tracks = [*map(int, sys.argv[1:]), *(200, 50, 1000)[len(sys.argv) - 1 :]]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        started = time.perf_counter()
        fill(folder, rows, seeds, tracks)
        print(f"{rows} rows, {seeds} seeds, {tracks} tracks; filed in {time.perf_counter() - started:.1f} s")
        step = STEP.format(here=str(Path(__file__).parent), folder=str(folder), rows=rows, seeds=seeds)
        for name in ("made", "again, nothing changed"):
            done = subprocess.run([sys.executable, "-c", step], capture_output=True, text=True, check=False)
            print(f"{name}: {done.stdout.strip() or done.stderr}")


if __name__ == "__main__":
    main()
