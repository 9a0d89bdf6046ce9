"""Results in Python and in notebooks: tidy data frames of a folder, a bundle, or a suite.

``benchmark.load`` and ``benchmark.run`` are these functions.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.exceptions import UsageError

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.analysis.statistics import Statistics
    from benchmark.locations import Locations
    from benchmark.results.frames import Results
    from benchmark.settings import LeaderboardSettings

INTERRUPTED = 130
_COSTS = (
    "total", "trainable", "train_items", "training_seconds", "total_seconds", "peak_memory_mb", "flops_per_clip",
    "items_per_second", "energy_wh",
)  # fmt: skip
Place = str | os.PathLike[str]


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
            for name in ("seed", "fold")
        }
        columns |= {
            "status": frame["status"],
            "error": frame["error"],
            "marks": frame["marks"].map(", ".join),
        }
        columns |= {name: frame.get(name) for name in ("verdict", "standing", *_COSTS)}
        columns["started"] = [each.get("started") for each in made]
        columns["genrebench"] = [(each.get("versions") or {}).get("genrebench") for each in made]
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
            for name, found in sets.items():
                answers = found.probabilities.argmax(axis=1)
                facts = {
                    "id": id_, "row": rows.get(id_), "set": name, "track": found.tracks, "group": found.groups,
                    "label": classes[found.labels], "predicted": classes[answers], "correct": answers == found.labels,
                    "probability": found.probabilities[np.arange(len(answers)), answers],
                }  # fmt: skip
                facts |= {f"p:{each}": found.probabilities[:, number] for number, each in enumerate(classes)}
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
        found = self._statistics.comparisons
        return found.assign(row=found["row"].map(self._labels), other=found["other"].map(self._labels))

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


def load(place: Place, *, results: Place | None = None, rehearse: bool = False) -> Loaded:
    """Return what is stored of a suite, as data frames. Nothing is trained, and no code of a stranger is run.

    Args:
        place: a suite's results folder (``results/paper``), a bundle (``paper.zip``), or a suite (``paper.yaml``).
        results: of a suite: where its results are; by default ``$BENCH_RESULTS``, else ``results``.
        rehearse: of a suite: those of its rehearsal.

    Raises:
        UsageError: when there is nothing at ``place``.
        BenchError: when it cannot be read; the message says why.
    """
    from benchmark.bundles.opening import is_bundle

    path = Path(place)
    if path.is_dir():
        return _of_folder(path)
    if is_bundle(path):
        return _of_bundle(path)
    if path.is_file():
        return _of_suite(path, _locations(results=results), rehearse=rehearse)
    raise UsageError(f"There is no folder of results, bundle or suite {path}.")


def run(
    suite: Place,
    *,
    results: Place | None = None,
    cache: Place | None = None,
    data: Place | Mapping[str, Place] | Sequence[Place] = (),
    change: Mapping[str, Any] | None = None,
    **options: Any,
) -> Loaded:
    """Run the cells of a suite that have no result yet, as ``bench run`` does, and return what is stored then.

    Args:
        suite: its file.
        results: where results go; by default ``$BENCH_RESULTS``, else ``results``.
        cache: where features go; by default ``$BENCH_CACHE``, else the user's cache folder.
        data: where datasets are: a folder, several, or folders by the datasets' names.
        change: values of the suite to change: ``{"cell.training.epochs": 2}``.
        options: further options of ``bench run``, by their names: ``jobs=2``, ``rehearse=True``, ``retry_failed=True``.

    Raises:
        KeyboardInterrupt: when it was interrupted; what is finished is kept.
        BenchError: when nothing could be run. A cell that failed is no error: ``cells`` has its status.
    """
    import json

    from benchmark.cli.main import cli

    arguments = [os.fspath(suite)]
    for name, place in (("results", results), ("cache", cache)):
        arguments += [f"--{name}", os.fspath(place)] if place is not None else []
    for key, value in (change or {}).items():
        arguments += ["--set", f"{key}={json.dumps(value)}"]
    for each in _data(data):
        arguments += ["--data", each]
    for name, value in options.items():
        option = f"--{name.replace('_', '-')}"
        arguments += [option] if value is True else [] if value in (None, False) else [option, str(value)]
    code = _code(cli, ["run", *arguments])
    if code == INTERRUPTED:
        raise KeyboardInterrupt
    rehearse = bool(options.get("rehearse"))
    overrides = tuple(f"{key}={json.dumps(value)}" for key, value in (change or {}).items())
    return _of_suite(Path(suite), _locations(results, cache, _data(data)), overrides, rehearse=rehearse)


def _code(cli: Any, arguments: list[str]) -> int:
    import click

    try:
        code = cli.main(arguments, prog_name="bench", standalone_mode=False)
    except SystemExit as error:
        code = error.code
    except click.ClickException as error:
        raise UsageError(error.format_message()) from error
    except click.exceptions.Abort as error:
        raise KeyboardInterrupt from error
    return code if isinstance(code, int) else 0


def _of_folder(path: Path) -> Loaded:
    from benchmark.bundles.folder import results_of
    from benchmark.plugin.manager import Plugins
    from benchmark.report.compose import seedless_models
    from benchmark.results.store import ResultsStore
    from benchmark.settings import LeaderboardSettings

    folder = path.resolve()
    registry = Plugins().registry
    found = results_of(ResultsStore(folder.parent, folder.name), registry)
    return Loaded(folder.name, found.notes, found, LeaderboardSettings(), seedless_models(registry))


def _of_bundle(path: Path) -> Loaded:
    import atexit

    from benchmark.bundles.opening import opened_plan
    from benchmark.report.compose import seedless_models
    from benchmark.results.collect import collect

    stack = ExitStack()
    # Histories are read when they are asked for.
    atexit.register(stack.close)
    bundle, plan, registry = stack.enter_context(opened_plan(path))
    found = collect(plan, bundle.store, registry)
    notes = (*plan.notes, *found.notes)
    return Loaded(
        plan.suite.name, notes, found, plan.suite.leaderboard, seedless_models(registry), plan.suite.price
    )


def _of_suite(
    path: Path, locations: Locations, overrides: tuple[str, ...] = (), *, rehearse: bool = False
) -> Loaded:
    from benchmark.cli.loading import load_plan
    from benchmark.report.compose import seedless_models
    from benchmark.results.collect import collect
    from benchmark.results.matching import absence_text, with_results
    from benchmark.results.store import ResultsStore

    plugins, plan = load_plan(path, overrides, locations, rehearsed=rehearse, to_report=True)
    store = ResultsStore(locations.results, plan.suite.name)
    plan = with_results(plan, store, plugins.registry)
    found = collect(plan, store, plugins.registry)
    absent = (absence_text(label, error) for label, error in plan.absent.items())
    notes = (*absent, *plan.notes, *found.notes)
    seedless = seedless_models(plugins.registry)
    return Loaded(plan.suite.name, notes, found, plan.suite.leaderboard, seedless, plan.suite.price)


def _locations(
    results: Place | None = None, cache: Place | None = None, data: Sequence[str] = ()
) -> Locations:
    from benchmark.cli.options import read_locations

    places = (None if place is None else Path(place) for place in (cache, results))
    return read_locations(tuple(data), *places)


def _data(given: Place | Mapping[str, Place] | Sequence[Place]) -> list[str]:
    if isinstance(given, Mapping):
        return [f"{name}={os.fspath(place)}" for name, place in given.items()]
    if isinstance(given, str | os.PathLike):
        return [os.fspath(given)]
    return [os.fspath(each) for each in given]


def _frame(columns: Mapping[str, Any], length: int) -> pd.DataFrame:
    import pandas as pd

    return (
        pd.DataFrame(columns, index=range(length))
        if not length
        else pd.DataFrame(columns).reset_index(drop=True)
    )
