"""The trainings of a model that its rules share: a first one, and one more with the same seed."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.contract.material import CLASSES, SHAPES
from benchmark.contract.pictures import Pictures
from benchmark.contract.rules import NotTriedError, Trial
from benchmark.garbage import import_to_stay
from benchmark.plugin.augmentation import Augmentation
from benchmark.plugin.training_run import TrainingRun
from benchmark.settings import TrainingSettings
from benchmark.training.keras_model import KerasModel
from benchmark.training.network_model import NetworkModel
from benchmark.training.torch_model import TorchModel
from benchmark.training.traced import TracedNetworks

# Of each class. As many are held out as are trained on: what is frozen, or compiled, is traced for each size anew.
_PER_CLASS = 8
HELD_OUT = _PER_CLASS * CLASSES
SEED = 3
PLAIN: dict[str, Any] = {"epochs": 1, "batch_size": 8}


def fitted(
    trial: Trial,
    settings: Mapping[str, Any] = PLAIN,
    *,
    seed: int = SEED,
    augmentations: tuple[Augmentation, ...] = (),
    cache: Path | None = None,
    dimensions: int = 0,
    validated: bool = True,
) -> tuple[Any, Any]:
    """Return a model, trained, and what its ``fit`` gave, which has items held out where it is ``validated``."""
    model = trial.make()
    import_to_stay(model.libraries)
    if isinstance(model, KerasModel):
        _leave_graphs_as_they_are()
    given = TrainingSettings(**{**PLAIN, **settings})
    train, held_out = parts(trial, dimensions)
    networks = trial.once("networks", TracedNetworks)
    history = model.fit(
        train,
        held_out if validated else None,
        TrainingRun(given, seed, augmentations, cache=cache, networks=networks),
    )
    return model, history


def _leave_graphs_as_they_are() -> None:
    """Have TensorFlow run graphs as they were traced: to make them faster takes longer than a few steps of ours."""
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})


def answers_of(trial: Trial, settings: Mapping[str, Any] = PLAIN, **given: Any) -> np.ndarray:
    """Return the answers of a new training. The next one has what was traced of its network, as cells do."""
    model, _ = fitted(trial, settings, **given)
    answers = np.asarray(model.predict(parts(trial, given.get("dimensions", 0))[1]))
    model.close()
    return answers


def parts(trial: Trial, dimensions: int = 0) -> tuple[Pictures, Pictures]:
    """Return what is trained on and what is held out, of the shape asked for; else images, if the model takes them."""
    shape = SHAPES[dimensions or max(trial.component.dimensions)]  # type: ignore[attr-defined]
    if trial.shape and dimensions in (0, len(trial.shape)):
        shape = trial.shape
    return Pictures(_PER_CLASS, 0, shape), Pictures(_PER_CLASS, 1, shape)


def first_model(trial: Trial) -> tuple[Any, Any]:
    """Return the model that most rules ask, trained, and what its ``fit`` gave."""
    trained: tuple[Any, Any] = trial.once("fit", partial(fitted, trial))
    return trained


def first_answers(trial: Trial) -> Any:
    """Return what the first model says of the items held out, whatever that is."""
    return trial.once("predict", lambda: first_model(trial)[0].predict(parts(trial)[1]))


def sound_answers(trial: Trial) -> np.ndarray:
    """Return answers that can be compared.

    Raises:
        NotTriedError: when they are none, which another rule tells.
    """
    answers = np.asarray(first_answers(trial))
    if answers.shape != (HELD_OUT, CLASSES) or answers.dtype.kind != "f":
        raise NotTriedError("predict does not give probabilities")
    return answers


@dataclass(frozen=True)
class Saved:
    """A folder with the first model, and what ``save`` raised, which the rule about it tells."""

    folder: tempfile.TemporaryDirectory[str]
    error: BaseException | None


def saved_first(trial: Trial) -> Saved:
    """Return the first model as it was saved, once."""
    model = first_model(trial)[0]

    def save() -> Saved:
        folder = tempfile.TemporaryDirectory()
        try:
            model.save(Path(folder.name))
        except (Exception, SystemExit) as error:
            return Saved(folder, error)
        return Saved(folder, None)

    saved: Saved = trial.once("save", save)
    return saved


def is_frozen(trial: Trial) -> bool:
    """Whether a stage is frozen up to a layer."""
    told: Any = getattr(trial.make(), "training_stages", None)
    stages = told(TrainingSettings(**PLAIN)) if told is not None else []
    return any(getattr(stage, "frozen", None) for stage in stages)


def trained_by_us(kind: type) -> bool:
    """Whether ``fit`` is a base's of ours, all of whose settings are followed."""
    return issubclass(kind, NetworkModel) and kind.fit in (KerasModel.fit, TorchModel.fit)


def answers_again(trial: Trial) -> np.ndarray:
    """Return the answers of a second training with the same seed, on kept outputs where a stage is frozen."""

    def again() -> np.ndarray:
        model = first_model(trial)[0]
        # What is held out changes nothing in these trainings, and takes a step to be traced.
        validated = not trained_by_us(type(model))
        if isinstance(model, KerasModel):
            # The next training takes over what was traced of its network, which takes longer than all else.
            saved_first(trial)
            model.close()
        if not is_frozen(trial):
            return answers_of(trial, validated=validated)
        with tempfile.TemporaryDirectory() as cache:
            return answers_of(trial, cache=Path(cache), validated=validated)

    answers: np.ndarray = trial.once("fit again", again)
    return answers
