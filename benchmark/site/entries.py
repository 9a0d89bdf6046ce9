"""What bundles bring to a leaderboard: rows, each tested on something, under some protocol."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.analysis.leaderboard import row_label, varying
from benchmark.bundles.folder import results_of
from benchmark.bundles.opening import BENCHFILE, foreign_registry, opened, plan_of
from benchmark.bundles.signature import signer_of
from benchmark.exceptions import SuiteError
from benchmark.plugin.unopened import Unopened
from benchmark.report.material import seedless_models
from benchmark.results.corrupted_scores import (
    CorruptedScores,
    SetScores,
    collect_corrupted,
    filed_corrupted,
)
from benchmark.results.folder import read_history
from benchmark.results.frames import CELL_NAME, ROW, STATUS, Results
from benchmark.suite.cell import REPEATED, identity
from benchmark.suite.identity import set_key

if TYPE_CHECKING:
    from benchmark.plugin.metric import Metric
    from benchmark.record import CellRecord
    from benchmark.results.predictions import SetPredictions


# The metric that orders tables, where bundles have it.
FIRST = "top1"


@dataclass(frozen=True)
class Submission:
    """A bundle: who vouches for it, since when, and by whose key it is signed (empty where nobody asked)."""

    file: str
    suite: str
    description: str
    lab: str
    date: str
    signer: str
    price: float
    environment: Mapping[str, Sequence[str]]

    @property
    def name(self) -> str:
        """What it is called: the lab, or the file of one that gives no name."""
        return self.lab or self.file

    @property
    def day(self) -> str:
        """The day, ISO 8601."""
        return self.date[:10] or "no date"


@dataclass(frozen=True)
class Task:
    """What rows are tested on, and how they come there: rows of one task may stand in one table.

    ``key`` is a hash of all that, ``title`` the set, ``protocol`` in words.
    """

    key: str
    title: str
    protocol: str


@dataclass(frozen=True)
class Entry:
    """One row of a bundle on one task.

    Attributes:
        key: a hash of what the row is: its specification without seed, fold, evaluation sets and versions of code.
        label: what its suite calls it.
        lines: of its cells, as ``Results.cells`` has them, also of those without a result.
        records, tested: by the cell's name (seed and fold), of finished cells.
        filed: what the set is filed under, by the cell's name.
        epochs: how many lines of history each finished cell has.
        worn: what its cells score on corrupted versions of the set (``rows`` has this row alone); None where that is
            not known.
    """

    source: Submission
    task: Task
    key: str
    label: str
    lines: tuple[Mapping[str, Any], ...]
    records: Mapping[str, CellRecord]
    tested: Mapping[str, SetPredictions]
    filed: Mapping[str, str]
    epochs: Mapping[str, int]
    worn: SetScores | None = None


@dataclass(frozen=True)
class Gathered:
    """All entries of all bundles, the metrics by label, models that no seed changes, and what must be said."""

    sources: tuple[Submission, ...]
    entries: tuple[Entry, ...]
    metrics: Mapping[str, Metric]
    seedless: frozenset[str]
    notes: tuple[str, ...]


def gather(files: Sequence[Path], signers: Path | None = None) -> Gathered:
    """Read bundles; the earliest first, whatever their order.

    Raises:
        BundleError: when one is damaged or, with ``signers``, not signed by one of them.
    """
    sources: list[Submission] = []
    entries: list[Entry] = []
    metrics: dict[str, Metric] = {}
    known: dict[str, Any] = {}
    notes: list[str] = []
    seedless: frozenset[str] = frozenset()
    for file in files:
        signer = signer_of(file, signers) if signers is not None else ""
        with opened(file) as bundle:
            registry = foreign_registry(bundle.folder / BENCHFILE)
            seedless |= seedless_models(registry)
            price = 1.0
            try:
                from benchmark.results.collect import collect

                plan = plan_of(bundle, registry)
                results = collect(plan, bundle.store, registry)
                worn = collect_corrupted(plan, bundle.store, results, FIRST)
                price = plan.suite.price
            except SuiteError:
                # Of a plugin that takes other parameters by now, say: the records speak for themselves.
                results = results_of(bundle.store, registry)
                worn = filed_corrupted(bundle.store, results, FIRST)
                notes.append(
                    f"The suite in {file.name} cannot be read here; cells without a result are not known."
                )
            manifest = bundle.manifest
            source = Submission(
                file.name,
                manifest.suite,
                manifest.description,
                manifest.lab,
                manifest.date,
                signer,
                price,
                manifest.environment,
            )
            for label, metric in results.metrics.items():
                facts = manifest.metrics.get(label, label)
                if isinstance(metric, Unopened):
                    notes.append(f"Metric '{label}' of {file.name} is not known here, and is left out.")
                elif known.setdefault(label, facts) == facts:
                    metrics.setdefault(label, metric)
                else:
                    notes.append(
                        f"Metric '{label}' of {file.name} is another one than that of other bundles."
                    )
            sources.append(source)
            entries += _entries(source, results, worn)
    order = {id(source): (source.date or "9", source.file) for source in sources}
    return Gathered(
        tuple(sorted(sources, key=lambda source: order[id(source)])),
        tuple(sorted(entries, key=lambda entry: order[id(entry.source)])),
        metrics,
        seedless,
        tuple(dict.fromkeys(notes)),
    )


def _entries(source: Submission, results: Results, worn: CorruptedScores) -> Iterator[Entry]:
    on_set = {scores.set: scores for scores in worn.sets}
    axes = varying(results.cells, results.axes)
    taken: set[tuple[str, str]] = set()
    for number, cells in results.cells.groupby(ROW, sort=True):
        lines = tuple({str(key): value for key, value in line.items()} for line in cells.to_dict("records"))
        ok = [line for line in lines if line[STATUS] == "ok"]
        for label in dict.fromkeys(name for line in ok for name in results.stored.get(line["id"], {})):
            own = [line for line in ok if label in results.stored[line["id"]]]
            records = {str(line[CELL_NAME]): results.records[line["id"]] for line in own}
            tested = {str(line[CELL_NAME]): results.stored[line["id"]][label] for line in own}
            filed = {str(line[CELL_NAME]): results.filed[line["id"]][label] for line in own}
            first = next(iter(records))
            task = task_of(records[first], filed[first], label)
            key = row_key(records[first].spec)
            # A suite may hold a row twice, under two labels.
            if (task.key, key) in taken:
                continue
            taken.add((task.key, key))
            epochs = {str(line[CELL_NAME]): len(read_history(results.folders[line["id"]])) for line in own}
            named = row_label(lines[0], axes)
            own_scores = _of_row(on_set.get(label), number)
            yield Entry(source, task, key, named, lines, records, tested, filed, epochs, own_scores)


def _of_row(scores: SetScores | None, row: Any) -> SetScores | None:
    """Return the scores of one row; None where it has none."""
    own = {} if scores is None else {row: scores.rows[row]} if row in scores.rows else {}
    return replace(scores, rows=own) if scores is not None and own else None


def row_key(spec: Mapping[str, Any]) -> str:
    """Return a hash of what a row is: versions of code may differ where somebody reproduces it later."""
    left_out = (*REPEATED, "evaluate")
    return identity(_unversioned({key: value for key, value in spec.items() if key not in left_out}))


def task_of(record: CellRecord, filed: str, label: str) -> Task:
    """Return what a cell was tested on and how, by what the set is filed under."""
    spec = record.spec
    evaluated = next((known for known in spec.get("evaluate", ()) if set_key(known) == filed), None)
    other = evaluated.get("dataset") if evaluated else None
    # Results of old are filed under labels, which end with the part.
    part = str(evaluated["part"]) if evaluated else filed.rpartition(":")[2]
    dataset = other or spec.get("dataset") or {}
    facts = {
        "set": [_unversioned(dataset), part],
        # What is put through a format, or cut, is another test; another dataset is taken as it is.
        "audio": None if other else spec.get("audio"),
        "clips": spec.get("clips"),
        "duplicates": None if other else spec.get("duplicates"),
        "split": spec.get("split"),
        "trained on": _unversioned(spec.get("dataset")) if other else None,
        "classes": sorted(record.classes),
        "rehearsal": "rehearsal" in record.marks,
    }
    protocol = [f"trained on {spec['dataset'].get('name')}"] if other else []
    protocol += [f"split {_words(spec.get('split') or {})}"]
    protocol += [f"{key} {_words(facts[key])}" for key in ("audio", "clips", "duplicates") if facts[key]]
    protocol += [f"data {str(dataset.get('revision', 'unknown'))[:12]}"] if dataset else []
    return Task(identity(_unversioned(facts)), label, "; ".join(protocol))


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        if "name" in value:
            return str(value["name"])
        return ", ".join(f"{key} {_words(part)}" for key, part in value.items())
    if isinstance(value, list):
        return "/".join(map(str, value))
    return str(value)


def _unversioned(value: Any) -> Any:
    if isinstance(value, Mapping):
        is_component = {"name", "version"} <= value.keys()
        return {
            key: _unversioned(part) for key, part in value.items() if not (is_component and key == "version")
        }
    return [_unversioned(part) for part in value] if isinstance(value, list) else value
