"""From a list of labelled files to a corpus: look at each file, keep what is usable, name what is not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.data.probe import probe_files
from benchmark.data.tracks import Corpus, LeftOut, Track
from benchmark.exceptions import DatasetError


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that a dataset means to use. ``name`` is its path relative to the dataset's root, with ``/``."""

    id: str
    name: str
    label: str
    group: str | None = None
    split: str | None = None


def build_corpus(
    root: Path,
    candidates: Iterable[Candidate],
    *,
    classes: Sequence[str],
    min_seconds: float,
    cache: Path,
    left_out: Iterable[LeftOut] = (),
) -> Corpus:
    """Return the corpus of the usable candidates, sorted by id.

    Args:
        root: the dataset's folder.
        candidates: its labelled files.
        classes: the label order.
        min_seconds: shorter recordings are left out.
        cache: the cache folder (``Locations.cache``).
        left_out: files that the dataset has turned down already.

    Raises:
        DatasetError: when no file is usable.
    """
    candidates = list(candidates)
    probes = probe_files(root, [candidate.name for candidate in candidates], cache)
    tracks: list[Track] = []
    refused = list(left_out)
    for candidate in candidates:
        probe = probes[candidate.name]
        reason = probe.unusable(min_seconds)
        if reason:
            refused.append(LeftOut(candidate.name, reason))
        else:
            tracks.append(
                Track(
                    candidate.id,
                    root / candidate.name,
                    candidate.label,
                    probe.content,
                    probe.seconds,
                    candidate.group,
                    candidate.split,
                )
            )
    if not tracks:
        reasons = "".join(f"\n  {out.id}: {out.reason}" for out in refused[:5])
        raise DatasetError(f"{root} holds no usable recording; {len(refused)} files were left out.{reasons}")
    tracks.sort(key=lambda track: track.id)
    refused.sort(key=lambda out: out.id)
    return Corpus(tuple(tracks), tuple(classes), tuple(refused))
