"""What finished cells score on corrupted sets, track by track: what robustness is computed from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.exceptions import PluginError, ResultsError
from benchmark.plugin.border import calling
from benchmark.plugin.metric import Metric
from benchmark.results.corrupted import CorruptedRecord, CorruptedStore, Filed, clean_digest
from benchmark.results.frames import CELL_NAME, ROW, STATUS, Results
from benchmark.results.predictions import PredictionReader, SetPredictions
from benchmark.suite.cell import Corrupted
from benchmark.suite.identity import corrupted_key

if TYPE_CHECKING:
    from benchmark.results.plan import Plan
    from benchmark.results.store import ResultsStore


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


@dataclass(frozen=True)
class SetScores:
    """One evaluation set that is corrupted.

    Attributes:
        set: what the suite calls it.
        metric: label of the metric whose scores these are, ``percent`` whether it is shown times 100, ``proportion``
            whether it is a share of tracks, ``greater_is_better`` which direction is better.
        amounts: what each severity is, by corruption and severity: number and unit, in the suite's order.
        rows: by row and cell; cells that lack a corruption, or a severity of it, lack that corruption.
    """

    set: str
    metric: str
    percent: bool
    proportion: bool
    greater_is_better: bool
    amounts: Mapping[tuple[str, int], tuple[float, str]]
    rows: Mapping[int, Mapping[str, CellScores]]

    @property
    def corruptions(self) -> tuple[str, ...]:
        """The corruptions, in the suite's order."""
        return tuple(dict.fromkeys(name for name, _ in self.amounts))

    @property
    def severities(self) -> tuple[int, ...]:
        """All severities, the mildest first."""
        return tuple(sorted({severity for _, severity in self.amounts}))


@dataclass(frozen=True)
class CorruptedScores:
    """All sets that are corrupted, and what must be said of them."""

    sets: tuple[SetScores, ...] = ()
    notes: tuple[str, ...] = ()


NOTHING = CorruptedScores()


def collect_corrupted(plan: Plan, store: ResultsStore, results: Results, sort: str) -> CorruptedScores:
    """Return what finished cells score on corrupted sets, on the tracks of which clean results are shown.

    The metric is that of the measure ``sort``, or else the first one that is a mean of tracks' scores.
    """
    asked = {name: _asked(plan, name) for name in results.sets}
    if not any(asked.values()):
        return NOTHING
    chosen = _metric(results, sort)
    if chosen is None:
        said = "No metric of the suite is a mean over tracks, of which robustness is computed: add top1, say."
        return CorruptedScores(notes=(said,))
    label, metric = chosen
    reader = _Reader(CorruptedStore(store), results, metric)
    rows: dict[str, dict[int, dict[str, CellScores]]] = {
        name: {} for name, amounts in asked.items() if amounts
    }
    finished = results.cells[results.cells[STATUS] == "ok"]
    wanted = {id_: cell.spec.corrupted for cell, id_ in plan.cells}
    for cell in finished.to_dict("records"):
        by_set = reader.read(str(cell["id"]), wanted.get(str(cell["id"]), ()))
        for name, scores in by_set.items():
            rows[name].setdefault(int(cell[ROW]), {})[str(cell[CELL_NAME])] = scores
    sets = tuple(
        SetScores(
            name, label, type(metric).percent, type(metric).proportion, type(metric).greater_is_better,
            asked[name], own,
        )
        for name, own in rows.items()
    )  # fmt: skip
    return CorruptedScores(sets, tuple(reader.notes()))


def _asked(plan: Plan, name: str) -> dict[tuple[str, int], tuple[float, str]]:
    """Return what the suite wants of a set, by corruption and severity."""
    shared = {id(cell.spec.corrupted): cell.spec.corrupted for cell in plan.suite.cells}
    return {
        (corrupted.corruption.label, corrupted.severity): (corrupted.amount, corrupted.unit)
        for several in shared.values()
        for corrupted in several
        if corrupted.evaluation.label == name
    }


