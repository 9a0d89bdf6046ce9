"""What came of a study, as a small file beside the results: resolving a suite needs neither Optuna nor a database."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from benchmark.digests import DIGEST, is_intact, sealed
from benchmark.exceptions import NewerRecordError, ResultsError
from benchmark.files import make_folder, write_text

FOLDER = "studies"
NEWEST = 2


@dataclass(frozen=True)
class StudyRecord:
    """One study's outcome so far.

    Attributes:
        id: its identity, 12 hexadecimal digits.
        labels: axis to label of its row, as the suite had them.
        spec: the canonical specification that ``id`` is the hash of.
        status: ``ok`` if a trial was finished, else ``failed``.
        metric: what was maximised, or minimised, and ``chosen_on`` the set that it was computed on, in words.
        values: the best trial's, by path; ``value`` is what they reached, ``trial`` its number.
        own: the row's own values, and ``own_value`` what they reached, None where that trial failed.
        trials: how many there are of each state: ``complete``, ``pruned``, ``failed``.
        seconds: that the study has taken, interruptions not counted.
        errors: of failed trials, each once.
        sampler, pruner: name and settings. ``optuna`` is its version, ``storage`` where the trials are.
        format: version of the schema; the second has a digest.
    """

    id: str
    labels: dict[str, str]
    spec: dict[str, Any]
    status: Literal["ok", "failed"]
    metric: str
    chosen_on: str
    values: dict[str, Any] = field(default_factory=dict)
    value: float | None = None
    trial: int | None = None
    own: dict[str, Any] = field(default_factory=dict)
    own_value: float | None = None
    trials: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    errors: list[str] = field(default_factory=list)
    sampler: dict[str, Any] = field(default_factory=dict)
    pruner: dict[str, Any] = field(default_factory=dict)
    optuna: str = ""
    storage: str = ""
    format: int = NEWEST

    @property
    def count(self) -> int:
        """How many trials have ended."""
        return sum(self.trials.values())

    def summary(self) -> dict[str, Any]:
        """Return what the record of a cell with these values says of how they were found."""
        left_out = ("id", "labels", "spec", "status", "errors", "format")
        return {"study": self.id} | {
            name: value for name, value in asdict(self).items() if name not in left_out
        }


def record_file(results: Path, id_: str) -> Path:
    """Return where the record of a study is, in a suite's results folder."""
    return results / FOLDER / f"{id_}.json"


def write_record(results: Path, record: StudyRecord) -> None:
    """Write a record, whole or not at all.

    Raises:
        ResultsError: when it cannot be written.
    """
    file = record_file(results, record.id)
    try:
        make_folder(file.parent)
        write_text(file, json.dumps(sealed(asdict(record)), indent=1, ensure_ascii=False) + "\n")
    except OSError as error:
        raise ResultsError(f"{file} cannot be written: {error}") from error


def read_record(results: Path, id_: str) -> StudyRecord | None:
    """Return the record of a study, or None where there is none, or none that is whole: it is made anew.

    Raises:
        NewerRecordError: when it was written by a later version of the program.
    """
    return _read(record_file(results, id_))


def read_records(results: Path) -> list[StudyRecord]:
    """Return all records of a suite."""
    records = (_read(file) for file in sorted((results / FOLDER).glob("*.json")))
    return [record for record in records if record is not None]


def values_text(values: Mapping[str, Any]) -> str:
    """Return values by path in one line, numbers to four digits."""
    return ", ".join(f"{name} {value_text(value)}" for name, value in values.items())


def value_text(value: Any) -> str:
    """Return one value as tables show it."""
    if isinstance(value, float):
        return f"{value:.4g}"
    return "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _read(file: Path) -> StudyRecord | None:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        version = content.get("format", 1)
        if (version != 1 or DIGEST in content) and not is_intact(content):
            return None
        if version > NEWEST:
            raise NewerRecordError(
                f"{file} was written by a later version of genrebench (its record is of version {version}, and this "
                f"program reads versions up to {NEWEST}). Install the later version, or choose another results folder "
                "with --results DIR or BENCH_RESULTS."
            )
        record = _adapter().validate_python({**content, "format": NEWEST})
    except (OSError, ValueError, TypeError, AttributeError, RecursionError, ValidationError):
        return None
    return record if record.id == file.stem else None


@cache
def _adapter() -> TypeAdapter[StudyRecord]:
    return TypeAdapter(StudyRecord)
