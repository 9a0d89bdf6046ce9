"""Predictions of rows whose true accuracy is known."""

from __future__ import annotations

import numpy as np
from scipy import special

from benchmark.analysis.measured import Measured, measure
from benchmark.analysis.resampling import Weights
from benchmark.plugin.metric import Metric
from benchmark.results.predictions import SetPredictions


class Accuracy(Metric):
    """Share of tracks whose most probable class is the true one."""

    name = "accuracy"
    proportion = True

    def compute(self, labels: np.ndarray, probabilities: np.ndarray) -> float:
        return float(self.scores(labels, probabilities).mean())

    def scores(self, labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        return (probabilities.argmax(axis=1) == labels).astype(np.float64)

    def resampled(self, labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
        return (weights @ self.scores(labels, probabilities)) / weights.sum(axis=1)


def predictions(
    hits: np.ndarray, groups: np.ndarray | None = None, tracks: np.ndarray | None = None
) -> SetPredictions:
    """Return predictions that are right where ``hits`` says so, of two classes."""
    names = np.array([f"track{n:04d}" for n in range(len(hits))]) if tracks is None else tracks
    labels = np.arange(len(hits)) % 2
    right = np.where(hits, 0.8, 0.3)
    probabilities = np.where(labels[:, None] == [0, 1], right[:, None], 1 - right[:, None]).astype(np.float32)
    return SetPredictions(names, names if groups is None else groups, labels, probabilities)


class World:
    """Tracks of some difficulty, in groups, on which seeds of a model succeed or not.

    ``own_tracks``: each seed is tested on tracks of its own.
    """

    def __init__(
        self, seeds: int, tracks: int, group: int, seed_sd: float, *, own_tracks: bool = False
    ) -> None:
        self.seeds, self.tracks, self.seed_sd, self.own_tracks = seeds, tracks, seed_sd, own_tracks
        self.group = group
        # The same in all tables; of each seed where it has its own, else of all.
        self.names = [
            np.array([f"{block}/{n:04d}" for n in range(tracks)])
            for block in range(seeds if own_tracks else 1)
        ]
        self.groups = [
            np.array([f"{name[:2]}group{n // group}" for n, name in enumerate(names)]) for names in self.names
        ]

    def accuracy(self, skill: float) -> float:
        """Return the true share over all tracks and seeds."""
        return float(special.ndtr(skill / np.sqrt(2 + self.seed_sd**2)))

    def draw(self, rng: np.random.Generator, skills: tuple[float, ...], weights: Weights) -> list[Measured]:
        """Return one row per skill; all rows see the same tracks."""
        blocks = self.seeds if self.own_tracks else 1
        difficulty = np.repeat(rng.normal(size=(blocks, self.tracks // self.group)), self.group, axis=1)
        rows: list[dict[str, SetPredictions]] = [{} for _ in skills]
        for seed in range(self.seeds):
            block = seed if self.own_tracks else 0
            for row, skill in zip(rows, skills, strict=True):
                ability = (
                    skill + self.seed_sd * rng.normal() + difficulty[block] + rng.normal(size=self.tracks)
                )
                row[str(seed)] = predictions(ability > 0, self.groups[block], self.names[block])
        return [measure(Accuracy(), row, weights) for row in rows]