def _metric(results: Results, sort: str) -> tuple[str, Metric] | None:
    """Return the metric that rows are sorted by, if it is a mean of scores, or the first one that is."""
    first = sort.rpartition("/")[2]
    labels = sorted(results.metrics, key=lambda label: label != first)
    means = (label for label in labels if type(results.metrics[label]).scores is not Metric.scores)
    label = next(means, None)
    return None if label is None else (label, results.metrics[label])


class _Reader:
    """Reads cell after cell; predictions of one cell at a time are in memory."""

    def __init__(self, store: CorruptedStore, results: Results, metric: Metric) -> None:
        self._store, self._results, self._metric = store, results, metric
        self._predictions = PredictionReader()
        self._problems: dict[str, None] = {}
        self._others: set[str] = set()
        self._lacking: set[str] = set()

    def notes(self) -> list[str]:
        """Return what must be said of all that was read."""
        notes = [*self._store.problems, *self._problems]
        if self._others:
            names = ", ".join(sorted(self._others))
            notes.append(
                f"Results on corrupted sets were made by other versions of {names} than those that are installed here."
            )
        if self._lacking:
            cells = (
                "1 finished cell lacks"
                if len(self._lacking) == 1
                else f"{len(self._lacking)} finished cells lack"
            )
            notes.append(f"{cells} corrupted sets; 'bench run' evaluates what is missing.")
        return notes

    def read(self, id_: str, wanted: Sequence[Corrupted]) -> dict[str, CellScores]:
        """Return a cell's scores by evaluation set."""
        results = self._results
        if not wanted or id_ not in results.records or id_ not in results.folders:
            return {}
        record = results.records[id_]
        try:
            filed = self._store.of(id_, clean_digest(record, results.folders[id_]))
            predictions = {
                folder: self._predictions.read(folder, record.classes)
                for folder in dict.fromkeys(wanted_set.folder for wanted_set in filed.values())
            }
        except ResultsError as error:
            self._problems[str(error)] = None
            filed, predictions = {}, {}
        scores: dict[str, dict[tuple[str, int], np.ndarray]] = {}
        stored = results.stored.get(id_, {})
        for wanted_set in wanted:
            name = wanted_set.evaluation.label
            # Records of format 1 filed a part of the cell's own dataset under what it was called.
            own = wanted_set.evaluation.part if wanted_set.evaluation.dataset is None else ""
            key = self._key(wanted_set, own or results.filed.get(id_, {}).get(name, ""), filed)
            if name not in stored:
                continue
            scores.setdefault(name, {})
            worn = predictions[filed[key].folder].get(key) if key is not None else None
            aligned = None if worn is None else self._scores(worn, stored[name], record.classes)
            if aligned is None:
                self._lacking.add(id_)
            else:
                scores[name][wanted_set.corruption.label, wanted_set.severity] = aligned
        asked: dict[str, set[tuple[str, int]]] = {}
        for wanted_set in wanted:
            asked.setdefault(wanted_set.evaluation.label, set()).add(
                (wanted_set.corruption.label, wanted_set.severity)
            )
        return {
            name: self._cell(stored[name], by_wear, asked[name])
            for name, by_wear in scores.items()
            if name in stored
        }

    def _key(self, wanted: Corrupted, clean: str, filed: Mapping[str, Filed]) -> str | None:
        """Return what a corrupted set is filed under; by other versions of the corruption only if by none of this."""
        key = corrupted_key(wanted, clean)
        if key in filed:
            return key
        alike = [other for other, folder in filed.items() if _is_alike(folder.record, other, wanted, clean)]
        if len(alike) == 1:
            self._others.add(f"'{wanted.corruption.label}'")
            return alike[0]
        return None

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


def _is_alike(record: CorruptedRecord, key: str, wanted: Corrupted, clean: str) -> bool:
    """Return whether a corrupted set is the one that is wanted, but for the version of what wears it."""
    told: dict[str, Any] = record.sets[key]
    return (
        told.get("set") == clean
        and told.get("label") == wanted.corruption.label
        and told.get("severity") == wanted.severity
        and (told.get("corruption") or {}).get("name") == wanted.corruption.name
    )
