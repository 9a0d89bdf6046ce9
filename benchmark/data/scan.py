"""From what lies in a folder, and what a person wrote about it, to the lines of a manifest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from benchmark.data.manifest import COLUMNS, Table, leaves_root
from benchmark.data.probe import Probe
from benchmark.plugin.tracks import LeftOut

Row = dict[str, object]


@dataclass(frozen=True)
class Merged:
    """A manifest's lines: those that were there, in their order, and then those that are new.

    ``gone`` are paths that are listed and not among the files; ``contents`` the audio's hashes by path; ``changed``
    says whether any line is new or is told anything new.
    """

    rows: list[Row]
    added: int
    gone: list[str]
    left_out: list[LeftOut]
    contents: dict[str, str]
    changed: bool


def merge(old: Table | None, probes: Mapping[str, Probe], min_seconds: float) -> Merged:
    """Return the lines of a manifest for the files of a folder.

    Nothing that a person wrote is changed: what was measured is brought up to date, and files that are not listed
    are added. A new file's label is the name of its class folder, or what all listed files of that folder are called.
    """
    kept = [] if old is None else [dict(row) for row in old.rows]
    rows: list[Row] = []
    listed: set[str] = set()
    gone: list[str] = []
    for line in kept:
        name = _listed_name(line["path"], probes)
        listed.add(name)
        probe = probes.get(name)
        if probe is None:
            gone.append(name)
        rows.append({**line, **(_measured(probe) if probe is not None and not probe.problem else {})})
    labels = _labels(kept)
    left_out: list[LeftOut] = []
    new: list[Row] = []
    for name, probe in probes.items():
        reason = probe.unusable(min_seconds)
        if not reason and name not in listed:
            reason = _not_listable(name)
        if reason:
            left_out.append(
                LeftOut(name, reason + (", and is listed all the same" if name in listed else ""))
            )
        elif name not in listed:
            new.append(_row(name, probe, labels))
    contents = {name: probe.content for name, probe in probes.items() if not probe.unusable(min_seconds)}
    changed = bool(new) or any(
        str(row.get(column) or "") != line.get(column, "")
        for line, row in zip(kept, rows, strict=True)
        for column in row
    )
    return Merged(rows + new, len(new), gone, left_out, contents, changed)


def _listed_name(path: str, probes: Mapping[str, Probe]) -> str:
    return path if path in probes else PurePosixPath(path.strip()).as_posix()


def _not_listable(name: str) -> str:
    if "/" not in name:
        return "it lies in no class folder"
    if not name.partition("/")[0].strip():
        return "its class folder's name is blank: rename that"
    if leaves_root(name) or leaves_root(name.strip()):
        return "its name, as Windows reads it, leads out of the folder: rename it"
    return ""


def _labels(kept: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return what the files of a class folder are called, where all are called alike."""
    names: defaultdict[str, set[str]] = defaultdict(set)
    for line in kept:
        folder, slash, _ = PurePosixPath(line["path"].strip()).as_posix().partition("/")
        if slash:
            names[folder].add(line["label"].strip())
    return {folder: labels.pop() for folder, labels in names.items() if len(labels) == 1}


def _row(name: str, probe: Probe, labels: Mapping[str, str]) -> Row:
    folder, *between, _ = name.split("/")
    row: Row = dict.fromkeys(COLUMNS, "")
    row |= {"path": name, "label": labels.get(folder, folder), "track_id": name}
    row["group"] = "/".join([folder, *between]) if between else ""
    return row | _measured(probe)


def _measured(probe: Probe) -> Row:
    return {
        "seconds": round(probe.seconds, 3),
        "sample_rate": probe.sample_rate,
        "channels": probe.channels,
        "content": probe.content,
    }
