"""Tracks and corpora: what a dataset consists of once its files have been looked at."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmark.plugin.registry import ComponentSpec

MOST_REASONS = 5


@dataclass(frozen=True, slots=True)
class Track:
    """One recording.

    ``content`` is a SHA-256 of the decoded samples, so that the same audio in another container or place is
    the same content. ``group`` names the artist or source recording; tracks of one group belong on one side
    of a split. ``split`` is a side that the dataset itself predefines (``train``, ``validation``, ``test``).
    ``seconds`` is the duration. ``audio`` is the format that the decoded samples are put through, if any; a cell
    says so, and never a dataset.
    """

    id: str
    path: Path
    label: str
    content: str
    seconds: float
    group: str | None = None
    split: str | None = None
    audio: ComponentSpec | None = field(default=None, hash=False)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that a dataset could not use, and why, in words; ``label`` is its class where that is known."""

    id: str
    reason: str
    label: str = ""

    @property
    def kind(self) -> str:
        """The reason without what is particular to this file."""
        return re.split(r"[:(,;]| as ", self.reason, maxsplit=1)[0].strip()


def reasons_text(left_out: Iterable[LeftOut]) -> str:
    """Return how many files were left out for which reasons, the commonest first.

    >>> reasons_text([LeftOut("a", "silent (peak 0)"), LeftOut("b", "too short: 0.1 s"), LeftOut("c", "silent")])
    '2 silent, 1 too short'
    """
    counted = Counter(out.kind for out in left_out)
    common = counted.most_common(MOST_REASONS)
    rest = counted.total() - sum(count for _, count in common)
    return ", ".join(
        [f"{count:,} {kind}" for kind, count in common] + [f"{rest:,} for other reasons"] * bool(rest)
    )


def left_out_text(left_out: Sequence[LeftOut]) -> str:
    """Return that files were left out, and why.

    >>> left_out_text([LeftOut("a", "silent (peak 0)")])
    '1 file left out (1 silent)'
    """
    return f"{len(left_out):,} file{'' if len(left_out) == 1 else 's'} left out ({reasons_text(left_out)})"


@dataclass(frozen=True)
class Corpus:
    """A dataset's tracks, sorted by id; ``classes`` is the label order of every probability vector.

    ``notes`` say what a reader should know of it, and ``others`` what lies in its folder and is no audio. ``name`` is
    that of the dataset.
    """

    tracks: tuple[Track, ...]
    classes: tuple[str, ...]
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()
    others: str = ""
    name: str = ""

    @cached_property
    def revision(self) -> str:
        """Twelve hexadecimal digits that change when any track's audio, label, group or split does."""
        digest = hashlib.sha256(json.dumps(self.classes).encode())
        for t in self.tracks:
            digest.update(json.dumps([t.id, t.label, t.group, t.split, t.content]).encode())
        return digest.hexdigest()[:12]
