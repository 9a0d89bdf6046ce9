"""What models promise."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.contract.material import CLASSES, FORMS
from benchmark.contract.rules import Rule, Trial
from benchmark.contract.trainings import (
    HELD_OUT,
    SEED,
    answers_again,
    answers_of,
    first_answers,
    first_model,
    fitted,
    is_frozen,
    parts,
    saved_first,
    sound_answers,
    trained_by_us,
)
from benchmark.plugin.augmentation import Augmentation
from benchmark.plugin.border import checked_probabilities
from benchmark.plugin.model import BATCH_AUGMENTATIONS, LOSS_PARAMETERS
from benchmark.settings import TrainingSettings

# Values that no model that follows the setting answers the same to. Of the others (jit, deterministic, early stopping)
# a model may follow what it says, and answer as before.
_CONTRASTS: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    "epochs": ({"epochs": 2}, {"epochs": 4}),
    "batch_size": ({"batch_size": 8}, {"batch_size": 3}),
    "optimizer": ({"optimizer": "adam"}, {"optimizer": "sgd"}),
    "learning_rate": ({"learning_rate": 0.001}, {"learning_rate": 0.05}),
    "loss": ({}, {"loss": "categorical_focal_crossentropy"}),
    "schedule": ({"epochs": 2}, {"epochs": 2, "schedule": "linear"}),
    "warmup": ({"epochs": 2}, {"epochs": 2, "warmup": 2.0}),
    "weight_decay": ({}, {"weight_decay": 0.9}),
    "clip_norm": ({"optimizer": "sgd"}, {"optimizer": "sgd", "clip_norm": 1e-4}),
    "gradient_accumulation": ({}, {"gradient_accumulation": 3}),
    "precision": ({}, {"precision": "mixed_bfloat16"}),
}
_PICKLES = (".pkl", ".pickle", ".joblib", ".pt", ".pth")
_PICKLE_START = b"\x80"


class Watching(Augmentation):
    """Changes nothing, and counts how often it is asked to."""

    name, acts_on = "watching", "batch"

    def __init__(self) -> None:
        self.batches = 0

    def apply_batch(
        self, inputs: np.ndarray, targets: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Count."""
        self.batches += 1
        return inputs, targets


def trains(trial: Trial) -> Iterator[str]:
    """Yield what is wrong with the history that ``fit`` returns."""
    _, history = first_model(trial)
    if not isinstance(history, list):
        yield f"fit gave {type(history).__name__} instead of a list with a mapping for each epoch"
        return
    for number, line in enumerate(history, 1):
        if not isinstance(line, dict):
            yield f"fit gave {type(line).__name__} instead of a mapping for epoch {number}"
            return
        if not isinstance(line.get("stage"), str) or not isinstance(line.get("epoch"), int):
            yield f"line {number} of the history has {_keys(line)}: it needs 'stage', a text, and 'epoch', from 1"
            return
        for name, value in line.items():
            if name != "stage" and not _is_number(value):
                yield f"line {number} of the history has {name} = {value!r}, which is no number"
                return
            if name == "loss" and not math.isfinite(float(value)):
                yield f"the loss of epoch {number} is {value}: training diverges"
                return


def _keys(line: Mapping[Any, Any]) -> str:
    return ", ".join(map(repr, line)) or "nothing"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def probabilities(trial: Trial) -> Iterator[str]:
    """Raise when answers are not probabilities."""
    checked_probabilities(first_model(trial)[0], first_answers(trial), (HELD_OUT, CLASSES))
    yield from ()


def dimensions(trial: Trial) -> Iterator[str]:
    """Yield which features a model says that it takes, and does not."""
    claimed = set(trial.component.dimensions)  # type: ignore[attr-defined]
    if not claimed or claimed - set(FORMS):
        yield f"dimensions is {claimed} instead of some of {set(FORMS)}"
        return
    if trial.shape and len(trial.shape) not in claimed:
        yield f"it is tried on {FORMS[len(trial.shape)]}, and says that it takes none"
        return
    first_model(trial)
    taken = {len(trial.shape) or max(claimed)}
    if claimed - taken:
        # What answers wrongly whatever it is given says nothing of dimensions.
        sound_answers(trial)
    for count in sorted(claimed - taken, reverse=True):
        try:
            answers = answers_of(trial, dimensions=count)
            problem = (
                ""
                if answers.shape == (HELD_OUT, CLASSES)
                else f"answers with an array of shape {answers.shape}"
            )
        except Exception as error:  # Libraries refuse shapes in many ways.
            problem = f"it raises {type(error).__name__}: {str(error).strip().partition(chr(10))[0][:200]}"
        if problem:
            yield f"it says that it takes {FORMS[count]}, and {problem}. Say dimensions = frozenset({taken})"
            return
        taken.add(count)


