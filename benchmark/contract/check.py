"""Does a component keep the promises of its kind? Tried on small made-up data, each promise by itself."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from benchmark.exceptions import PluginError
from benchmark.plugin.component import Component
from benchmark.plugin.parameters import check_parameters, parameters_of

if TYPE_CHECKING:
    import numpy as np

    from benchmark.plugin.audio_format import AudioFormat
    from benchmark.plugin.augmentation import Augmentation
    from benchmark.plugin.features import Features
    from benchmark.plugin.metric import Metric
    from benchmark.plugin.model import Model

RATE, CLASSES, SIDE = 22_050, 3, 32


class _Pictures:
    """A tiny problem: a bright band at a height that depends on the class, in noise. See ``data.examples.Examples``."""

    def __init__(self, per_class: int, seed: int) -> None:
        import numpy as np

        rng = np.random.default_rng(seed)
        self.num_classes, self.shape, self.dtype = CLASSES, (SIDE, SIDE, 1), "uint8"
        self.labels = np.repeat(np.arange(CLASSES), per_class)
        self._images = rng.integers(0, 120, (len(self.labels), *self.shape)).astype(np.uint8)
        band = SIDE // CLASSES
        for image, label in zip(self._images, self.labels, strict=True):
            image[label * band : (label + 1) * band] += 100

    def __len__(self) -> int:
        return len(self.labels)

    def gather(self, indices: np.ndarray, epoch: int = 0) -> np.ndarray:
        """Return pictures."""
        return self._images[indices]


def broken_promises(component: type[Component]) -> Iterator[str]:
    """Yield what a component does not do as the contract of its kind asks, in words; nothing if all is well.

    It is made with the defaults of its parameters, in small (``rehearsal``). Networks are trained for one epoch.
    """
    if not component.__doc__:
        yield "it has no docstring: 'bench plugins' has nothing to say of it"
    try:
        parameters, problems = check_parameters(component, {})
    except PluginError as error:
        yield str(error)
        return
    for problem in problems:
        yield f"its own default is refused: {problem.message}"
    if problems:
        return
    try:
        small = component.rehearsal(parameters)
        made = component(**small)
        missing = made.unavailable()
        if missing:
            yield f"it cannot work here: {missing}"
            return
        yield from _model(made, small) if component.kind == "model" else _PROMISES[component.kind](made)
    except Exception as error:  # A plugin's code may raise anything; what it raised is the finding.
        yield f"{type(error).__name__}: {error}"


def untried(component: type[Component]) -> str:
    """Return why ``broken_promises`` cannot try a component, or nothing."""
    if component.kind == "dataset":
        return "its files are needed: 'bench data list' and 'bench plan' say what they find"
    try:
        required = [name for name, each in parameters_of(component).items() if each.required]
    except PluginError:
        return ""
    return f"it has no default for {', '.join(required)}: try it in a suite" if required else ""


def _audio(made: Component) -> Iterator[str]:
    samples = _samples()
    kept = samples.copy()
    changed = cast("AudioFormat", made).apply(samples, RATE)
    if changed.shape != kept.shape or changed.dtype != kept.dtype:
        yield f"apply gave {changed.dtype} {changed.shape} instead of {kept.dtype} {kept.shape}"
    yield from _unchanged(samples, kept, "apply")


def _features(made: Component) -> Iterator[str]:
    import numpy as np

    features = cast("Features", made)
    for what, samples in (
        ("music", _samples()),
        ("a tenth of a second", _samples(0.1)),
        ("silence", 0 * _samples()),
    ):
        kept = samples.copy()
        array = features.compute(samples, RATE, reference_length=len(samples))
        if array.shape != features.shape or array.dtype != features.dtype:
            yield f"compute gave {array.dtype} {array.shape} for {what} instead of {features.dtype} {features.shape}"
        elif not np.isfinite(array).all():
            yield f"compute gave values that are not finite for {what}"
        yield from _unchanged(samples, kept, "compute")
        again = features.compute(kept, RATE, reference_length=len(kept))
        if not np.array_equal(array, again):
            yield f"compute gave two different arrays for the same {what}"


def _augmentation(made: Component) -> Iterator[str]:
    import numpy as np

    augmentation = cast("Augmentation", made)
    if augmentation.acts_on == "batch":
        yield from _batch(augmentation)
        return
    data = _samples() if augmentation.acts_on == "waveform" else _Pictures(1, 0).gather(np.arange(1))[0]
    for settings in [{}] if augmentation.fresh else augmentation.copies():
        kept = data.copy()
        one, other = (augmentation.apply(data, np.random.default_rng(5), **settings) for _ in range(2))
        yield from _unchanged(data, kept, "apply")
        if not np.array_equal(one, other):
            yield f"apply{settings} gave two results for the same random numbers: it draws others than rng's"
        if one.dtype != kept.dtype or (augmentation.acts_on == "features" and one.shape != kept.shape):
            yield f"apply{settings} gave {one.dtype} {one.shape} for {kept.dtype} {kept.shape}"
        if not np.isfinite(one).all():
            yield f"apply{settings} gave values that are not finite"


def _batch(augmentation: Augmentation) -> Iterator[str]:
    import numpy as np

    pictures = _Pictures(4, 0)
    for count in (len(pictures), 1):
        inputs = pictures.gather(np.arange(count)).astype(np.float32) / 255
        targets = np.eye(CLASSES, dtype=np.float32)[pictures.labels[:count]]
        kept = inputs.copy(), targets.copy()
        (x, y), (x2, y2) = (
            augmentation.apply_batch(inputs, targets, np.random.default_rng(5)) for _ in range(2)
        )
        yield from _unchanged(inputs, kept[0], "apply_batch")
        yield from _unchanged(targets, kept[1], "apply_batch")
        if x.shape != inputs.shape or y.shape != targets.shape:
            yield f"apply_batch gave arrays of shapes {x.shape} and {y.shape} for {inputs.shape} and {targets.shape}"
        elif not (np.array_equal(x, x2) and np.array_equal(y, y2)):
            yield "apply_batch gave two results for the same random numbers: it draws others than rng's"
        elif not np.allclose(y.sum(axis=1), 1, atol=1e-4):
            yield "apply_batch gave labels that do not add up to one"


def _metric(made: Component) -> Iterator[str]:
    import numpy as np

    metric = cast("Metric", made)
    rng = np.random.default_rng(0)
    labels = np.arange(60) % CLASSES
    guessed = rng.dirichlet(np.ones(CLASSES), 60).astype(np.float32)
    right = np.eye(CLASSES, dtype=np.float32)[labels] * 0.9 + np.float32(0.1 / CLASSES)
    best, chance = (float(metric.compute(labels, each)) for each in (right, guessed))
    if not np.isfinite([best, chance]).all():
        yield f"compute gave {best} and {chance}, which are not finite"
    elif (best > chance) != metric.greater_is_better:
        yield f"right answers have {best:g} and guesses {chance:g}, which does not fit greater_is_better"
    scores = metric.scores(labels, guessed)
    if scores is not None and not np.isclose(np.mean(scores), chance, rtol=1e-4):
        yield f"the mean of scores is {np.mean(scores):g} and not what compute gives, {chance:g}"
    resampled = metric.resampled(labels, guessed, np.ones((2, len(labels)), np.float32))
    if not np.allclose(resampled, chance, rtol=1e-4):
        yield f"resampled gives {resampled[0]:g} and not what compute gives, {chance:g}, when each track counts once"


def _model(made: Component, parameters: Mapping[str, Any]) -> Iterator[str]:
    import numpy as np

    from benchmark.plugin.training_run import TrainingRun
    from benchmark.settings import TrainingSettings

    train, held_out = _Pictures(8, 0), _Pictures(3, 1)
    kind = cast("type[Model]", type(made))
    answers = []
    for model in (cast("Model", made), kind(**parameters)):
        history = model.fit(train, held_out, TrainingRun(TrainingSettings(epochs=1, batch_size=8), seed=3))
        if not isinstance(history, list):
            yield f"fit gave {type(history).__name__} instead of a list with a mapping for each epoch"
        answers.append(np.asarray(model.predict(held_out)))
    one, other = answers
    if one.shape != (len(held_out), CLASSES):
        yield f"predict gave an array of shape {one.shape} instead of {(len(held_out), CLASSES)}"
    elif not np.isfinite(one).all() or (one < 0).any() or not np.allclose(one.sum(axis=1), 1, atol=1e-3):
        yield "predict gave lines that are not probabilities: finite, from 0, adding up to one"
    elif not np.allclose(one, other, atol=1e-3):
        yield "two trainings with the same seed differ: draw all random numbers from the run's seed"
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder))
        loaded = kind.load(Path(folder), **parameters)
        if not np.allclose(np.asarray(loaded.predict(held_out)), other, atol=1e-5):
            yield "a model that was saved and loaded answers otherwise than before"


_PROMISES: dict[str, Callable[[Any], Iterator[str]]] = {
    "audio": _audio,
    "features": _features,
    "augmentation": _augmentation,
    "metric": _metric,
}


def _samples(seconds: float = 1.5) -> np.ndarray:
    """Return a chord in noise, float32, mono."""
    import numpy as np

    time = np.arange(int(RATE * seconds)) / RATE
    chord = sum(np.sin(2 * np.pi * tone * time) for tone in (220.0, 277.2, 329.6))
    noise = np.random.default_rng(0).normal(0, 0.05, len(time))
    return (0.2 * chord + noise).astype(np.float32)


def _unchanged(given: np.ndarray, before: np.ndarray, what: str) -> Iterator[str]:
    import numpy as np

    if not np.array_equal(given, before):
        yield f"{what} changes what it is given; other items are made of it too"
