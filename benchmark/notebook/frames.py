"""What is stored of a suite, as tidy data frames."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from benchmark.suite.cell import REPEATED

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.analysis.ensembles.ensemble import Ensembles
    from benchmark.analysis.robustness import Robustness
    from benchmark.analysis.statistics import Statistics
    from benchmark.results.corrupted_scores import CorruptedScores
    from benchmark.results.frames import Results
    from benchmark.settings import LeaderboardSettings

_COSTS = (
    "total", "trainable", "train_items", "training_seconds", "total_seconds", "peak_memory_mb", "flops_per_clip",
    "items_per_second", "energy_wh",
)  # fmt: skip


@dataclass(frozen=True)
class Loaded:
    """What is stored of a suite, as data frames. Each has one line per thing, and is computed when it is asked for.

    All have ``id`` (the cell's) or ``row`` (what tables call it), by which they are joined. ``notes`` are what a reader
    must know: results that are damaged, of other versions, or not known here.
    """

    name: str
    notes: tuple[str, ...]
    _results: Results
    _settings: LeaderboardSettings
    _seedless: frozenset[str]
    _price: float
    _corrupted: Callable[[], CorruptedScores]

    @property
    def axes(self) -> list[str]:
        """The axes of the matrix, which are columns of ``cells``, ``metrics`` and ``leaderboard``."""
        return list(self._results.axes)

    @cached_property
    def cells(self) -> pd.DataFrame:
        """One line per cell.

        ``id``, ``row``, a column per axis (labels), ``seed``, ``fold`` (None without folds), ``status`` (ok, failed,
        timed out, interrupted, damaged, missing, set apart), ``error``, ``marks`` (synthetic, rehearsal, leaky, with
        commas between), ``verdict`` of the audit, ``standing`` in which it may be ranked, ``total`` and ``trainable``
        parameters, ``train_items``, ``training_seconds``, ``total_seconds``, ``peak_memory_mb`` (MiB),
        ``flops_per_clip``, ``items_per_second``, ``energy_wh``, ``started`` (UTC), ``genrebench`` (version) and
        ``folder``.
        """
        frame = self._results.cells
        records, folders = self._results.records, self._results.folders
        made = [records[id_].provenance if id_ in records else {} for id_ in frame["id"]]
        specs = [records[id_].spec if id_ in records else {} for id_ in frame["id"]]
        columns: dict[str, Any] = {"id": frame["id"], "row": frame["row"].map(self._labels)}
        columns |= {axis: frame[axis] for axis in self.axes}
        columns |= {
            name: [
                spec.get(name, line.get(name))
                for spec, line in zip(specs, frame.to_dict("records"), strict=True)
            ]
            for name in REPEATED
        }
        columns |= {
            "status": frame["status"],
            "error": frame["error"],
            "marks": frame["marks"].map(", ".join),
        }
        columns |= {name: frame.get(name) for name in ("verdict", "standing", *_COSTS)}
        columns["started"] = [provenance.get("started") for provenance in made]
        columns["genrebench"] = [(provenance.get("versions") or {}).get("genrebench") for provenance in made]
        columns["folder"] = [str(folders[id_]) if id_ in folders else None for id_ in frame["id"]]
        return _frame(columns, len(frame))

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """One line per cell, evaluation set and metric: ``id``, ``row``, the axes, ``set``, ``metric``, ``value``.

        Values are in the metrics' own units (0.529, not 52.9 %), computed from predictions; cells without are left out.
        """
        import pandas as pd

        frame = self._results.cells
        parts = []
        for measure in self._results.measures:
            own = frame[["id", *self.axes]].assign(
                set=measure.set, metric=measure.metric, value=frame[measure.name].astype(float)
            )
            own.insert(1, "row", frame["row"].map(self._labels))
            parts.append(own)
        return pd.concat(parts).dropna(subset=["value"]).reset_index(drop=True)

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """One line per finished cell, evaluation set and track.

        ``id``, ``row``, ``set``, ``track``, ``group`` (the track where none is known), ``label`` (true class),
        ``predicted``, ``correct``, ``probability`` (of the predicted class), and ``p:<class>`` for each class. Tracks
        that leak are left out, as in all tables. Of several most probable classes the first is ``predicted``;
        accuracies count such a track by chance.
        """
        import numpy as np
        import pandas as pd

        rows = dict(zip(self._results.cells["id"], self._results.cells["row"].map(self._labels), strict=True))
        parts = []
        for id_, sets in self._results.stored.items():
            classes = np.array(self._results.records[id_].classes, dtype=object)
            for name, predicted in sets.items():
                answers = predicted.probabilities.argmax(axis=1)
                facts = {
                    "id": id_, "row": rows.get(id_), "set": name, "track": predicted.tracks, "group": predicted.groups,
                    "label": classes[predicted.labels], "predicted": classes[answers],
                    "correct": answers == predicted.labels,
                    "probability": predicted.probabilities[np.arange(len(answers)), answers],
                }  # fmt: skip
                facts |= {
                    f"p:{label}": predicted.probabilities[:, number] for number, label in enumerate(classes)
                }
                parts.append(pd.DataFrame(facts))
        columns = ["id", "row", "set", "track", "group", "label", "predicted", "correct", "probability"]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)

    @cached_property
    def histories(self) -> pd.DataFrame:
        """One line per finished cell and epoch: ``id``, ``row``, ``stage``, ``epoch``, and what the model told.

        That is ``loss``, ``accuracy``, ``val_loss``, ``val_accuracy`` and the like.
        """
        import pandas as pd

        from benchmark.results.folder import read_history

        parts = []
        finished = self._results.cells[self._results.cells["status"] == "ok"]
        for id_, row in zip(finished["id"], finished["row"].map(self._labels), strict=True):
            history = pd.DataFrame(read_history(self._results.folders[id_]))
            if len(history):
                numeric = history.columns.difference(["stage"])
                history[numeric] = history[numeric].apply(pd.to_numeric, errors="coerce")
                history.insert(0, "id", id_)
                history.insert(1, "row", row)
                parts.append(history)
        return (
            pd.concat(parts, ignore_index=True)
            if parts
            else pd.DataFrame(columns=["id", "row", "stage", "epoch"])
        )

    @cached_property
    def comparisons(self) -> pd.DataFrame:
        """One line per pair of complete rows that are tested alike.

        ``measure``, ``row``, ``other``, ``difference`` (row less other), ``low`` and ``high`` (95 %), ``p`` and
        ``p_holm`` against no difference, ``p_equal`` and ``p_equal_holm`` against one too small to care about,
        ``verdict`` on ``row`` (better, worse, equal, undecided), its ``reason`` where no test can be made, ``units``
        and ``seeds``.
        """
        pairs = self._statistics.comparisons
        return pairs.assign(row=pairs["row"].map(self._labels), other=pairs["other"].map(self._labels))

    @cached_property
    def leaderboard(self) -> pd.DataFrame:
        """One line per row, the best first.

        ``row``, the axes, ``rank`` (those that it may have, such as ``1-3``), ``ok`` and ``expected`` cells,
        ``standing``, ``verdict`` of the audit, and per measure ``<set>/<metric> mean``, ``sd``, ``low`` and ``high``.
        """
        from benchmark.analysis.ranked import with_statistics

        lines = with_statistics(self._lines, self._statistics)
        numbers = [
            f"{measure.name} {part}"
            for measure in self._results.measures
            for part in ("mean", "sd", "low", "high")
        ]
        facts = ["rank", "ok", "expected", "standing", "verdict"]
        shown = lines[["row", *self.axes, *facts, *(name for name in numbers if name in lines)]]
        return shown.assign(row=shown["row"].map(self._labels))

    @cached_property
    def robustness(self) -> pd.DataFrame:
        """One line per row and evaluation set that is corrupted; nothing where none is.

        ``row``, ``set``, ``metric`` (that which rows are sorted by, or the first that is a mean over tracks), ``clean``
        (on tracks as they are), ``corrupted`` with ``corrupted_low`` and ``corrupted_high`` (the mean over corruptions
        and severities, 95 %), ``drop`` with ``drop_low`` and ``drop_high`` (which share of ``clean`` is lost there).
        """
        from benchmark.notebook.answers import robustness_frame

        return robustness_frame(self._robustness, self._labels)

    @cached_property
    def corrupted(self) -> pd.DataFrame:
        """One line per row, evaluation set, corruption and severity.

        ``row``, ``set``, ``metric``, ``corruption``, ``severity``, ``amount`` and ``unit`` (what that severity is),
        ``clean``, ``value``, and of the corruption over all its severities ``mean``, ``low`` and ``high`` (95 %).
        """
        from benchmark.notebook.answers import corrupted_frame

        return corrupted_frame(self._robustness, self._labels)

    @cached_property
    def robustness_changes(self) -> pd.DataFrame:
        """One line per change of an axis and corruption: which augmentation buys which robustness.

        ``set``, ``metric``, ``axis``, ``value``, ``baseline``, ``corruption``, ``pairs`` (of rows), ``clean`` (what it
        changes on tracks as they are), ``difference``, ``low``, ``high``, ``p`` and ``p_holm`` on worn ones, and the
        same with ``extra_``: by how much more than on clean ones. Intervals hold for all lines at once. Asked after
        are the axes that the leaderboard's ``baseline`` names, or else augmentations, or else all axes.
        """
        from benchmark.notebook.answers import changes_frame

        return changes_frame(self._robustness)

    @cached_property
    def ensembles(self) -> pd.DataFrame:
        """One line per ensemble and measure: what rows are worth together, as ``leaderboard: {ensembles: …}`` says.

        A suite that says nothing of ensembles has those of ``size: 5``. ``ensemble``, ``of`` (rows, or the seeds of
        one), ``made_of`` (mean weights), ``cells``, ``measure``, ``mean``, ``sd``, ``low``, ``high``, ``against`` (the
        row that is best by validation), ``difference``, ``difference_low``, ``difference_high``.
        """
        from benchmark.notebook.answers import ensembles_frame

        return ensembles_frame(self._ensembles, self._labels)

    @cached_property
    def ensemble_members(self) -> pd.DataFrame:
        """One line per ensemble of rows, cell and member.

        ``ensemble``, ``cell`` (seed/fold), ``row``, ``times``, ``weight``, ``validation`` (what the ensemble reached on
        the validation part).
        """
        from benchmark.notebook.answers import members_frame

        return members_frame(self._ensembles, self._labels)

    @cached_property
    def _robustness(self) -> tuple[Robustness, ...]:
        from benchmark.report.robustness import gather_robustness

        baseline = self._settings.baseline or {}
        return gather_robustness(self._corrupted(), self._results, self._lines, self._statistics, baseline)

    @cached_property
    def _ensembles(self) -> Ensembles:
        from benchmark.analysis.ensembles.ensemble import ensembles
        from benchmark.results.frames import sorting_measure
        from benchmark.results.validation import read_validation
        from benchmark.settings import EnsembleSettings

        results, settings = self._results, self._settings.ensembles or EnsembleSettings()
        sort = sorting_measure(results.measures, self._settings.sort)
        validation = read_validation(results.records, results.folders)
        return ensembles(results, self._lines, settings, validation, sort)

    @cached_property
    def _lines(self) -> pd.DataFrame:
        from benchmark.analysis.leaderboard import leaderboard

        results, settings = self._results, self._settings
        return leaderboard(results.cells, results.axes, results.measures, settings.sort, settings.baseline)

    @cached_property
    def _statistics(self) -> Statistics:
        from benchmark.analysis.statistics import statistics

        return statistics(self._results, self._lines, self._settings, self._seedless, self._price)

    @cached_property
    def _labels(self) -> dict[int, str]:
        from benchmark.analysis.leaderboard import row_label, varying

        axes = varying(self._results.cells, self._results.axes)
        return {int(line["row"]): row_label(line, axes) for line in self._results.cells.to_dict("records")}


def _frame(columns: Mapping[str, Any], length: int) -> pd.DataFrame:
    import pandas as pd

    return (
        pd.DataFrame(columns, index=range(length))
        if not length
        else pd.DataFrame(columns).reset_index(drop=True)
    )