def alone(trial: Trial) -> Iterator[str]:
    """Yield when an item's answer depends on what it is asked together with."""
    model, together = first_model(trial)[0], sound_answers(trial)
    answer = np.asarray(model.predict(parts(trial)[1].only(np.array([7]))))
    if answer.shape != (1, CLASSES):
        yield f"predict gave an array of shape {answer.shape} for one item instead of {(1, CLASSES)}"
    elif not np.allclose(answer, together[7], atol=1e-3):
        yield "predict answers otherwise for an item alone than for the same item among others"


def repeats(trial: Trial) -> Iterator[str]:
    """Yield when two trainings with one seed differ."""
    first = sound_answers(trial)

    def differs(other: np.ndarray) -> bool:
        return other.shape != first.shape or not np.allclose(first, other, atol=1e-3)

    # Where outputs of a frozen part were kept and all is the same, training without them need not be tried again.
    if differs(answers_again(trial)) and (not is_frozen(trial) or differs(answers_of(trial))):
        yield "two trainings with the same seed differ: draw all random numbers from the run's seed"


def seedless(trial: Trial) -> Iterator[str]:
    """Yield when a model that says that its seed changes nothing depends on it."""
    if not trial.component.seedless:  # type: ignore[attr-defined]
        return
    first = sound_answers(trial)
    other = answers_of(trial, seed=SEED + 1)
    if other.shape != first.shape or not np.allclose(first, other, atol=1e-5):
        yield "it says that it is seedless, and two seeds give two models: one cell would stand for all seeds"


def stored(trial: Trial) -> Iterator[str]:
    """Yield when a stored model answers otherwise, or is stored by pickle."""
    before, saved = sound_answers(trial), saved_first(trial)
    if saved.error is not None:
        raise saved.error
    kind: Any = trial.component
    folder = Path(saved.folder.name)
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        if file.suffix in _PICKLES or file.open("rb").read(1) == _PICKLE_START:
            yield f"save wrote {file.name}, a pickle: whoever reads it runs what is in it. Store arrays, or JSON"
    loaded = kind.load(folder, **trial.parameters)
    if loaded is None:
        yield "load gave None instead of a model"
    elif not np.allclose(np.asarray(loaded.predict(parts(trial)[1])), before, atol=1e-5):
        yield "a model that was saved and loaded answers otherwise than before"


def honours(trial: Trial) -> Iterator[str]:
    """Yield settings that a model says it follows, and takes no notice of."""
    kind: Any = trial.component
    unknown = sorted(
        set(kind.honours) - set(TrainingSettings.model_fields) - {BATCH_AUGMENTATIONS, LOSS_PARAMETERS}
    )
    if unknown:
        yield f"its honours has {', '.join(unknown)}, which is no setting of training"
    if trained_by_us(kind):
        return
    answers: dict[str, np.ndarray] = {}

    def answer(settings: Mapping[str, Any]) -> np.ndarray:
        key = repr(sorted(settings.items()))
        if key not in answers:
            answers[key] = answers_of(trial, settings)
        return answers[key]

    for name in sorted(set(kind.honours) & set(_CONTRASTS)):
        first, second = (answer(settings) for settings in _CONTRASTS[name])
        if np.array_equal(first, second):
            yield f"its honours has '{name}', and training with two values of it gives one model"
    if BATCH_AUGMENTATIONS in kind.honours:
        watching = Watching()
        fitted(trial, augmentations=(watching,))
        if not watching.batches:
            yield f"its honours has '{BATCH_AUGMENTATIONS}', and fit applies none of the run's batch_augmentations"


def frozen(trial: Trial) -> Iterator[str]:
    """Yield when a stage that is frozen up to a layer learns otherwise where that layer's outputs are kept."""
    if not is_frozen(trial):
        return
    before, again = sound_answers(trial), answers_again(trial)
    if again.shape != before.shape or not np.allclose(again, before, atol=2e-2):
        yield "a stage with 'frozen' learns otherwise on kept outputs: something before that layer is drawn, or trained"


MODEL = (
    Rule("model-trains", "fit gives a line for each epoch, with stage and epoch, and does not diverge", trains),
    Rule("model-probabilities", "predict gives an array of finite rows that add up to 1", probabilities),
    Rule("model-dimensions", "it takes features of as many dimensions as it says", dimensions),
    Rule("model-alone", "an item's answer does not depend on the others that it is asked with", alone),
    Rule("model-repeat", "the same seed gives the same model", repeats),
    Rule("model-seedless", "a model that says so does not depend on its seed", seedless),
    Rule("model-stored", "a model that is saved and loaded answers as before, and holds no pickle", stored),
    Rule("model-honours", "settings that honours lists change something", honours),
    Rule("model-frozen", "stages that are frozen up to a layer learn the same on that layer's outputs", frozen),
)  # fmt: skip
