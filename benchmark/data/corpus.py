"""From a list of labelled files to a corpus: look at each file, keep what is usable, name what is not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.data.probe import probe_files
from benchmark.exceptions import DatasetError
from benchmark.plugin.tracks import Corpus, LeftOut, Track, reasons_text

_SHOWN = 5


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
    notes: Iterable[str] = (),
    others: str = "",
) -> Corpus:
    """Return the corpus of the usable candidates, sorted by id.

    Args:
        root: the dataset's folder.
        candidates: its labelled files.
        classes: the label order.
        min_seconds: shorter recordings are left out.
        cache: the cache folder (``Locations.cache``).
        left_out: files that the dataset has turned down already.
        notes: what a reader of results should know of the dataset.
        others: what lies in the folder and is no audio, in words.

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
            refused.append(LeftOut(candidate.name, reason, candidate.label))
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
        raise DatasetError(_nothing(root, refused, others))
    tracks.sort(key=lambda track: track.id)
    refused.sort(key=lambda out: out.id)
    return Corpus(tuple(tracks), tuple(classes), tuple(refused), tuple(notes), others)


def _nothing(root: Path, refused: Sequence[LeftOut], others: str) -> str:
    examples = "".join(f"\n  {out.id}: {out.reason}" for out in refused[:_SHOWN])
    counts = f" ({reasons_text(refused)})" if refused else ""
    besides = f"\nIt also holds {others}." if others else ""
    return (
        f"{root} holds no usable recording; {len(refused):,} files were left out{counts}.{examples}{besides}"
    )
