"""Bring results of one suite from several places together: equal cells once, and conflicts never silently."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from benchmark.bundles.export import CELL_FILES, MERGED
from benchmark.bundles.metrics import MetricCheck
from benchmark.bundles.opening import foreign_registry, is_bundle, opened
from benchmark.claims import Claims
from benchmark.digests import is_intact, known_digest, sealed
from benchmark.exceptions import BundleError, ResultsError
from benchmark.files import make_folder, whole_folder, write_bytes, write_text
from benchmark.record import CellRecord
from benchmark.results.added import FILE as RACE
from benchmark.results.corrupted import FILES as CORRUPTED_FILES
from benchmark.results.corrupted import FOLDER as CORRUPTED
from benchmark.results.corrupted import CorruptedStore, clean_digest
from benchmark.results.folder import MODEL
from benchmark.results.intact import Damaged
from benchmark.results.predictions import SetPredictions, load_predictions
from benchmark.results.store import ResultsStore, Stamp, slug
from benchmark.tuning.record import FOLDER as STUDIES

Keep = Literal["first", "last"]


@dataclass
class Merged:
    """What came of a merge.

    Attributes:
        suite: whose results they are.
        folder: where they lie now; nothing was written if there are conflicts that nobody has decided.
        added: cells that were not there before.
        equal: how often a cell was there again, with the same numbers.
        conflicts: what is there with other numbers, in words.
        decided: conflicts that ``keep`` has decided: what was kept, and what not.
        notes: what a person should know.
    """

    suite: str
    folder: Path
    added: int = 0
    equal: int = 0
    conflicts: list[str] = field(default_factory=list)
    decided: list[dict[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Side:
    """One place of results: what it is called, and where they lie."""

    name: str
    store: ResultsStore


@dataclass(frozen=True)
class _Candidate:
    """One result of a cell."""

    side: _Side
    folder: Path
    record: CellRecord


def merge(sources: Sequence[Path], results: Path, keep: Keep | None = None) -> Merged:
    """Bring bundles and folders of one suite's results into ``results/<suite>``, what lies there included.

    A cell whose predictions are the same in all places is there once. A result that is ok comes before one that is
    not. Where numbers differ nothing is written, unless ``keep`` says whose stay: those of the first place (what lies
    there already, then ``sources`` in their order) or of the last. That is recorded in ``merged.json``.

    Raises:
        BundleError: when a source is damaged, or they are of several suites.
        ResultsError: when ``results`` cannot be written, or is being written by somebody else.
    """
    with ExitStack() as stack:
        sides = [stack.enter_context(_side(source)) for source in sources]
        names = {side.store.folder.name for side in sides}
        if len(names) > 1:
            raise BundleError(
                f"These are results of several suites ({', '.join(sorted(names))}); merge one at a time."
            )
        target = ResultsStore(results, names.pop())
        merged = Merged(target.folder.name, target.folder)
        claims = stack.enter_context(target.alone())
        target.clean_leftovers()
        before = target.stamps()
        own = _Side("what lies there", target)
        chosen = _chosen([own, *sides], keep, merged)
        others = list(_beside([own, *sides], keep, merged))
        if merged.conflicts:
            return merged
        for choice in chosen:
            if choice.side is not own:
                _take(choice, target, claims, before.get(choice.record.id))
        for folder in _corrupted(chosen, sides, merged):
            _copy_corrupted(folder, target)
        for file, source in others:
            make_folder(file.parent)
            write_bytes(file, source.read_bytes())
        if merged.decided:
            _note_decisions(target.folder, merged.decided)
        return merged


@contextmanager
def _side(source: Path) -> Iterator[_Side]:
    if is_bundle(source):
        with opened(source) as bundle:
            yield _Side(str(source), bundle.store)
        return
    folder = source.resolve()
    store = ResultsStore(folder.parent, folder.name)
    if not folder.is_dir() or not store.scan():
        raise BundleError(
            f"{source} is no bundle, and no folder of a suite's results, such as results/paper."
        )
    yield _Side(str(source), store)


def _chosen(sides: Sequence[_Side], keep: Keep | None, merged: Merged) -> list[_Candidate]:
    """Return the result of each cell that stays; note what is the same, and what is not."""
    by_id: dict[str, list[_Candidate]] = {}
    check = MetricCheck(foreign_registry(), {})
    for number, side in enumerate(sides):
        for id_, folder in side.store.scan().items():
            record = side.store.read(id_, folder)
            if isinstance(record, Damaged):
                merged.notes.append(
                    f"{side.name}: {folder.name} is damaged and is not taken: {record.reason}."
                )
            elif record is not None and number and (problem := _problem(folder, record, check)):
                merged.notes.append(f"{side.name}: {problem.rstrip('.')}. It is not taken.")
            elif record is not None and record.status != "interrupted":
                by_id.setdefault(id_, []).append(_Candidate(side, folder, record))
    chosen = []
    for several in by_id.values():
        best = [candidate for candidate in several if candidate.record.status == "ok"] or several[:1]
        kept = best[0]
        for other in best[1:]:
            difference = _difference(kept, other)
            if not difference:
                merged.equal += 1
            elif keep is None:
                merged.conflicts.append(_conflict(kept, other, difference))
            else:
                stays, goes = (kept, other) if keep == "first" else (other, kept)
                merged.decided.append(_decision(stays, goes, difference))
                kept = stays
        merged.added += all(candidate.side is not sides[0] for candidate in several)
        chosen.append(kept)
    return chosen


def _problem(folder: Path, record: CellRecord, check: MetricCheck) -> str:
    """Return what is wrong with the metrics of a stranger's result, or an empty text: reports will believe them."""
    if record.status != "ok" or not record.metrics:
        return ""
    try:
        predictions = load_predictions(folder, record.classes)
    except ResultsError as error:
        return str(error)
    return next(check.problems(folder, record, predictions), "")


