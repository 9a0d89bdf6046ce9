"""A frozen part of a network is computed once per item: its outputs are kept, and only the rest is trained on them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.data.examples import Examples, StoredExamples
from benchmark.data.store import FeatureStore

if TYPE_CHECKING:
    import keras
    import numpy as np

OUTPUTS = "outputs"
_BATCH, _BATCHES_A_WRITE = 64, 8


class OutputExamples:
    """Examples whose arrays are what a frozen part makes of other examples. See ``data.examples.Examples``."""

    dtype = "float32"

    def __init__(self, examples: Examples, store: FeatureStore, rows: np.ndarray) -> None:
        self.labels = examples.labels
        self.num_classes = examples.num_classes
        self.shape = (store.shape[0], store.shape[1], store.shape[2])
        self._rows = rows
        self._stored = store.open_rows()

    def __len__(self) -> int:
        return len(self._rows)

    def gather(self, indices: np.ndarray, epoch: int = 0) -> np.ndarray:
        """See ``Examples.gather``; the same in every epoch."""
        import numpy as np

        return np.asarray(self._stored[self._rows[indices]])


@dataclass(frozen=True)
class FrozenPart:
    """A network in two parts that are one after another.

    Attributes:
        frozen: from an item as it is stored to an array of height, width and channels.
        head: from that array to probabilities; its layers are the network's own.
        cache: under which outputs are kept.
        identity: hash of all that can change an output but the item.
    """

    frozen: keras.Model
    head: keras.Model
    cache: Path
    identity: str

    def outputs(self, examples: StoredExamples) -> OutputExamples:
        """Return examples of outputs; those that are not kept yet are computed and kept.

        Raises:
            CacheError: when the disk is full, or the cache cannot be written.
        """
        shape = tuple(self.frozen.output_shape[1:])
        name = f"{examples.space}-{self.identity[:16]}"
        store = FeatureStore(self.cache / OUTPUTS / name, shape, "float32", {"frozen": self.identity})
        keys = examples.content_keys()
        if (store.rows(keys) < 0).any():
            with store.writing():
                self._compute(examples, keys, store)
        else:
            store.touch()
        return OutputExamples(examples, store, store.rows(keys))

    def _compute(self, examples: StoredExamples, keys: list[str], store: FeatureStore) -> None:
        """Store what is missing. Another writer may have stored some of it while this one waited."""
        import keras
        import numpy as np

        rows = store.rows(keys)
        wanted = np.array(
            list({key: index for index, key in enumerate(keys) if rows[index] < 0}.values()), int
        )
        made: list[np.ndarray] = []
        done = 0
        for start in range(0, len(wanted), _BATCH):
            chosen = wanted[start : start + _BATCH]
            # Every batch has one size: another size is another compilation.
            filled = np.resize(chosen, _BATCH) if len(wanted) > _BATCH else chosen
            answers = keras.ops.convert_to_numpy(self.frozen.predict_on_batch(examples.gather(filled)))
            made += list(answers[: len(chosen)].astype(np.float32))
            if len(made) >= _BATCH * _BATCHES_A_WRITE or start + _BATCH >= len(wanted):
                store.append([keys[index] for index in wanted[done : done + len(made)]], made)
                done, made = done + len(made), []


def split_network(
    network: keras.Model, name: str, scale: list[Any], cache: Path, *, jit_compile: bool
) -> FrozenPart:
    """Return a network as the part up to the layer ``name`` and the rest, which must be a chain of layers.

    ``scale`` are layers that come before the network.
    """
    import keras

    names = [layer.name for layer in network.layers]
    rest = network.layers[names.index(name) + 1 :]
    middle = rest[0].input
    inputs = keras.Input(network.input_shape[1:])
    scaled = inputs
    for layer in scale:
        scaled = layer(scaled)
    frozen = keras.Model(inputs, keras.Model(network.input, middle)(scaled))
    head = keras.Sequential([keras.Input(tuple(middle.shape[1:])), *rest])
    for part in (frozen, head):
        part.compile(jit_compile=jit_compile)
    return FrozenPart(frozen, head, cache, identity_of(frozen))


def identity_of(network: keras.Model) -> str:
    """Return a hash of a network's layers and weights, and of what computes them."""
    import keras
    import numpy as np

    found = hashlib.sha256(f"{keras.backend.backend()} {keras.__version__}\n{network.to_json()}".encode())
    for weight in network.weights:
        found.update(np.ascontiguousarray(keras.ops.convert_to_numpy(weight)).tobytes())
    return found.hexdigest()
