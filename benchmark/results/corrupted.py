"""Results on corrupted sets, beside the cells' own: ``corrupted/<cell's id>-<hash>/``, each folder whole or absent.

A folder holds what one evaluation of a cell's model gave on some corrupted sets, in ``predictions.parquet``, and says
in ``corrupted.json`` which sets these are, and of which clean predictions the model was. Those of other clean
predictions (the cell has been run anew since) do not count. Nothing here is part of a cell's record.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import TypeAdapter, ValidationError

from benchmark.digests import file_digest, is_intact, known_digest, sealed
from benchmark.exceptions import ResultsError
from benchmark.files import whole_folder
from benchmark.record import CellRecord
from benchmark.results.folder import MODEL, PREDICTIONS
from benchmark.results.intact import damaged_model
from benchmark.results.parquet import write_predictions
from benchmark.results.store import ResultsStore
from benchmark.suite.cell import Cell, Corrupted
from benchmark.suite.identity import corrupted_key, set_key
from benchmark.validation import sentence

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.results.plan import Plan

FOLDER, RECORD, FORMAT = "corrupted", "corrupted.json", 1
FILES = (RECORD, PREDICTIONS)
How = Literal["in memory", "kept", "trained again"]
_NAME = re.compile(r"([0-9a-f]{12})-[0-9a-f]{12}")
_MOST_BYTES = 10_000_000


@dataclass(frozen=True)
class CorruptedRecord:
    """What one folder holds.

    Attributes:
        cell: the cell's identity.
        clean: SHA-256 of the cell's own predictions, which the model gave as well.
        classes: order of the probability columns.
        sets: by the name that predictions are filed under: that of the clean ``set``, the ``corruption`` as identities
            have it, ``label``, ``severity``, ``amount`` and ``unit``.
        model: where it came from.
        difference: by how much its probabilities on clean sets differ from the cell's own, at most.
        provenance: versions, git commit, hardware, time of start.
        files: SHA-256 of each other file of the folder.
    """

    cell: str
    clean: str
    classes: list[str]
    sets: dict[str, dict[str, Any]]
    model: How
    difference: float = 0.0
    provenance: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    format: int = FORMAT


@dataclass(frozen=True)
class Filed:
    """A folder that can be used, and its record."""

    folder: Path
    record: CorruptedRecord


@dataclass(frozen=True)
class Unfinished:
    """Corrupted sets that a finished cell has no predictions of, and whether its model was kept."""

    cell: Cell
    id: str
    folder: Path
    corrupted: tuple[Corrupted, ...]
    has_model: bool


class CorruptedStore:
    """All of one suite's results on corrupted sets. It is read once."""

    def __init__(self, results: ResultsStore) -> None:
        self.folder = results.folder / FOLDER
        self.problems: list[str] = []

    @cached_property
    def folders(self) -> Mapping[str, list[Path]]:
        """The folders of each cell, by its id, in the order of their names."""
        folders: dict[str, list[Path]] = {}
        try:
            names = sorted(os.listdir(self.folder))
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise ResultsError(f"{self.folder} cannot be read ({error.strerror}).") from error
        for name in names:
            match = _NAME.fullmatch(name)
            if match:
                folders.setdefault(match[1], []).append(self.folder / name)
        return folders

    def of(self, id_: str, clean: str) -> dict[str, Filed]:
        """Return where each corrupted set of a cell lies; ``clean`` is the digest of the cell's own predictions.

        What is damaged is named in ``problems``, and counts as absent.
        """
        filed: dict[str, Filed] = {}
        for folder in self.folders.get(id_, ()):
            try:
                record = read_record(folder)
            except ResultsError as error:
                self.problems.append(str(error))
                continue
            if (record.cell, record.clean) == (id_, clean):
                filed |= dict.fromkeys(record.sets, Filed(folder, record))
        return filed

    def folders_of(self, id_: str, clean: str) -> list[Path]:
        """Return the folders that have something of a cell that counts, in the order of their names."""
        return sorted({filed.folder for filed in self.of(id_, clean).values()})


