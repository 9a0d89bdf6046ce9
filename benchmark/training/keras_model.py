"""``KerasModel``: everything between a function that builds a network and a trained, stored model."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.backend import backend_problem, settle_backend
from benchmark.data.examples import StoredExamples
from benchmark.exceptions import BackendError, PluginError
from benchmark.isolation import isolated, seed_keras
from benchmark.plugin.border import described
from benchmark.plugin.model import Epoch, OperationCount, ParameterCount
from benchmark.randomness import derive_seed
from benchmark.training.network_model import NetworkModel, answered

if TYPE_CHECKING:
    import keras
    import numpy as np

    from benchmark.plugin.examples import Examples
    from benchmark.plugin.training_run import TrainingRun
    from benchmark.training.frozen import FrozenPart


class KerasModel(NetworkModel):
    """A Keras network, on whichever backend is set.

    A subclass writes ``build``. The keyword-only parameters of ``build`` are the model's parameters.
    """

    libraries = ("keras",)

    def __init__(self, **parameters: Any) -> None:
        settle_backend()
        super().__init__(**parameters)
        self.network: keras.Model | None = None
        self._whole: keras.Model | None = None
        self._part: FrozenPart | None = None
        self._trainable = 0
        self._give_back: Callable[[], None] | None = None

    def unavailable(self) -> str:
        """Return what to install or to set, if the backend that is asked for is missing."""
        return backend_problem()

    def build(
        self, input_shape: tuple[int, ...], num_classes: int, *args: Any, **parameters: Any
    ) -> keras.Model:
        """Return a network from float32 inputs in 0..1, shape (batch, *input_shape), to class probabilities.

        Import Keras inside; do not compile. The caller has set the random seed.
        """
        raise NotImplementedError

    def fit(self, train: Examples, validation: Examples | None, run: TrainingRun) -> list[Epoch]:
        """Build, then train stage by stage."""

        seed = derive_seed("model", run.seed)
        # Those who call this without a cell get the same network as a cell.
        with isolated(seed):
            from benchmark.training.position import going_on

            return going_on(
                lambda run: self._trained(train, validation, run, seed), run, resumable=self.resumable
            )

    def _trained(
        self, train: Examples, validation: Examples | None, run: TrainingRun, seed: int
    ) -> list[Epoch]:
        from benchmark.training.determinism import set_determinism
        from benchmark.training.fitting import Fitting
        from benchmark.training.traced import Traced

        self._prepare(train.shape, train.num_classes, train.dtype, seed, run.settings.precision)
        set_determinism(run.settings.deterministic)
        assert self.network is not None
        assert self._whole is not None
        traced = Traced(self.network, self._whole)
        if run.networks is not None:
            how = f"{run.settings.jit} {run.settings.deterministic}"
            traced = run.networks.take(self.network, self._whole, how)
            self.network, self._whole = traced.network, traced.whole
        fitting = Fitting(traced, train, validation, run)
        fitting.train(self.training_stages(run.settings))
        self._part = fitting.part
        if run.networks is not None:
            self._give_back = partial(run.networks.give_back, traced)
        self._trainable = _count(self.network.trainable_weights)
        return fitting.history

    def predict(self, examples: Examples) -> np.ndarray:
        """Return probabilities, batch by batch."""
        import keras

        if self._whole is None:
            raise RuntimeError("fit or load comes before predict")
        network = self._whole
        if self._part is not None and isinstance(examples, StoredExamples) and len(examples):
            network, examples = self._part.head, self._part.outputs(examples)
        return answered(examples, lambda batch: keras.ops.convert_to_numpy(network.predict_on_batch(batch)))

    def close(self) -> None:
        """Let go of the network: its memory is free once the next one is built, or that one has it."""
        if self._give_back is not None:
            self._give_back()
        self._give_back = None
        self.network = self._whole = self._part = None

    def parameter_count(self) -> ParameterCount | None:
        """Return all weights of the network, and those that the last stage could change."""
        if self.network is None:
            return None
        return ParameterCount(self.network.count_params(), self._trainable)

    def operation_count(self) -> OperationCount | None:
        """Return the multiply-adds of one item through the network."""
        from benchmark.training.operations import count_operations

        return None if self.network is None else count_operations(self.network)

    def save(self, folder: Path) -> None:
        """Store the weights and what is needed to build the network again."""
        if self.network is None:
            raise RuntimeError("fit comes before save")
        self.network.save_weights(folder / "network.weights.h5")
        (folder / "network.json").write_text(json.dumps(self._built), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, **parameters: Any) -> KerasModel:
        """Build the network again and read its weights."""
        built = json.loads((folder / "network.json").read_text(encoding="utf-8"))
        model = cls(**cls.architecture(parameters))
        model._prepare(
            tuple(built["input_shape"]),
            built["num_classes"],
            built["dtype"],
            0,
            built.get("precision", "float32"),
        )
        assert model.network is not None
        model.network.load_weights(folder / "network.weights.h5")
        model.parameters = parameters
        return model

    def _prepare(
        self, input_shape: tuple[int, ...], num_classes: int, dtype: str, seed: int, policy: str
    ) -> None:
        problem = backend_problem()
        if problem:
            raise BackendError(f"Model '{self.name}' cannot work here: {problem}.")
        import keras

        from benchmark.training.precision import precision

        keras.utils.clear_session()
        seed_keras(seed)
        with precision(policy):
            self.network = self.build(input_shape, num_classes, **self.parameters)
            if not isinstance(self.network, keras.Layer):
                given = type(self.network).__name__
                raise PluginError(
                    f"{described(self, 'build')}: build gave {given} and no network: return one."
                )
            scale = [keras.layers.Rescaling(1 / 255)] if dtype == "uint8" else []
            self._whole = keras.Sequential([keras.Input(input_shape), *scale, self.network])
        self._built = {
            "input_shape": list(input_shape), "num_classes": num_classes, "dtype": dtype, "precision": policy,
        }  # fmt: skip


def _count(weights: list[Any]) -> int:
    total = 0
    for weight in weights:
        size = 1
        for length in weight.shape:
            size *= length
        total += size
    return total
