"""A model that needs no time, whose accuracy is known, and a suite that tunes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import optuna

BENCHFILE = '''
import os, time
import numpy as np
from benchmark import Metric, Model, hookimpl

class Toy(Model):
    """Learns nothing: its accuracy is a bell curve of its parameter, reached epoch by epoch. May be told to fail."""
    name = "toy"

    def __init__(self, *, x: float = -0.9, trouble: str = "", seconds: float = 0.0, sizes: list[int] = [1]) -> None:
        self.x, self.trouble, self.seconds = x, trouble, seconds

    @classmethod
    def space(cls):
        return {"model.x": {"low": -1.0, "high": 1.0}}

    def fit(self, train, validation, run):
        log = os.environ.get("TOY_LOG")
        if log:
            with open(log, "a") as file:
                file.write(f"{self.x}\\n")
        if self.trouble == "raise" and self.x >= 0 or self.trouble == "always":
            raise RuntimeError(f"x is {self.x}")
        if self.trouble == "die" and self.x > 0:
            os._exit(9)
        history = []
        for epoch in range(1, run.settings.epochs + 1):
            time.sleep(self.seconds + float(os.environ.get("TOY_PAUSE", 0)))
            logs = {"val_accuracy": self._skill() * epoch / run.settings.epochs, "val_loss": 1 - self._skill()}
            history.append({"stage": "train", "epoch": epoch, **logs})
            run.epoch_finished("train", epoch, run.settings.epochs, logs)
        return history

    def _skill(self):
        return float(np.exp(-((self.x - 0.4) ** 2)))

    def predict(self, examples):
        right = np.eye(examples.num_classes, dtype=np.float32)[examples.labels]
        even = np.full_like(right, 1 / examples.num_classes)
        return self._skill() * right + (1 - self._skill()) * even

class Confidence(Metric):
    """The mean probability of the right class."""
    name = "confidence"

    def compute(self, labels, probabilities):
        return float(probabilities[np.arange(len(labels)), labels].mean())

class Doubt(Confidence):
    """One minus confidence."""
    name = "doubt"
    greater_is_better = False

    def compute(self, labels, probabilities):
        return 1 - super().compute(labels, probabilities)

@hookimpl
def bench_models():
    return [Toy]

@hookimpl
def bench_metrics():
    return [Confidence, Doubt]
'''

SUITE = """
name: trial
cell:
  dataset: {synthetic: {tracks_per_class: 6, seconds: 1, difficulty: 0}}
  features: {mel: {size: [12, 16], n_mels: 12}}
  split: {fractions: [0.5, 0.17, 0.33]}
  training: {epochs: 3}
  evaluate: [test]
  metrics: [confidence]
matrix:
  model: [majority, toy]
  seed: [0, 1]
tune:
  trials: 6
  space:
    model.x: {low: -1.0, high: 1.0}
"""


def trained(project) -> list[float]:
    """Return the values that toys were trained with, in order."""
    log: Path = project.folder / "log"
    return [float(line) for line in log.read_text().splitlines()] if log.is_file() else []


def stamps(project) -> dict[str, int]:
    """Return when each cell, and each study's record, was written."""
    files = [*project.results.glob("[!.]*/cell.json"), *project.results.glob("studies/*.json")]
    return {str(file): file.stat().st_mtime_ns for file in files}


def record(project) -> dict:
    """Return the record of the only study."""
    (file,) = (project.results / "studies").glob("*.json")
    return json.loads(file.read_text())


def cells(project) -> list[dict]:
    """Return the records of all cells."""
    return [json.loads(file.read_text()) for file in sorted(project.results.glob("[!.]*/cell.json"))]


def opened(project) -> optuna.Study:
    """Return the only study of the journal beside the results, as Optuna sees it."""
    import optuna

    storage = optuna.storages.JournalStorage(
        optuna.storages.journal.JournalFileBackend(str(project.results / "studies.journal"))
    )
    (name,) = optuna.get_all_study_names(storage)
    return optuna.load_study(study_name=name, storage=storage)
