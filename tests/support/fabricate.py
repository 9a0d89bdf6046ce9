"""A results folder without training: three models, two recipes, two seeds, and random probabilities."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any
from unittest.mock import patch

from bench_metrics import bench_metrics
from benchmark import Augmentation, Corruption, Dataset, Features, Location, Model
from benchmark.plugin.metric import metric_value
from benchmark.plugin.registry import Registry, Source
from benchmark.record import CellError, CellRecord
from benchmark.results.plan import Plan
from benchmark.results.store import ResultsStore
from benchmark.suite.identity import Identifier
from benchmark.suite.load import load_suite

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

CLASSES = ("blues", "hip_hop & rap", "rock")
TRACKS = 12
# What the number of a cell is added to for its answers on the validation part.
VALIDATED = 1000
SUITE = """
name: made_up
description: Nothing was trained for this
cell:
  dataset: tones
  features: picture
  evaluate: [test]
  metrics: [top1, macro-f1]
matrix:
  model: [first, second, {third: {}, label: third_50%}]
  augmentation: [none, {label: stretched, use: [stretch]}]
  seed: [0, 1]
leaderboard: {sort: "tones:test/top1", baseline: {augmentation: none}}
"""
# Two rows of it, for tests that do not look at how many there are.
FEW = SUITE.replace("[first, second, {third: {}, label: third_50%}]", "[first, second]").replace(
    "[none, {label: stretched, use: [stretch]}]", "[none]"
)


class Tones(Dataset):
    name = "tones"


class Elsewhere(Dataset):
    name = "elsewhere"
    role = "test"

    def __init__(self, *, root: Annotated[str, Location()] = "") -> None: ...


class Picture(Features):
    name = "picture"
    shape = (8, 8, 1)


class First(Model):
    name = "first"


class Second(Model):
    name = "second"


class Third(Model):
    name = "third"


class Stretch(Augmentation):
    name = "stretch"
    acts_on = "waveform"


class Dosed(Augmentation):
    name = "dosed"
    acts_on = "waveform"

    def __init__(self, *, strength: int = 1, rate: float = 1.0) -> None: ...


class Hiss(Corruption):
    name = "hiss"
    unit = "dB SNR"
    severities = (20, 10, 0)

    def __init__(self, *, colour: str = "white") -> None: ...


def make_registry() -> Registry:
    """Return made-up components, and the metrics that the distribution brings."""
    registry = Registry()
    for component in (
        Tones,
        Elsewhere,
        Picture,
        First,
        Second,
        Third,
        Stretch,
        Dosed,
        Hiss,
        *bench_metrics(),
    ):
        registry.add(component, Source("fakes", "fakes", "1.0"))
    return registry


def make_plan(folder: Path, text: str = SUITE) -> Plan:
    """Return the plan of a suite whose dataset is taken as there."""
    registry = make_registry()
    (folder / "suite.yaml").write_text(text)
    suite = load_suite(folder / "suite.yaml", registry)
    identifier = Identifier(lambda spec: "revision")
    ids = tuple(identifier.identity(cell.spec) for cell in suite.cells)

    def corpus_of(spec: Any) -> Any:
        raise AssertionError(f"a report needs no audio, but asked for {spec}")

    return Plan(suite, ids, {}, {}, corpus_of, identifier)


def make_answers(number: int) -> tuple[np.ndarray, np.ndarray]:
    """Return true labels and probabilities of the cell with this number in the plan."""
    import numpy as np

    random = np.random.default_rng(number)
    labels = np.arange(TRACKS) % len(CLASSES)
    probabilities = random.dirichlet(np.ones(len(CLASSES)), TRACKS)
    probabilities[np.arange(TRACKS), labels] += random.uniform(0, 0.5)
    return labels, (probabilities / probabilities.sum(axis=1, keepdims=True)).astype(np.float32)


def make_results(
    plan: Plan,
    root: Path,
    failed: dict[int, str] | None = None,
    registry: Registry | None = None,
    *,
    validated: bool = False,
    **changes: Any,
) -> ResultsStore:
    """File a result for each cell; ``failed`` maps numbers to errors, ``changes`` go into records.

    Those that are ``validated`` have validation predictions too.
    """
    store, known = ResultsStore(root, plan.suite.name), registry or make_registry()
    there = store.scan()
    for number, (cell, id_) in enumerate(zip(plan.suite.cells, plan.ids, strict=True)):
        assert id_ is not None
        facts: dict[str, Any] = {
            "id": id_,
            "suite": plan.suite.name,
            "labels": dict(cell.labels),
            "spec": plan.identifier.canonical(cell.spec),
            "status": "ok",
            "classes": list(CLASSES),
            "parameters": {"total": 15_764_554, "trainable": 15_764_554},
            "counts": {"train_tracks": 36, "train_items": 72},
            "seconds": {"training": 2.0 + number, "total": 3.0 + number},
            "peak_memory_mb": 512.0,
            "provenance": {"versions": {"genrebench": "0.1.0"}},
        } | changes
        if number in (failed or {}):
            error = CellError("ValueError", failed[number])  # type: ignore[index]
            facts |= {"status": "failed", "error": error}
        else:
            facts |= {"metrics": {spec.label: spec.identity() for spec in cell.spec.metrics}} | changes
        metrics = {spec.label: spec.create(known) for spec in cell.spec.metrics}
        record = CellRecord(**facts)

        def file(
            store: ResultsStore, number: int = number, record: CellRecord = record, metrics: Any = metrics
        ) -> None:
            if number in (failed or {}):
                store.write(record, predictions=None, history=[], metrics=None)
                return
            values = {label: metric_value(metric, *make_answers(number)) for label, metric in metrics.items()}
            store.write(
                record,
                predictions=_predictions(number),
                validation=_predictions(VALIDATED + number, "validation") if validated else None,
                history=_history(number),
                metrics={"tones:test": values},
            )

        if id_ in there or registry is not None:
            file(store)
        else:
            file_once(store, f"{record} {number} {validated}", file)
    return store


def file_once(store: ResultsStore, key: str, file: Callable[[ResultsStore], object]) -> None:
    """Have a store hold what ``file`` writes into one; what has the same key is filed once, and written from then on."""
    if key not in _filed:
        # What lives for a moment need not outlive a power cut.
        with TemporaryDirectory() as folder, patch("benchmark.files._sync_tree"):
            kept = ResultsStore(Path(folder), store.folder.name)
            file(kept)
            files = [path for path in kept.folder.rglob("*") if path.is_file()]
            _filed[key] = {str(path.relative_to(kept.folder)): path.read_bytes() for path in files}
    for name, content in _filed[key].items():
        path = os.path.join(store.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb", buffering=0) as target:
            target.write(content)


_filed: dict[str, dict[str, bytes]] = {}


def without_digests(folder: Path) -> None:
    """Make a cell's record one of version 1, which says nothing of its files: they may be edited unseen."""
    import json

    content = json.loads((folder / "cell.json").read_text(encoding="utf-8"))
    older = {name: value for name, value in content.items() if name not in ("digest", "files", "metrics")}
    (folder / "cell.json").write_text(json.dumps({**older, "format": 1}), encoding="utf-8")


def _predictions(number: int, name: str = "tones:test") -> pd.DataFrame:
    import pandas as pd

    labels, probabilities = make_answers(number)
    frame = pd.DataFrame(probabilities, columns=[f"p:{name}" for name in CLASSES])
    frame.insert(0, "label", [CLASSES[label] for label in labels])
    frame.insert(0, "group", None)
    frame.insert(0, "track", [f"track {track:02d}" for track in range(TRACKS)])
    frame.insert(0, "set", name)
    return frame


def _history(number: int) -> list[dict[str, Any]]:
    return [
        {"stage": "train", "epoch": epoch, "accuracy": epoch / 10, "val_accuracy": (epoch + number % 3) / 15}
        for epoch in range(1, 6)
    ]
