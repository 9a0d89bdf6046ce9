"""Stages of training, and their results kept, so that cells that begin alike train their beginning once."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from benchmark.data.examples import StoredExamples
from benchmark.digests import with_digest, without_digest
from benchmark.files import make_folder, remove_leftovers, write_bytes
from benchmark.isolation import seed_keras
from benchmark.randomness import derive_seed
from benchmark.suite.cell import canonical_json
from benchmark.training.frozen import SEED_STATE, identity_of

if TYPE_CHECKING:
    import keras

    from benchmark.plugin.model import Epoch
    from benchmark.plugin.training_run import TrainingRun

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
            there is one; what comes after it sees nothing else. Its outputs are then computed once, and what the
            stage leaves is kept for other cells that begin alike.
    """

    name: str
    epochs: int
    learning_rate: float
    prepare: Callable[[Any], None] | None = None
    frozen: str | None = None


def reseed(network: keras.Model, seed: int, stage: str) -> None:
    """Set all random numbers (dropout), so that a stage's do not depend on what came before it."""
    # PyTorch draws most dropouts from a state of the process and not of the layer, and its integers are signed.
    seed_keras(derive_seed("stage", seed, stage) // 2)
    states = [variable for variable in network.variables if variable.name == SEED_STATE]
    for number, state in enumerate(states):
        state.assign([derive_seed("stage", seed, stage, number) // 2, 0])


def stage_key(
    network: keras.Model,
    stage: Stage,
    finished: int,
    train: StoredExamples,
    validation: StoredExamples | None,
    run: TrainingRun,
) -> str:
    """Return a hash of all that can change what ``stage`` leaves.

    That is first of all what the ``network`` is now that the stage was prepared, after ``finished`` epochs in earlier
    stages: its layers and their settings, its weights, and which of them can be trained. How it became so does not
    matter. What is drawn anew in each epoch counts by the run's ``recipe``.
    """
    # The network may be one that an earlier cell has compiled.
    identity = identity_of(network, run.code, as_compiled=False)
    trained = [weight.trainable for weight in network.weights]
    data = [
        [examples.space, examples.content_keys(), examples.labels.tolist()]
        for examples in (train, validation)
        if examples is not None
    ]
    plain = [stage.name, stage.epochs, stage.learning_rate, stage.frozen, finished]
    settings = run.settings.model_dump(mode="json")
    drawn = run.recipe if train.redrawn or run.batch_augmentations else ""
    text = canonical_json([identity, trained, plain, settings, run.seed, data, drawn])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Left:
    """What a stage left beside weights: its epochs, its notes, and how many ``seconds`` it took."""

    history: list[Epoch]
    notes: list[str]
    seconds: float


class StageStore:
    """What stages left: the weights that they changed, and their history. A file that is not whole counts as absent."""

    def __init__(self, cache: Path) -> None:
        self._folder = cache / FOLDER / _NAME

    def load(self, key: str, weights: Sequence[Any]) -> Left | None:
        """Set the weights that the stage left, and return what else it left; None where it is not kept."""
        import numpy as np

        file = self._file(key)
        try:
            content = without_digest(file.read_bytes())
            if content is None:
                return None
            with np.load(BytesIO(content), allow_pickle=False) as stored:
                arrays = [stored[f"w{number}"] for number in range(len(weights))]
                left = Left(**json.loads(str(stored["facts"])))
        except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile):
            return None
        for weight, array in zip(weights, arrays, strict=True):
            weight.assign(array)
        with suppress(OSError):
            os.utime(file)
        return left

    def save(self, key: str, weights: Sequence[Any], left: Left) -> None:
        """Keep what a stage left; a disk that is full costs the saving of time and nothing else."""
        import keras
        import numpy as np
        from filelock import FileLock

        arrays = {f"w{number}": keras.ops.convert_to_numpy(weight) for number, weight in enumerate(weights)}
        content = BytesIO()
        np.savez(content, facts=np.array(json.dumps(asdict(left))), **arrays)
        with suppress(OSError):
            make_folder(self._folder)
            with FileLock(self._folder.parent / f".{_NAME}.lock"):
                remove_leftovers(self._folder)
                write_bytes(self._file(key), with_digest(content.getvalue()))

    def _file(self, key: str) -> Path:
        return self._folder / f"{key}.npz"