def _difference(this: _Candidate, other: _Candidate) -> str:
    """Return how the numbers of two results of a cell differ, or an empty text."""
    files = [side.folder / "predictions.parquet" for side in (this, other)]
    if known_digest(files[0]) == known_digest(files[1]):
        return ""
    if this.record.classes != other.record.classes:
        return "their classes differ"
    try:
        first, second = (load_predictions(side.folder, side.record.classes) for side in (this, other))
    except ResultsError as error:
        raise BundleError(f"{error}") from error
    return predictions_difference(first, second)


def predictions_difference(first: dict[str, SetPredictions], second: dict[str, SetPredictions]) -> str:
    """Return how predictions of one cell differ, in words, or an empty text where they are the same."""
    if first.keys() != second.keys():
        return "they were evaluated on other sets"
    said = []
    for name, own in first.items():
        other = second[name]
        if own.tracks.tolist() != other.tracks.tolist() or own.labels.tolist() != other.labels.tolist():
            return f"their tracks on {name} differ"
        if not np.array_equal(own.probabilities, other.probabilities):
            most = float(np.abs(own.probabilities - other.probabilities).max())
            answers = int((own.probabilities.argmax(axis=1) != other.probabilities.argmax(axis=1)).sum())
            said.append(
                f"on {name} probabilities by up to {most:.2g}, and {answers} of {len(own.tracks)} answers"
            )
    return "; ".join(said)


def _conflict(this: _Candidate, other: _Candidate, difference: str) -> str:
    label = " · ".join(this.record.labels.values())
    return f"{label} ({this.record.id}) differs between {this.side.name} and {other.side.name}: {difference}."


def _decision(stays: _Candidate, goes: _Candidate, difference: str) -> dict[str, str]:
    return {
        "cell": stays.record.id,
        "kept": f"{stays.side.name}: {known_digest(stays.folder / 'predictions.parquet')}",
        "not kept": f"{goes.side.name}: {known_digest(goes.folder / 'predictions.parquet')}",
        "difference": difference,
    }


