"""The record of one cell: what ``cell.json`` holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from benchmark.validation import sentence
from benchmark.versions import NEWEST, upgraded

Status = Literal["ok", "failed", "timed out", "interrupted"]
COSTS = FLOPS, THROUGHPUT, ENERGY = "flops_per_clip", "items_per_second", "energy_wh"


@dataclass(frozen=True)
class CellError:
    """Why a cell is not ok: the exception's type, its message, and the traceback for those who need it."""

    type: str
    message: str
    traceback: str = ""


@dataclass(frozen=True)
class CellRecord:
    """One cell's outcome.

    Attributes:
        id: the cell's identity, 12 hexadecimal digits.
        suite: name of the suite that it was run for.
        labels: axis to label, as the suite had it when the cell was run.
        spec: the canonical specification that ``id`` is the hash of.
        status: how it ended.
        error: why, when not ok.
        classes: label order of the probability columns.
        sets: what the evaluation sets were called, by the keys that results are filed under. Records of format 1
            have none: their results are filed under what the sets were called.
        metrics: what each metric is that was computed, by the label that its values are filed under, as in ``spec``
            components are. Records from before this was written down have none.
        parameters: ``{"total": int, "trainable": int}``, or empty.
        counts: how many tracks and items each part had (``train_tracks``, ``train_items``, …), and how many
            files were left out.
        clip_seconds: length of a usual training clip (their median; of the tracks, where they are not cut).
        left_out: names of files that the datasets could not use, with the reason.
        seconds: durations of ``training``, ``evaluation`` and ``total``.
        peak_memory_mb: of the process, up to the end of this cell.
        cost: ``flops_per_clip`` of a forward pass, ``items_per_second`` in training, ``energy_wh`` of training;
            those that are known.
        marks: what every output must say of this result: ``synthetic``, ``rehearsal``, ``leaky``.
        tuning: where a study chose some of its values: which, by which metric on which set, out of how many
            trials, with which sampler, pruner and version of Optuna; empty where none did.
        audit: the verdict on the cell's split (``clean``, ``leaky: 12 tracks``, ``shared groups: 40 % of held-out
            tracks``, ``groups unknown``, ``unknown``), the findings in short, and, of each evaluation set, how many
            tracks leak or share a group, and which leak; empty where there was no audit.
        provenance: versions, git commit, hardware, time of start (ISO 8601, UTC), backend.
        files: SHA-256 of each other file of the cell's folder, by its path there; empty where there is none, and in
            records of version 1, which had no digests.
        format: version of the schema (see ``results.versions``).
    """

    id: str
    suite: str
    labels: dict[str, str]
    spec: dict[str, Any]
    status: Status
    error: CellError | None = None
    classes: list[str] = field(default_factory=list)
    sets: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, dict[str, Any]] = field(default_factory=dict)
    parameters: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    clip_seconds: float | None = None
    left_out: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    peak_memory_mb: float | None = None
    cost: dict[str, float] = field(default_factory=dict)
    marks: list[str] = field(default_factory=list)
    provenance: dict[str, Any] = field(default_factory=dict)
    tuning: dict[str, Any] = field(default_factory=dict)
    audit: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    format: int = NEWEST

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values, which are the record's own."""
        return {**vars(self), "error": None if self.error is None else asdict(self.error)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> CellRecord:
        """Return the record that ``to_json`` gave, in this or an older version; what else is there is ignored.

        Raises:
            ValueError: when ``data`` is not such a record, with the first thing that is wrong.
        """
        try:
            return _adapter().validate_python(upgraded(data))
        except ValidationError as error:
            detail = error.errors()[0]
            where = ".".join(map(str, detail["loc"])) or "the record"
            missing = detail["type"] == "missing"
            raise ValueError(f"'{where}' is missing" if missing else sentence(where, detail)) from error


@cache
def _adapter() -> TypeAdapter[CellRecord]:
    return TypeAdapter(CellRecord)
