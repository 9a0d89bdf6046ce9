"""What is stored of a suite, as tidy data frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from benchmark.suite.cell import REPEATED

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.analysis.statistics import Statistics
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
    _price: float = 1.0

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
        that leak are left out, as in all tables.
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
