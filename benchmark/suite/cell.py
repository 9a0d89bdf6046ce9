"""A cell: one point of a suite's matrix, and the identity that its result is filed under."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from benchmark.digests import canonical_json as canonical_json  # noqa: PLC0414 (others import it from here)
from benchmark.plugin.registry import ComponentSpec
from benchmark.settings import ClipSettings, DuplicateSettings, SplitSettings, TrainingSettings

Part = Literal["validation", "test", "all"]
Chain = tuple[ComponentSpec, ...]

# Axes that repeat a row: cells that differ in nothing else are one line of a leaderboard.
REPEATED = ("seed", "fold")


@dataclass(frozen=True)
class Evaluation:
    """A set of tracks that a trained model is evaluated on.

    ``label`` is how tables call it (``gtzan:test``, ``spotify``). ``dataset`` is None for the cell's own
    dataset, of which ``part`` is taken; another dataset is taken whole (``all``).
    """

    label: str
    dataset: ComponentSpec | None
    part: Part


@dataclass(frozen=True)
class Corrupted:
    """An evaluation set whose tracks are worn on purpose, by ``amount`` of a corruption: its ``severity``, from 1."""

    evaluation: Evaluation
    corruption: ComponentSpec
    severity: int
    amount: float
    unit: str


@dataclass(frozen=True)
class CellSpec:
    """Everything that may change a cell's result (labels are ignored by ``canonical``), and how it is looked at.

    ``metrics`` and ``corrupted`` only look at it: they change nothing of what is trained or filed with it.

    ``augmentation`` is a recipe: each entry is a chain of augmentations, applied one after another to the
    original; each makes copies of its own. ``audio`` is the format that the dataset's tracks are put through
    first; None leaves them as they are. ``duplicates`` says what becomes of tracks that are the same recording; None
    looks for none. ``training_size`` is the share of the training part's tracks that is trained on; None is all of it.
    """

    dataset: ComponentSpec
    clips: ClipSettings | None
    split: SplitSettings
    features: ComponentSpec
    augmentation: tuple[Chain, ...]
    model: ComponentSpec
    training: TrainingSettings
    evaluate: tuple[Evaluation, ...]
    metrics: tuple[ComponentSpec, ...]
    seed: int
    fold: int | None
    audio: ComponentSpec | None = None
    duplicates: DuplicateSettings | None = None
    training_size: float | None = None
    corrupted: tuple[Corrupted, ...] = ()


@dataclass(frozen=True)
class Cell:
    """A cell of a suite: its specification, and the label of its value on each axis of the matrix.

    ``pending`` says why its specification is not known yet: a study is to choose some of its values. ``tuning`` is
    how they were chosen, as plain JSON. ``added`` says that its seed is none of the suite's list, but was added to
    decide what these leave undecided. None of these takes part in its identity.
    """

    labels: Mapping[str, str]
    spec: CellSpec
    pending: str = ""
    tuning: Mapping[str, Any] | None = None
    added: bool = False

    @property
    def row(self) -> tuple[tuple[str, str], ...]:
        """The labels that make it part of a row: all axes but seed and fold."""
        return tuple((axis, label) for axis, label in self.labels.items() if axis not in REPEATED)

    @property
    def label(self) -> str:
        """All labels as one line of text."""
        return " · ".join(self.labels.values())


def identity(canonical: Mapping[str, Any]) -> str:
    """Return the first 12 hexadecimal digits of the SHA-256 of a canonical specification."""
    return hashlib.sha256(canonical_json(canonical).encode()).hexdigest()[:12]