def file_corrupted(results: ResultsStore, record: CorruptedRecord, predictions: pd.DataFrame) -> Path:
    """File what a model says of corrupted sets.

    Raises:
        ResultsError: when the folder cannot be written; no half result is left.
    """
    text = json.dumps([record.clean, sorted(record.sets)])
    name = f"{record.cell}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    final = results.folder / FOLDER / name
    try:
        with whole_folder(final, replaces=final if final.exists() else None) as folder:
            write_predictions(predictions, folder / PREDICTIONS)
            filed = asdict(record) | {"files": {PREDICTIONS: file_digest(folder / PREDICTIONS)}}
            (folder / RECORD).write_text(json.dumps(sealed(filed), indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise ResultsError(f"{final} cannot be written: {error.strerror or error}.") from error
    return final


def packed_folders(results: ResultsStore) -> dict[str, dict[str, bytes]]:
    """Return the files of each folder, by their names: to be sent to where ``unpack_folders`` files them."""
    folders = (folder for several in CorruptedStore(results).folders.values() for folder in several)
    return {folder.name: {name: (folder / name).read_bytes() for name in FILES} for folder in folders}


def unpack_folders(results: ResultsStore, id_: str, packed: Mapping[str, Mapping[str, bytes]]) -> None:
    """File folders of a cell that were made elsewhere.

    Raises:
        ResultsError: when one is not of the cell, or not what was filed there, or cannot be written.
    """
    for name, files in packed.items():
        match = _NAME.fullmatch(name)
        if match is None or match[1] != id_ or set(files) != set(FILES):
            raise ResultsError(f"{name!r} is no folder of results of {id_} on corrupted sets.")
        final = results.folder / FOLDER / name
        try:
            with whole_folder(final, replaces=final if final.exists() else None) as folder:
                for file, content in files.items():
                    (folder / file).write_bytes(content)
                read_record(folder)
        except OSError as error:
            raise ResultsError(f"{final} cannot be written: {error.strerror or error}.") from error


def read_record(folder: Path) -> CorruptedRecord:
    """Return the record of a folder, if that and the predictions beside it are what was filed.

    Raises:
        ResultsError: when they are not; the corrupted sets are to be evaluated again.
    """
    file = folder / RECORD
    try:
        if not file.is_file() or file.stat().st_size > _MOST_BYTES:
            raise ValueError(f"{RECORD} is missing, or is no record")
        content = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(content, dict) or not is_intact(content):
            raise ValueError(f"{RECORD} is not what was filed")
        record = _adapter().validate_python(content)
        if record.format != FORMAT:
            raise ValueError(f"its format is {record.format}, and this program knows {FORMAT}")
        if known_digest(folder / PREDICTIONS) != record.files.get(PREDICTIONS):
            raise ValueError(f"{PREDICTIONS} is not what was filed")
    except ValidationError as error:
        raise _unusable(folder, sentence("corrupted.json", error.errors()[0])) from error
    except (OSError, ValueError, RecursionError) as error:
        raise _unusable(folder, str(error)) from error
    return record


def described(corrupted: Corrupted, clean: str) -> dict[str, Any]:
    """Return what a record says of a corrupted set, as plain JSON; ``clean`` is what the set itself is filed under."""
    return {
        "set": clean,
        "corruption": corrupted.corruption.identity(),
        "label": corrupted.corruption.label,
        "severity": corrupted.severity,
        "amount": corrupted.amount,
        "unit": corrupted.unit,
    }


def wanted_keys(cell: Cell, plan: Plan) -> dict[str, Corrupted]:
    """Return the corrupted sets of a cell by the names that they are filed under."""
    spec = cell.spec
    clean = {
        evaluation.label: set_key(canonical)
        for evaluation, canonical in zip(spec.evaluate, plan.identifier.sets(spec.evaluate), strict=True)
    }
    return {
        corrupted_key(corrupted, clean[corrupted.evaluation.label]): corrupted for corrupted in spec.corrupted
    }


def clean_digest(record: CellRecord, folder: Path) -> str:
    """Return the digest of a finished cell's own predictions.

    Raises:
        ResultsError: when they cannot be read.
    """
    try:
        return record.files.get(PREDICTIONS) or known_digest(folder / PREDICTIONS)
    except OSError as error:
        raise ResultsError(f"{folder / PREDICTIONS} cannot be read: {error}.") from error


def unfinished(
    plan: Plan, store: ResultsStore, wants: Callable[[Cell], bool] = lambda cell: True
) -> list[Unfinished]:
    """Return what finished cells of a plan have no predictions of, of those that somebody ``wants``.

    Cells without a result are not among them.
    """
    lacking: list[Unfinished] = []
    several = [(cell, id_) for cell, id_ in plan.cells if cell.spec.corrupted and wants(cell)]
    if not several:
        return lacking
    folders, corrupted = store.scan(), CorruptedStore(store)
    keys: dict[int, dict[str, Corrupted]] = {}
    for cell, id_ in several:
        record = store.read(id_, folders[id_]) if id_ in folders else None
        if not isinstance(record, CellRecord) or record.status != "ok":
            continue
        wanted = keys.setdefault(id(cell.spec.corrupted), wanted_keys(cell, plan))
        filed = corrupted.of(id_, clean_digest(record, folders[id_]))
        absent = tuple(wanted_set for key, wanted_set in wanted.items() if key not in filed)
        if absent:
            kept = (folders[id_] / MODEL).is_dir() and not damaged_model(folders[id_], record)
            lacking.append(Unfinished(cell, id_, folders[id_], absent, kept))
    return lacking


def text_of(left: Sequence[Unfinished]) -> str:
    """Return what is to be said of finished cells that lack corrupted sets."""
    sets = sum(len(cell.corrupted) for cell in left)
    again = sum(not cell.has_model for cell in left)
    kept = len(left) - again
    parts = [f"{kept} from their kept models"] if kept else []
    parts += [f"{again} must be trained again, since their models were not kept"] if again else []
    cells = "1 finished cell lacks" if len(left) == 1 else f"{len(left)} finished cells lack"
    return f"{cells} {sets} corrupted sets: {'; '.join(parts)}"


def remove_leftovers(results: ResultsStore) -> None:
    """Remove what writers left that were killed; call while nobody works at the suite."""
    from benchmark.files import remove_leftovers as remove

    remove(results.folder / FOLDER)


def stamps(results: ResultsStore, ids: Iterable[str | None]) -> dict[str, list[tuple[str, int]]]:
    """Return when the results of cells were filed, to see that a report is of older ones."""
    wanted = set(ids)
    return {
        id_: [(folder.name, _modified(folder / RECORD)) for folder in folders]
        for id_, folders in CorruptedStore(results).folders.items()
        if id_ in wanted
    }


def _modified(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0


def _unusable(folder: Path, reason: str) -> ResultsError:
    return ResultsError(f"{FOLDER}/{folder.name} is damaged and not used: {reason}.")


@cache
def _adapter() -> TypeAdapter[CorruptedRecord]:
    return TypeAdapter(CorruptedRecord)
