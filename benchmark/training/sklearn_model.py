"""``SklearnModel``: a classifier with the interface of scikit-learn, on vectors made from features."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from benchmark.exceptions import PluginError
from benchmark.plugin.border import described
from benchmark.plugin.model import Epoch, Model
from benchmark.randomness import derive_seed

if TYPE_CHECKING:
    import numpy as np
    from sklearn.base import ClassifierMixin

    from benchmark.plugin.examples import Examples
    from benchmark.plugin.training_run import TrainingRun

CHUNK = 256
STORED = "estimator.skops"
# Which axis of inputs is time, by how many axes they have.
_TIME = {4: 2, 3: 1}


class SklearnModel(Model):
    """A classifier of scikit-learn, or any with its interface (``fit``, ``classes_``, ``predict_proba``).

    One without ``predict_proba`` answers with the softmax of its decision scores, which keeps their order.

    A subclass writes ``estimator``, whose keyword-only parameters are the model's parameters. Its inputs are features,
    flattened; with ``pooled``, means and deviations over time; or whatever ``vectors`` makes of them. A fitted one is
    stored with skops, and not pickled: of types that are neither scikit-learn's, NumPy's nor SciPy's, those of
    ``trusted`` alone are loaded, by their full names.
    """

    pooled: bool = False
    trusted: ClassVar[tuple[str, ...]] = ()
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
        """Return vectors, float32, shape (n, d), from inputs in 0..1, shape (n, *shape of the features).

        With ``pooled``, they are means and standard deviations over time: the third axis of images (n, height, width,
        channels), the second of sequences (n, steps, values). Vectors have no time.
        """
        if self.pooled and inputs.ndim in _TIME:
            import numpy as np

            time = _TIME[inputs.ndim]
            inputs = np.stack([inputs.mean(axis=time), inputs.std(axis=time)], axis=1)
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
        self._fit(self._all_vectors(train), train.labels, derive_seed("model", run.seed))
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
        probabilities = np.zeros((len(examples), examples.num_classes), np.float32)
        if len(examples):
            probabilities[:, self._fitted.classes_] = _probabilities(
                self._fitted, self._all_vectors(examples)
            )
        return probabilities

    def save(self, folder: Path) -> None:
        """Store the fitted classifier with skops: what it is made of, by name, and no code.

        Raises:
            PluginError: when it is made of what skops cannot store, or of types that it could not be loaded with.
        """
        from skops.io import dump, get_untrusted_types

        if self._fitted is None:
            raise RuntimeError("fit comes before save")
        file = folder / STORED
        dump(self._fitted, file)
        unknown = sorted(set(get_untrusted_types(file=file)) - set(self.trusted))
        if unknown:
            raise PluginError(
                f"{described(self, 'estimator')}: it could not be loaded again: it holds {', '.join(unknown)}. "
                "If these are types that it means to hold, name them in 'trusted'."
            )

    @classmethod
    def load(cls, folder: Path, **parameters: Any) -> SklearnModel:
        """Return the model that ``save`` stored, also one of an earlier version, which fits again.

        Raises:
            PluginError: when the file holds types that are not trusted; none of them has been made.
        """
        model = cls(**parameters)
        file = folder / STORED
        if not file.is_file():
            return model._fitted_again(folder)
        from skops.io import get_untrusted_types, load

        unknown = sorted(set(get_untrusted_types(file=file)) - set(cls.trusted))
        if unknown:
            raise PluginError(
                f"{file} is not loaded: it holds {', '.join(unknown)}, which model '{cls.name}' does not name as "
                "trusted. It may have been tampered with."
            )
        model._fitted = load(file, trusted=list(cls.trusted))
        return model

    def _fitted_again(self, folder: Path) -> SklearnModel:
        """Fit on what an earlier version stored: vectors and labels."""
        import numpy as np

        with np.load(folder / "fitted-on.npz", allow_pickle=False) as stored:
            self._fit(stored["vectors"], stored["labels"], int(stored["random_state"]))
        return self

    def _fit(self, vectors: np.ndarray, labels: np.ndarray, random_state: int) -> None:
        made = self.estimator(random_state, **self.parameters)
        if isinstance(made, type) or not hasattr(made, "fit"):
            given = f"the class {made.__name__}" if isinstance(made, type) else type(made).__name__
            raise PluginError(
                f"{described(self, 'estimator')}: estimator gave {given} and no classifier: return one, such as SVC()."
            )
        self._fitted = made.fit(vectors, labels)
        lacking = [name for name in ("classes_",) if not hasattr(self._fitted, name)]
        if not any(hasattr(self._fitted, name) for name in _ANSWERS):
            lacking.append(" or ".join(_ANSWERS))
        if lacking:
            raise PluginError(
                f"{described(self, 'estimator')}: {type(self._fitted).__name__} is no classifier that says how sure it "
                f"is: it has no {' and no '.join(lacking)}."
            )

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


_ANSWERS = ("predict_proba", "decision_function")


def _probabilities(fitted: ClassifierMixin, vectors: np.ndarray) -> np.ndarray:
    import numpy as np
    from scipy.special import softmax

    if hasattr(fitted, "predict_proba"):
        return fitted.predict_proba(vectors)
    scores = fitted.decision_function(vectors)
    return softmax(np.stack([-scores, scores], axis=1) if scores.ndim == 1 else scores, axis=1)
