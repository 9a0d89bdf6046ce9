"""What a training leaves on its way, so that it goes on from there after a kill: one file, which the newest replaces.

It lies beside the results and never in one, is written whole, and begins with its digest. It says whose it is: of
which cell, made by which versions. What is damaged, or of anybody else, is removed and never used.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from benchmark.clock import awake_seconds
from benchmark.digests import canonical_json, intact_after_digest, put_digest, room_for_digest
from benchmark.files import make_folder, remove_leftovers, whole_file

if TYPE_CHECKING:
    import numpy as np

FOLDER = ".checkpoints"
NEVER = math.inf
FIRST_SECONDS = 60.0
MOST_SHARE = 0.02
# What a disk is taken to write in a second before the first checkpoint has shown it, in bytes.
_SLOW_DISK = 50_000_000
_FORMAT = 1
_SUFFIX = ".npz"
_ABOUT = "about"


@dataclass(frozen=True)
class Checkpoint:
    """What a training left: ``arrays`` of numbers by name, and ``facts``, which are plain JSON."""

    arrays: Mapping[str, np.ndarray]
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class CheckpointPlace:
    """Where a training leaves its checkpoint, and when.

    Attributes:
        file: where.
        identity: what it must be of to be used: JSON of all that can change what the training comes to.
        where: what people are told of the machine (plain JSON).
        every: seconds between two, 0 for one after each epoch; None for as often as costs ``MOST_SHARE`` at most.
    """

    file: Path
    identity: Mapping[str, Any]
    where: Mapping[str, Any] = field(default_factory=dict)
    every: float | None = None

    def remove(self) -> None:
        """Forget what was left, as nobody is to go on from there."""
        with suppress(OSError):
            self.file.unlink(missing_ok=True)


def checkpoint_file(results: Path, id_: str) -> Path:
    """Return where the checkpoint of a cell or trial lies, in a suite's folder of ``results``."""
    return results / FOLDER / f"{id_}{_SUFFIX}"


def tidy_checkpoints(results: Path, finished: Collection[str]) -> None:
    """Remove checkpoints of what is ``finished`` by now, and what killed writers left; call while nobody writes."""
    folder = results / FOLDER
    if not folder.is_dir():
        return
    remove_leftovers(folder)
    for file in folder.glob(f"*{_SUFFIX}"):
        if file.stem in finished:
            with suppress(OSError):
                file.unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()  # Unless there is something in it.


class Checkpoints:
    """The checkpoints of one training, which begins when this is made."""

    def __init__(self, place: CheckpointPlace, made_with: Mapping[str, Any] | None = None) -> None:
        """Prepare; ``made_with`` is more that a checkpoint must be of."""
        self.place = place
        # The parts of this training that others did: for how many seconds each, and where.
        self.earlier: list[dict[str, Any]] = []
        of = canonical_json([_FORMAT, place.identity, made_with or {}])
        self._identity = hashlib.sha256(of.encode()).hexdigest()
        self._began, self._awake = time.monotonic(), awake_seconds()
        self._last = self._awake
        self._cost = self._costs = 0.0

    @property
    def seconds_before(self) -> float:
        """How long was trained for what this training took up."""
        return sum(float(part["seconds"]) for part in self.earlier)

    def load(self) -> Checkpoint | None:
        """Return what an earlier training left, which this one then goes on from; None where there is nothing."""
        import numpy as np

        try:
            with self.place.file.open("rb") as stream:
                if not intact_after_digest(stream):
                    raise ValueError("it is damaged")
                with np.load(stream, allow_pickle=False) as stored:
                    arrays = {name: stored[name] for name in stored.files}
            about = json.loads(str(arrays.pop(_ABOUT)))
            if about["identity"] != self._identity:
                raise ValueError("it is of something else")
            left = Checkpoint(arrays, about["facts"])
            self.earlier = list(about["parts"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile):
            self.place.remove()
            return None
        return left

    def restart(self) -> None:
        """Forget what ``load`` gave, since it is of no use."""
        self.earlier = []
        self.place.remove()

    def is_due(self, size: int) -> bool:
        """Whether to leave a checkpoint of ``size`` bytes now."""
        now = awake_seconds()
        if self.place.every is not None:
            return now - self._last >= self.place.every
        expected = self._cost or size / _SLOW_DISK
        share = MOST_SHARE * (now - self._awake)
        return now - self._last >= FIRST_SECONDS and self._costs + expected <= share

    def save(self, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> None:
        """Leave a checkpoint. A disk that is full costs the saving of time and nothing else.

        ``arrays`` are of numbers or truth values; ``facts`` are what ``json`` takes, infinite numbers too.
        """
        import numpy as np

        if any(array.dtype.kind not in "biuf" for array in arrays.values()):
            return
        before = awake_seconds()
        part = {"seconds": round(time.monotonic() - self._began, 3), **self.place.where}
        about = {"identity": self._identity, "parts": [*self.earlier, part], "facts": dict(facts)}
        with suppress(OSError):
            make_folder(self.place.file.parent)
            with whole_file(self.place.file) as file, file.open("w+b") as stream:
                room_for_digest(stream)
                everything: dict[str, Any] = {_ABOUT: np.array(json.dumps(about)), **arrays}
                np.savez(stream, allow_pickle=False, **everything)
                put_digest(stream)
        self._last = awake_seconds()
        self._cost = self._last - before
        self._costs += self._cost
