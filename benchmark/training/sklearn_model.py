"""``SklearnModel``: a scikit-learn classifier on vectors made from features."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.exceptions import PluginError
from benchmark.plugin.model import Epoch, Model
from benchmark.randomness import derive_seed

if TYPE_CHECKING:
    import numpy as np
    from sklearn.base import ClassifierMixin

    from benchmark.plugin.examples import Examples
    from benchmark.plugin.training_run import TrainingRun

CHUNK = 256


class SklearnModel(Model):
    """A scikit-learn classifier. One without ``predict_proba`` answers with the softmax of its decision scores,
    which keeps their order.

    A subclass writes ``estimator``, whose keyword-only parameters are the model's parameters, and ``vectors``
    where flattening the features will not do.
    """

    uses_training = False
    libraries = ("sklearn",)

    def __init__(self, **parameters: Any) -> None:
        self.parameters = parameters
        self._fitted: ClassifierMixin | None = None

    @classmethod
    def parameters_from(cls) -> Callable[..., Any]:
        """Return ``estimator``."""
        return cls.estimator

    def estimator(self, random_state: int, *args: Any, **parameters: Any) -> ClassifierMixin:
        """Return an unfitted classifier. Import scikit-learn inside."""
        raise NotImplementedError

    def vectors(self, inputs: np.ndarray) -> np.ndarray:
        """Return vectors, float32, shape (n, d), from inputs in 0..1, shape (n, height, width, channels)."""
        return inputs.reshape(len(inputs), -1)

    def fit(self, train: Examples, validation: Examples | None, run: TrainingRun) -> list[Epoch]:
        """Fit once; the one epoch of the history carries the accuracies.

        Raises:
            PluginError: when batches are to be augmented, of which there are none here.
        """
        import numpy as np

        if run.batch_augmentations:
            names = ", ".join(augmentation.name for augmentation in run.batch_augmentations)
            raise PluginError(
                f"Model '{self.name}' is not trained in batches, so {names} cannot be applied. Leave it out with "
                "the suite's 'exclude', or use an augmentation that makes copies."
            )
        self._fit(self._all_vectors(train), train.labels, train.num_classes, derive_seed("model", run.seed))
        values: dict[str, float] = {}
        parts = (("accuracy", train), ("val_accuracy", validation))
        for name, examples in ((name, part) for name, part in parts if part is not None and len(part)):
            guessed = self.predict(examples).argmax(axis=1)
            values[name] = float(np.mean(guessed == examples.labels))
        run.epoch_finished("train", 1, 1, values)
        return [{"stage": "train", "epoch": 1, **values}]

    def predict(self, examples: Examples) -> np.ndarray:
        """Return probabilities; classes that training did not hold have none."""
        import numpy as np

        if self._fitted is None:
            raise RuntimeError("fit or load comes before predict")
        found = np.zeros((len(examples), examples.num_classes), np.float32)
        if len(examples):
            found[:, self._fitted.classes_] = _probabilities(self._fitted, self._all_vectors(examples))
        return found

    def save(self, folder: Path) -> None:
        """Store what the classifier was fitted on: fitting again is exact, and needs no pickle."""
        import numpy as np

        if self._fitted is None:
            raise RuntimeError("fit comes before save")
        np.savez_compressed(folder / "fitted-on.npz", **self._fitted_on)

    @classmethod
    def load(cls, folder: Path, **parameters: Any) -> SklearnModel:
        """Fit again on what ``save`` stored."""
        import numpy as np

        model = cls(**parameters)
        with np.load(folder / "fitted-on.npz", allow_pickle=False) as stored:
            model._fit(
                stored["vectors"], stored["labels"], int(stored["num_classes"]), int(stored["random_state"])
            )
        return model

    def _fit(self, vectors: np.ndarray, labels: np.ndarray, num_classes: int, random_state: int) -> None:
        self._fitted_on: dict[str, Any] = {
            "vectors": vectors,
            "labels": labels,
            "num_classes": num_classes,
            "random_state": random_state,
        }
        self._fitted = self.estimator(random_state, **self.parameters).fit(vectors, labels)

    def _all_vectors(self, examples: Examples) -> np.ndarray:
        """Go through the examples in chunks, so that memory holds vectors and never all the features."""
        import numpy as np

        scale = np.float32(255 if examples.dtype == "uint8" else 1)
        chunks = [
            self.vectors(
                examples.gather(np.arange(start, min(start + CHUNK, len(examples)))).astype(np.float32)
                / scale
            )
            for start in range(0, len(examples), CHUNK)
        ]
        return np.concatenate(chunks).astype(np.float32)


def _probabilities(fitted: ClassifierMixin, vectors: np.ndarray) -> np.ndarray:
    import numpy as np
    from scipy.special import softmax

    if hasattr(fitted, "predict_proba"):
        return fitted.predict_proba(vectors)
    scores = fitted.decision_function(vectors)
    return softmax(np.stack([-scores, scores], axis=1) if scores.ndim == 1 else scores, axis=1)
