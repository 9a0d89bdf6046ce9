"""What models that are networks have in common, whatever library they are made with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from benchmark.plugin.model import BATCH_AUGMENTATIONS, LOSS_PARAMETERS, Model
from benchmark.settings import TrainingSettings
from benchmark.training.stages import Stage

if TYPE_CHECKING:
    import numpy as np

    from benchmark.plugin.examples import Examples

PREDICTION_BATCH = 64


class NetworkModel(Model):
    """A network that is trained by gradients, and follows all settings of training.

    A subclass has ``build``, whose keyword-only parameters are the model's parameters.
    """

    # Whether its training depends on nothing but weights, the optimizer and the random numbers of its library, of NumPy
    # and of Python, and so goes on from a checkpoint as if nothing had happened. A network that keeps more in
    # attributes, or draws from generators of its own or by TensorFlow's own random operations, says False, and is
    # trained from its beginning after a kill.
    resumable: ClassVar[bool] = True
    honours = frozenset(TrainingSettings.model_fields) | {BATCH_AUGMENTATIONS, LOSS_PARAMETERS}

    def __init__(self, **parameters: Any) -> None:
        self.parameters = parameters

    @classmethod
    def parameters_from(cls) -> Callable[..., Any]:
        """Return ``build``."""
        return cls.build

    def build(self, input_shape: Any, num_classes: int, *args: Any, **parameters: Any) -> Any:
        """Return a network."""
        raise NotImplementedError

    def training_stages(self, settings: TrainingSettings) -> list[Stage]:
        """Return the phases of training, in order; one, with the suite's settings, unless overridden."""
        return [Stage("train", settings.epochs, settings.learning_rate)]

    @classmethod
    def architecture(cls, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters that build the same layers, and fetch no weights: others are read, or none needed."""
        return dict(parameters)


def answered(examples: Examples, answer: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Return what ``answer`` says of all examples, float32, shape (n, classes), asked batch by batch.

    Every batch has one size, the last filled up with its last item: another size is another compilation.
    """
    import numpy as np

    parts = []
    size = min(PREDICTION_BATCH, max(len(examples), 1))
    for start in range(0, len(examples), size):
        indices = np.arange(start, start + size).clip(max=len(examples) - 1)
        parts.append(answer(examples.gather(indices))[: len(examples) - start])
    if not parts:
        return np.zeros((0, examples.num_classes), np.float32)
    return np.concatenate(parts).astype(np.float32)
