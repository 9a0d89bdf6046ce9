"""Tracks and corpora: what a dataset consists of once its files have been looked at."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmark.plugin.registry import ComponentSpec


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
    """A file that a dataset could not use, and why, in words."""

    id: str
    reason: str


@dataclass(frozen=True)
class Corpus:
    """A dataset's tracks, sorted by id; ``classes`` is the label order of every probability vector.

    ``notes`` say what a reader should know of it.
    """

    tracks: tuple[Track, ...]
    classes: tuple[str, ...]
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()

    @cached_property
    def revision(self) -> str:
        """Twelve hexadecimal digits that change when any track's audio, label, group or split does."""
        digest = hashlib.sha256(json.dumps(self.classes).encode())
        for t in self.tracks:
            digest.update(json.dumps([t.id, t.label, t.group, t.split, t.content]).encode())
        return digest.hexdigest()[:12]
