"""The contract of a model. ``KerasModel`` and ``SklearnModel`` (in ``benchmark.training``) do most of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from benchmark.plugin.component import Component

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from benchmark.plugin.examples import Examples
    from benchmark.plugin.training_run import TrainingRun

Epoch = dict[str, float | str]


@dataclass(frozen=True)
class ParameterCount:
    """How many weights a model has, and how many of them its last training stage could change."""

    total: int
    trainable: int


@dataclass(frozen=True)
class OperationCount:
    """How many multiply-adds a forward pass of one item takes; None where some of it is ``unknown``, by name."""

    multiply_adds: int | None
    unknown: tuple[str, ...] = ()


# What ``Model.honours`` calls augmentations of training batches, and the setting that those drawn afresh ask for.
BATCH_AUGMENTATIONS = "batch_augmentations"
EPOCHS = "epochs"
# What it calls a ``loss`` that comes with parameters, ``{name: parameters}`` instead of a name.
LOSS_PARAMETERS = "loss_parameters"


class Model(Component):
    """Something that learns from examples and gives class probabilities.

    An instance is made for one cell as ``cls(**parameters)``, fitted once, and asked for predictions.
    """

    kind = "model"
    stages: ClassVar[tuple[str, ...]] = ("train",)
    # The settings of training (``"epochs"``, ``"schedule"`` …) that it follows, and ``"batch_augmentations"`` if it
    # applies those of its run to each training batch, and ``"loss_parameters"`` if it takes a loss with parameters. A
    # suite that asks for more is refused.
    honours: ClassVar[frozenset[str]] = frozenset()
    # How many dimensions the features that it takes may have: 3 are images, 2 sequences, 1 vectors. Others are refused.
    dimensions: ClassVar[frozenset[int]] = frozenset({1, 2, 3})
    # Whether the settings of training mean anything to it; a study does not vary them otherwise, and those that a suite
    # has for its other models are no matter.
    uses_training: ClassVar[bool] = True
    # Modules that take long to import and that training needs: they are imported before its time is taken.
    libraries: ClassVar[tuple[str, ...]] = ()
    # Whether its seed changes nothing: of the same training examples it always learns the same. Where neither split
    # nor augmentation depend on the seed, one cell then stands for all seeds.
    seedless: ClassVar[bool] = False

    @classmethod
    def space(cls) -> dict[str, Any]:
        """Return what is worth tuning, as suites write it under ``tune: {space: …}``; nothing unless overridden.

        ``{"training.learning_rate": {"low": 1e-4, "high": 1e-2, "log": True}, "model.units": [32, 64, 128]}``.
        """
        return {}

    @classmethod
    def published_files(cls) -> list[tuple[str, Path | None, str]]:
        """Return the files of weights that it can start from, for ``bench doctor``; none unless overridden.

        Each is what it is, where it lies on this machine if it is there (None: where the suite says), and how to get
        it. Nothing is fetched or read.
        """
        return []

    def fit(self, train: Examples, validation: Examples | None, run: TrainingRun) -> list[Epoch]:
        """Learn, and return one dictionary per epoch: ``stage``, ``epoch``, ``loss``, ``accuracy``, ``val_…``.

        ``run`` carries the training settings and the seed, takes progress (``run.epoch_finished``) and tells
        when time is up (``run.check_time``).
        """
        raise NotImplementedError

    def predict(self, examples: Examples) -> np.ndarray:
        """Return probabilities, float32, shape (len(examples), classes)."""
        raise NotImplementedError

    def parameter_count(self) -> ParameterCount | None:
        """Return the number of weights after ``fit``, or None where the word has no meaning."""
        return None

    def operation_count(self) -> OperationCount | None:
        """Return the multiply-adds of one item's forward pass, or None where nobody counts them."""
        return None

    def provenance(self) -> dict[str, Any]:
        """Return what it was computed with after ``fit``, where that is not Keras: ``backend`` and ``devices``."""
        return {}

    def close(self) -> None:
        """Give back what memory the model holds; it is not used afterwards. Nothing, unless overridden."""
        return

    def save(self, folder: Path) -> None:
        """Store the fitted model in an existing, empty ``folder``, without pickle."""
        raise NotImplementedError

    @classmethod
    def load(cls, folder: Path, **parameters: Any) -> Model:
        """Return the model that ``save`` stored in ``folder``."""
        raise NotImplementedError