def _beside(sides: Sequence[_Side], keep: Keep | None, merged: Merged) -> Iterator[tuple[Path, Path]]:
    """Yield what lies beside cells and is to be written: its place, and where it comes from."""
    target = sides[0].store.folder
    places: dict[str, list[tuple[_Side, Path]]] = {}
    for side in sides:
        folder = side.store.folder
        for file in (folder / RACE, *sorted((folder / STUDIES).glob("*.json"))):
            if file.is_file():
                places.setdefault(file.relative_to(folder).as_posix(), []).append((side, file))
    for name, several in places.items():
        first, last = several[0], several[-1]
        digests = {known_digest(file) for _, file in several}
        if len(digests) > 1 and keep is None:
            merged.conflicts.append(f"{name} differs between {first[0].name} and {last[0].name}.")
            continue
        side, file = last if keep == "last" else first
        if len(digests) > 1:
            merged.decided.append({"file": name, "kept": f"{side.name}: {known_digest(file)}"})
        if side is not sides[0]:
            yield target / name, file


def _take(choice: _Candidate, target: ResultsStore, claims: Claims, before: Stamp | None) -> None:
    """Copy a result into a results folder, in place of the one of the same cell that had the stamp ``before``."""
    final = target.folder / f"{slug(' '.join(choice.record.labels.values()))}-{choice.record.id}"
    claim = target.take(claims, choice.record.id)
    # What was filed since it was compared is not replaced.
    if claim is None or target.stamp(choice.record.id) != before:
        raise ResultsError(f"{final} is being run by somebody else: merge when that has ended.")
    replaced = target.scan().get(choice.record.id)
    try:
        with whole_folder(final, replaces=replaced, within=claim) as folder:
            for name in CELL_FILES:
                if (choice.folder / name).is_file():
                    shutil.copyfile(choice.folder / name, folder / name)
            if (choice.folder / MODEL).is_dir():
                shutil.copytree(choice.folder / MODEL, folder / MODEL)
    except OSError as error:
        raise ResultsError(f"{final} cannot be written: {error.strerror or error}.") from error
    finally:
        claims.release(choice.record.id)


def _corrupted(chosen: Sequence[_Candidate], sides: Sequence[_Side], merged: Merged) -> Iterator[Path]:
    """Yield results on corrupted sets that belong to results which stay, from whichever side."""
    stores = [CorruptedStore(side.store) for side in sides]
    for choice in chosen:
        if choice.record.status == "ok":
            clean = clean_digest(choice.record, choice.folder)
            for store in stores:
                yield from store.folders_of(choice.record.id, clean)
    merged.notes += [problem for store in stores for problem in store.problems]


def _copy_corrupted(folder: Path, target: ResultsStore) -> None:
    """Copy a folder of results on corrupted sets; one that is there already stays."""
    final = target.folder / CORRUPTED / folder.name
    if final.exists():
        return
    try:
        with whole_folder(final) as temporary:
            for name in CORRUPTED_FILES:
                shutil.copyfile(folder / name, temporary / name)
    except OSError as error:
        raise ResultsError(f"{final} cannot be written: {error.strerror or error}.") from error


def read_decisions(folder: Path) -> list[dict[str, Any]]:
    """Return which conflicts were decided by hand in a suite's results folder.

    Raises:
        ResultsError: when the record of that is there and cannot be believed.
    """
    file = folder / MERGED
    if not file.exists():
        return []
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(content, dict) or not is_intact(content):
            raise ValueError("it is not what was written")
        return [dict(decision) for decision in content["decisions"]]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ResultsError(f"{file} cannot be read: {error}.") from error


def _note_decisions(folder: Path, decided: list[dict[str, str]]) -> None:
    content = {"format": 1, "decisions": [*read_decisions(folder), *decided]}
    write_text(folder / MERGED, json.dumps(sealed(content), indent=1, ensure_ascii=False) + "\n")
