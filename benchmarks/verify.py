"""How long it takes to verify a bundle, and to write it: 10,000 small cells, of 30 tracks in 10 classes.

Run: python benchmarks/verify.py [cells [tracks]]
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

CLASSES = [f"class {number}" for number in range(10)]
SUITE = """
name: many
cell:
  dataset: {{synthetic: {{tracks_per_class: 6}}}}
  features: mel
  evaluate: [test]
  metrics: [top1, top2, macro-f1]
matrix:
  model: [majority, mfcc-svm]
  seed: {seeds}
"""


def fill(folder: Path, cells: int, tracks: int):
    """File a made-up result for every cell; return the plan and the store."""
    import numpy as np
    import pandas as pd

    from benchmark.plugin.manager import Plugins
    from benchmark.record import CellRecord
    from benchmark.results.plan import Plan
    from benchmark.results.store import ResultsStore
    from benchmark.suite.identity import Identifier
    from benchmark.suite.load import load_suite

    registry = Plugins().registry
    file = folder / "many.yaml"
    file.write_text(SUITE.format(seeds=list(range(cells // 2))))
    suite = load_suite(file, registry)
    identifier = Identifier(lambda spec: "0123456789ab")
    ids = tuple(identifier.identity(cell.spec) for cell in suite.cells)
    plan = Plan(suite, ids, {}, {}, lambda spec: None, identifier)
    store = ResultsStore(folder / "results", "many")
    truth = np.arange(tracks) % len(CLASSES)
    names = pd.DataFrame(
        {
            "set": "test",
            "track": [f"track {number:04d}" for number in range(tracks)],
            "group": [f"artist {number // 3}" for number in range(tracks)],
            "label": [CLASSES[label] for label in truth],
        }
    )
    metrics = {name: registry.spec("metric", name).create(registry) for name in ("top1", "top2", "macro-f1")}
    for number, (cell, id_) in enumerate(zip(suite.cells, ids, strict=True)):
        answers = np.random.default_rng(number).dirichlet(np.ones(len(CLASSES)), tracks).astype(np.float32)
        record = CellRecord(
            id=str(id_),
            suite="many",
            labels=dict(cell.labels),
            spec=identifier.canonical(cell.spec) or {},
            status="ok",
            classes=CLASSES,
            sets={"test": "synthetic:test"},
        )
        columns = pd.DataFrame(answers, columns=[f"p:{name}" for name in CLASSES])
        values = {name: float(metric.compute(truth, answers)) for name, metric in metrics.items()}
        history = [{"stage": "train", "epoch": epoch, "accuracy": epoch / 10} for epoch in range(1, 9)]
        predictions = pd.concat([names, columns], axis=1)
        store.write(record, predictions=predictions, history=history, metrics={"test": values})
    return plan, store


def main() -> None:
    from benchmark.bundles.export import export
    from benchmark.bundles.verify import verify

    cells, tracks = (int(argument) for argument in (sys.argv[1:3] + ["10000", "30"][len(sys.argv[1:3]) :]))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        started = time.perf_counter()
        plan, store = fill(folder, cells, tracks)
        print(f"{cells} cells of {tracks} tracks; filed in {time.perf_counter() - started:.1f} s")
        started, spent = time.perf_counter(), time.process_time()
        file = export(plan, store, folder / "many.zip").file
        print(
            f"exported in {time.perf_counter() - started:.1f} s ({time.process_time() - spent:.1f} s on a CPU), "
            f"{file.stat().st_size / 1e6:.0f} MB"
        )
        started, spent = time.perf_counter(), time.process_time()
        verified = verify(file)
        print(
            f"verified in {time.perf_counter() - started:.1f} s ({time.process_time() - spent:.1f} s on a CPU): "
            f"{verified.cells} cells, {verified.metrics} metrics, {len(verified.problems)} problems, "
            f"at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB"
        )


if __name__ == "__main__":
    main()
