"""Stages of training, and their results kept, so that cells that begin alike train their beginning once."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from benchmark.data.examples import StoredExamples
from benchmark.randomness import derive_seed
from benchmark.suite.cell import canonical_json

if TYPE_CHECKING:
    import keras
    import numpy as np

    from benchmark.plugin.model import Epoch
    from benchmark.training.run import TrainingRun

FOLDER = "stages"
_NAME = "trained"


@dataclass(frozen=True)
class Stage:
    """One phase of training.

    Attributes:
        name: what histories call it.
        epochs: how many.
        learning_rate: at its beginning.
        prepare: called with the network before it (to freeze or unfreeze layers).
        frozen: name of the layer of the network up to which (and with which) nothing is trained in this stage, if
            there is one. Everything behind it is a chain of layers. Its outputs are then computed once.
    """

    name: str
    epochs: int
    learning_rate: float
    prepare: Callable[[keras.Model], None] | None = None
    frozen: str | None = None


def reseed(network: keras.Model, seed: int, stage: str) -> None:
    """Set the random numbers of layers (dropout), so that a stage's do not depend on what came before it."""
    states = [each for each in network.variables if each.name == "seed_generator_state"]
    for number, state in enumerate(states):
        state.assign([derive_seed("stage", seed, stage, number), 0])


def stage_key(
    beginning: str,
    stages: Sequence[Stage],
    train: StoredExamples,
    validation: StoredExamples | None,
    run: TrainingRun,
) -> str:
    """Return a hash of all that can change what the last of ``stages`` leaves.

    ``beginning`` is the identity of the network, with its weights, before the first of them.
    """
    data = [
        [each.space, each.content_keys(), each.labels.tolist()]
        for each in (train, validation)
        if each is not None
    ]
    plain = [[stage.name, stage.epochs, stage.learning_rate, stage.frozen] for stage in stages]
    settings = run.settings.model_dump(mode="json")
    text = canonical_json([beginning, plain, settings, run.seed, data])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class StageStore:
    """What stages left: the weights that they trained, and their history. Files are whole or absent."""

    def __init__(self, cache: Path) -> None:
        self._folder = cache / FOLDER / _NAME

    def load(self, key: str, weights: Sequence[Any]) -> tuple[list[Epoch], list[str]] | None:
        """Set the weights that the stage left, and return its epochs and notes; None where it is not kept."""
        import numpy as np

        file = self._folder / f"{key}.npz"
        try:
            with np.load(file, allow_pickle=False) as stored:
                arrays = [stored[f"w{number}"] for number in range(len(weights))]
                facts = json.loads(str(stored["facts"]))
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            return None
        for weight, array in zip(weights, arrays, strict=True):
            weight.assign(array)
        with suppress(OSError):
            os.utime(file)
        return facts["history"], facts["notes"]

    def save(self, key: str, weights: Sequence[np.ndarray], history: list[Epoch], notes: list[str]) -> None:
        """Keep what a stage left; a disk that is full costs the saving of time and nothing else."""
        import numpy as np
        from filelock import FileLock

        facts = json.dumps({"history": history, "notes": notes})
        temporary = self._folder / f".{key}.{os.getpid()}.npz"
        arrays = {f"w{number}": array for number, array in enumerate(weights)}
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self._folder.parent / f".{_NAME}.lock"):
                np.savez(temporary, facts=np.array(facts), **arrays)  # type: ignore[arg-type]
                temporary.replace(self._folder / f"{key}.npz")
        except OSError:
            temporary.unlink(missing_ok=True)
