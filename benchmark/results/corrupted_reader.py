"""What one cell after another scores on corrupted sets, track by track."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from benchmark.exceptions import PluginError, ResultsError
from benchmark.plugin.border import calling
from benchmark.plugin.metric import Metric
from benchmark.results.corrupted import CorruptedStore, Filed, clean_digest
from benchmark.results.frames import Results
from benchmark.results.predictions import PredictionReader, SetPredictions


class Wear(NamedTuple):
    """A corrupted set, by what suites and records call it."""

    set: str
    corruption: str
    severity: int


@dataclass(frozen=True)
class CellScores:
    """What one cell scores on a set, clean and corrupted; tracks as in its clean predictions.

    Attributes:
        groups: what is resampled together, shape (n,).
        clean: scores, shape (n,).
        corrupted: by corruption, the mean over severities of each track's scores, float32, shape (n,).
        means: by corruption and severity, the mean over tracks.
    """

    groups: np.ndarray
    clean: np.ndarray
    corrupted: Mapping[str, np.ndarray]
    means: Mapping[tuple[str, int], float]


class CellReader:
    """Reads cell after cell; predictions of one cell at a time are in memory."""

    def __init__(self, store: CorruptedStore, results: Results, metric: Metric) -> None:
        self._store, self._results, self._metric = store, results, metric
        self._predictions = PredictionReader()
        self._problems: dict[str, None] = {}
        self._lacking: set[str] = set()

    def notes(self) -> list[str]:
        """Return what must be said of all that was read."""
        notes = [*self._store.problems, *self._problems]
        if self._lacking:
            count = len(self._lacking)
            cells = "1 finished cell lacks" if count == 1 else f"{count} finished cells lack"
            notes.append(f"{cells} corrupted sets; 'bench run' evaluates what is missing.")
        return notes

    def read(
        self,
        id_: str,
        wanted: Collection[Wear],
        names: Callable[[Mapping[str, Filed]], Mapping[Wear, str]],
    ) -> dict[str, CellScores]:
        """Return a cell's scores by evaluation set; ``names`` says what each wear is filed under, if it is there."""
        results = self._results
        if not wanted or id_ not in results.records or id_ not in results.folders:
            return {}
        record = results.records[id_]
        try:
            filed = self._store.of(id_, clean_digest(record, results.folders[id_]))
            predictions = {
                folder: self._predictions.read(folder, record.classes)
                for folder in dict.fromkeys(of_set.folder for of_set in filed.values())
            }
        except ResultsError as error:
            self._problems[str(error)] = None
            filed, predictions = {}, {}
        stored, called = results.stored.get(id_, {}), names(filed)
        scores: dict[str, dict[tuple[str, int], np.ndarray]] = {}
        for wear in wanted:
            if wear.set not in stored:
                continue
            own, key = scores.setdefault(wear.set, {}), called.get(wear)
            worn = None if key is None else predictions[filed[key].folder].get(key)
            aligned = None if worn is None else self._scores(worn, stored[wear.set], record.classes)
            if aligned is None:
                self._lacking.add(id_)
            else:
                own[wear.corruption, wear.severity] = aligned
        return {
            name: self._cell(
                stored[name],
                by_wear,
                {(wear.corruption, wear.severity) for wear in wanted if wear.set == name},
            )
            for name, by_wear in scores.items()
        }

    def _scores(
        self, worn: SetPredictions, clean: SetPredictions, classes: Sequence[str]
    ) -> np.ndarray | None:
        """Return the scores on the tracks of clean predictions (those that leak are left out), or None without all."""
        places = np.searchsorted(worn.tracks, clean.tracks)
        if len(worn.tracks) == 0 or not np.array_equal(
            worn.tracks[np.minimum(places, len(worn.tracks) - 1)], clean.tracks
        ):
            return None
        try:
            with calling(self._metric, "scores"):
                scores = self._metric.scores(worn.labels[places], worn.probabilities[places])
        except PluginError as error:
            self._problems[str(error)] = None
            return None
        return None if scores is None else np.asarray(scores, np.float32)

    def _cell(
        self,
        clean: SetPredictions,
        by_wear: Mapping[tuple[str, int], np.ndarray],
        asked: set[tuple[str, int]],
    ) -> CellScores:
        """Return a cell's scores; a corruption counts if all of its severities are there."""
        by_corruption: dict[str, list[np.ndarray]] = {}
        for name, severity in asked:
            if (name, severity) in by_wear:
                by_corruption.setdefault(name, []).append(by_wear[name, severity])
        counts: dict[str, int] = {}
        for name, _ in asked:
            counts[name] = counts.get(name, 0) + 1
        scores = self._metric.scores(clean.labels, clean.probabilities)
        assert scores is not None
        return CellScores(
            clean.groups,
            np.asarray(scores, np.float32),
            {
                name: np.stack(several).mean(axis=0, dtype=np.float64).astype(np.float32)
                for name, several in by_corruption.items()
                if len(several) == counts[name]
            },
            {key: float(scores.mean(dtype=np.float64)) for key, scores in by_wear.items()},
        )
