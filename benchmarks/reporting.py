"""How long a report of many results takes, and how much memory.

Run: python benchmarks/reporting.py [rows [seeds [tracks]]]        200 rows of 50 seeds on 1,000 tracks, unless said
     python benchmarks/reporting.py questions [rows [seeds [tracks]]]   1,000 rows of 3 seeds on 290 tracks: models,
         doses on two axes and training sizes, on two evaluation sets, so that every question is asked
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
QUESTIONS = """
name: large
cell:
  dataset: {{folder: {{root: {folder}}}}}
  features: mel
  augmentation: time-mask
  evaluate: [test, {{folder: {{root: {folder}/elsewhere}}, label: elsewhere}}]
  metrics: [top1, top2, macro-f1]
matrix:
  model: [{models}]
  augmentation.time-mask.masks: [1, 2]
  augmentation.time-mask.width: {widths}
  training_size: [0.05, 0.1, 0.25, 0.5, 1.0]
  seed: {seeds}
leaderboard: {{baseline: {{augmentation.time-mask.width: 0}}}}
"""
RECIPES, WIDTHS, SIZES, MASKS = 10, 10, 5, 2
# What one of the two steps does, in a process of its own, so that its memory is its own.
STEP = """
import resource, sys, time
from pathlib import Path
sys.path.insert(0, {here!r})
from reporting import plan_of
from benchmark.report.write import write_report
from benchmark.results.store import ResultsStore
plan, registry = plan_of(Path({folder!r}), {rows}, {seeds}, questions={questions})
started, worked = time.perf_counter(), time.process_time()
files, _ = write_report(plan, ResultsStore(Path({folder!r}), "large"), registry)
seconds, work = time.perf_counter() - started, time.process_time() - worked
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(f"{{len(files)}} files in {{seconds:.1f}} s ({{work:.1f}} s of a processor), at most {{peak:.0f}} MiB")
"""


def plan_of(folder: Path, rows: int, seeds: int, *, questions: bool = False):
    """Return the plan of a suite whose dataset is taken as there."""
    from benchmark.plugin.manager import Plugins
    from benchmark.results.plan import Plan
    from benchmark.suite.identity import Identifier
    from benchmark.suite.load import load_suite

    registry = Plugins().registry
    file = folder / "large.yaml"
    file.write_text((_questions if questions else _recipes)(folder, rows, list(range(seeds))))
    suite = load_suite(file, registry)
    identifier = Identifier(lambda spec: "0123456789ab")
    ids = tuple(identifier.identity(cell.spec) for cell in suite.cells)
    return Plan(suite, ids, {}, {}, lambda spec: None, identifier), registry


def _recipes(folder: Path, rows: int, seeds: list[int]) -> str:
    recipes = min(RECIPES, rows)
    masks = ", ".join(f"{{label: m{n}, use: [{{time-mask: {{width: {n}}}}}]}}" for n in range(1, recipes + 1))
    return SUITE.format(folder=folder, models=_models(rows // recipes), recipes=masks, seeds=seeds)


def _questions(folder: Path, rows: int, seeds: list[int]) -> str:
    models = max(1, rows // (WIDTHS * SIZES * MASKS))
    widths = [5 * n for n in range(WIDTHS)]
    return QUESTIONS.format(folder=folder, models=_models(models), widths=widths, seeds=seeds)


def _models(count: int) -> str:
    return ", ".join(f"{{cnn: {{units: {8 + n}}}, label: cnn{n}}}" for n in range(count))


def fill(folder: Path, rows: int, seeds: int, tracks: int, *, questions: bool = False) -> None:
    """File a made-up result for every cell; where questions are asked, it is better with more data and more models."""
    import numpy as np
    import pandas as pd

    from benchmark.plugin.metric import metric_value
    from benchmark.record import CellRecord
    from benchmark.results.store import ResultsStore
    from benchmark.suite.identity import set_key

    plan, registry = plan_of(folder, rows, seeds, questions=questions)
    metrics = {
        spec.label: (spec.identity(), spec.create(registry)) for spec in plan.suite.cells[0].spec.metrics
    }
    store = ResultsStore(folder, "large")
    truth = np.arange(tracks) % len(CLASSES)
    tested = pd.DataFrame(
        {
            "track": [f"{CLASSES[label]}/{number:05d}.wav" for number, label in enumerate(truth)],
            "group": [f"artist {number // 3}" for number in range(tracks)],
            "label": [CLASSES[label] for label in truth],
        }
    )
    by_id = np.argsort(tested["track"].to_numpy(str), kind="stable")
    for number, (cell, id_) in enumerate(zip(plan.suite.cells, plan.ids, strict=True)):
        random = np.random.default_rng(number)
        keys = {
            set_key(canonical): evaluation.label
            for evaluation, canonical in zip(
                cell.spec.evaluate, plan.identifier.sets(cell.spec.evaluate), strict=True
            )
        }
        predictions, values = [], {}
        for place, key in enumerate(keys):
            answers = random.dirichlet(np.ones(len(CLASSES)), tracks)
            answers[np.arange(tracks), truth] += _strength(cell, number / len(plan.ids)) / (1 + place)
            answers /= answers.sum(axis=1, keepdims=True)
            answers = answers.astype(np.float32)
            values[key] = {
                label: metric_value(metric, truth[by_id], answers[by_id])
                for label, (_, metric) in metrics.items()
            }
            columns = pd.DataFrame(answers, columns=[f"p:{name}" for name in CLASSES])
            predictions.append(pd.concat([tested.assign(set=key), columns], axis=1).iloc[by_id])
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
            sets=keys,
            metrics={label: content for label, (content, _) in metrics.items()},
            counts={"train_tracks": round(443 * float(cell.spec.training_size or 1.0))},
            parameters={"total": 1000, "trainable": 1000},
            seconds={"training": 1.0, "total": 2.0},
        )
        store.write(record, predictions=pd.concat(predictions), history=epochs, metrics=values)


def _strength(cell, share: float) -> float:
    """Return how much better than chance a cell is: with its size and dose where it has some."""
    labels = cell.labels
    if "training_size" not in labels:
        return share
    dose = float(labels["augmentation.time-mask.width"]) / (5 * WIDTHS)
    return (
        0.2 * float(cell.spec.training_size or 1.0)
        + 0.15 * dose * (1.2 - dose)
        + 0.01 * int(labels["model"][3:])
    )


def main() -> None:
    arguments = sys.argv[1:]
    questions = arguments[:1] == ["questions"]
    numbers = [*map(int, arguments[1:] if questions else arguments)]
    usual = (1000, 3, 290) if questions else (200, 50, 1000)
    rows, seeds, tracks = [*numbers, *usual[len(numbers) :]]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        started = time.perf_counter()
        fill(folder, rows, seeds, tracks, questions=questions)
        print(f"{rows} rows, {seeds} seeds, {tracks} tracks; filed in {time.perf_counter() - started:.1f} s")
        step = STEP.format(
            here=str(Path(__file__).parent), folder=str(folder), rows=rows, seeds=seeds, questions=questions
        )
        for name in ("made", "again, nothing changed"):
            done = subprocess.run([sys.executable, "-c", step], capture_output=True, text=True, check=False)
            print(f"{name}: {done.stdout.strip() or done.stderr}")


if __name__ == "__main__":
    main()
