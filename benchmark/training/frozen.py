"""A frozen part of a network is computed once per item: its outputs are kept, and only the rest is trained on them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.data.examples import StoredExamples
from benchmark.data.store import FeatureStore
from benchmark.exceptions import PluginError
from benchmark.plugin.examples import Examples

if TYPE_CHECKING:
    import keras
    import numpy as np

OUTPUTS = "outputs"
# What Keras calls the state of a layer that draws by chance, such as a dropout.
SEED_STATE = "seed_generator_state"
_BATCH = 64


def _no_limit() -> None:
    """Take as long as it takes."""


class OutputExamples:
    """Examples whose arrays are what a frozen part makes of other examples. See ``data.examples.Examples``."""

    dtype = "float32"

    def __init__(self, examples: Examples, store: FeatureStore, rows: np.ndarray) -> None:
        self.labels = examples.labels
        self.num_classes = examples.num_classes
        self.shape = store.shape
        self._rows = rows
        self._stored = store.open_rows()

    def __len__(self) -> int:
        return len(self._rows)

    def gather(self, indices: np.ndarray, epoch: int = 0) -> np.ndarray:
        """See ``Examples.gather``; the same in every epoch."""
        return self._stored[self._rows[indices]]


@dataclass(frozen=True)
class FrozenPart:
    """A network in two parts, the second of which sees of an item what the first makes of it.

    Attributes:
        frozen: from an item as it is stored to an array.
        head: from that array to probabilities; its layers are the network's own.
        cache: under which outputs are kept.
        identity: hash of all that can change an output but the item.
        steady: whether an item has the same output each time: nothing in it is drawn by chance.
    """

    frozen: keras.Model
    head: keras.Model
    cache: Path
    identity: str
    steady: bool

    def outputs(self, examples: StoredExamples, check_time: Callable[[], None] = _no_limit) -> OutputExamples:
        """Return examples of outputs; those that are not kept yet are computed and kept.

        ``check_time`` is called before each batch, and may raise; what is computed by then is kept.

        Raises:
            CacheError: when the disk is full, or the cache cannot be written.
        """
        shape = tuple(self.frozen.output_shape[1:])
        name = f"{examples.space}-{self.identity[:16]}"
        described = {"frozen": self.identity, "network": self.frozen.name, "space": examples.space}
        store = FeatureStore(self.cache / OUTPUTS / name, shape, "float32", described)
        keys = examples.content_keys()
        if (store.rows(keys, verify=True) < 0).any():
            with store.writing():
                self._compute(examples, keys, store, check_time)
        else:
            store.touch()
        return OutputExamples(examples, store, store.rows(keys))

    def _compute(
        self, examples: StoredExamples, keys: list[str], store: FeatureStore, check_time: Callable[[], None]
    ) -> None:
        """Store what is missing. Another writer may have stored some of it while this one waited."""
        import keras
        import numpy as np

        rows = store.rows(keys, verify=True)
        wanted = np.array(
            list({key: index for index, key in enumerate(keys) if rows[index] < 0}.values()), int
        )
        for start in range(0, len(wanted), _BATCH):
            check_time()
            chosen = wanted[start : start + _BATCH]
            # Every batch has one size: another size is another compilation.
            filled = np.resize(chosen, _BATCH) if len(wanted) > _BATCH else chosen
            answers = keras.ops.convert_to_numpy(self.frozen.predict_on_batch(examples.gather(filled)))
            made = answers[: len(chosen)].astype(np.float32)
            store.append([keys[index] for index in chosen], list(made))


def split_network(
    network: keras.Model, name: str, scale: list[Any], cache: Path, *, jit_compile: bool, code: str = ""
) -> FrozenPart:
    """Return a network as the part up to the layer ``name`` and the rest.

    ``scale`` are layers that come before the network; ``code`` changes with the code of its layers.

    Raises:
        PluginError: when there is no such layer, when the rest sees more than what it makes, or when something in it
            or before it can be trained.
    """
    import keras

    try:
        graph, middle = _graph_and_output(network, name)
        head = keras.Model(middle, graph.output, name="head")
    except (ValueError, AttributeError) as error:
        raise PluginError(
            f"A stage of model '{network.name}' says that it is frozen up to layer '{name}', but it cannot be divided "
            f"there: {error}"
        ) from error
    inputs = keras.Input(network.input_shape[1:])
    scaled = inputs
    for layer in scale:
        scaled = layer(scaled)
    frozen = keras.Model(inputs, keras.Model(graph.input, middle)(scaled), name=name)
    if frozen.trainable_weights:
        raise PluginError(
            f"A stage of model '{network.name}' says that it is frozen up to layer '{name}', where "
            f"'{frozen.trainable_weights[0].path}' can be trained; its 'prepare' is to set trainable = False."
        )
    for part in (frozen, head):
        part.compile(jit_compile=jit_compile)
    steady = not any(variable.name == SEED_STATE for variable in frozen.variables)
    return FrozenPart(frozen, head, cache, identity_of(frozen, code), steady)


def _graph_and_output(network: keras.Model, name: str) -> tuple[Any, Any]:
    """Return a network's graph of layers, and what the layer ``name`` gives in it.

    Raises:
        ValueError: when there is no such layer.
        AttributeError: when it has no output there.
    """
    import keras

    layer = network.get_layer(name)
    # A Sequential may have called its layers before, for a graph that it has given up since.
    graph = getattr(network, "_functional", None) if isinstance(network, keras.Sequential) else None
    for nodes in graph._nodes_by_depth.values() if graph is not None else ():
        for node in nodes:
            if node.operation is layer:
                return graph, node.output_tensors[0]
    # The output of the call in this network; a layer that is a network of its own has another one inside.
    return network, keras.layers.Layer.output.fget(layer)


def identity_of(network: keras.Model, code: str = "", *, as_compiled: bool = True) -> str:
    """Return a hash of a network's layers and weights, and of what computes them: ``code`` and the backend.

    Unless ``as_compiled``, how the network was compiled last does not count.
    """
    import keras
    import numpy as np

    settings = network.to_json() if as_compiled else settings_text(network)
    digest = hashlib.sha256(f"{keras.backend.backend()} {keras.__version__}\n{settings}{code}".encode())
    for weight in network.weights:
        digest.update(np.asarray(keras.ops.convert_to_numpy(weight)).tobytes())
    return digest.hexdigest()


def settings_text(network: keras.Model) -> str:
    """Return all settings of a network's layers, which it keeps apart from how it was compiled last."""
    settings = json.loads(network.to_json())
    settings.pop("compile_config", None)
    return json.dumps(settings)
