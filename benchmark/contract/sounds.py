"""What features, audio formats and augmentations promise."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from typing import Any

import numpy as np

from benchmark.contract.material import CLASSES, FORMS, SHAPES, unchanged, waveforms
from benchmark.contract.pictures import Pictures
from benchmark.contract.rules import NotTriedError, Rule, Trial
from benchmark.plugin.augmentation import chain_problem
from benchmark.plugin.border import checked_batch, checked_items
from benchmark.plugin.waveform import SAMPLE_RATE

_MOST_DIMENSIONS = 3
_SEED = 5


def shape(trial: Trial) -> Iterator[str]:
    """Yield what is wrong with the shape and the type that features say they have."""
    features = trial.make()
    promised = features.shape
    lengths = promised if isinstance(promised, tuple) else ()
    whole = all(isinstance(length, int | np.integer) and length > 0 for length in lengths)
    if not (1 <= len(lengths) <= _MOST_DIMENSIONS and whole):
        yield f"shape is {promised!r} instead of a tuple of one, two or three whole numbers above 0"
    if features.dtype not in ("uint8", "float32"):
        yield f"dtype is {features.dtype!r} instead of 'uint8' or 'float32'"


def computes(trial: Trial) -> Iterator[str]:
    """Raise when features are not as they say."""
    arrays = trial.once("compute", lambda: _computed(trial))
    features = trial.make()
    for array, _ in arrays.values():
        checked_items(features, "compute", array, tuple(features.shape), features.dtype)
    yield from ()


def computes_alike(trial: Trial) -> Iterator[str]:
    """Yield for which waveforms features are drawn by chance."""
    for what, (first, second) in trial.once("compute", lambda: _computed(trial)).items():
        if not np.array_equal(first, second):
            yield f"compute gave two different arrays for the same {what}"


def computes_apart(trial: Trial) -> Iterator[str]:
    """Yield whether features write into waveforms."""
    features = trial.make()
    for heard in waveforms().values():
        kept = heard.copy()
        features.compute(heard, SAMPLE_RATE, reference_length=len(heard))
        yield from filter(None, [unchanged(heard, kept, "compute")])


def _computed(trial: Trial) -> dict[str, tuple[Any, Any]]:
    first, second = trial.make(), trial.make()
    computed = {}
    for what, heard in waveforms().items():
        # Clips are stretched, and features crop or pad them to their length before.
        for named, length in ((what, len(heard)), (f"{what}, stretched", int(len(heard) * 0.8))):
            made = [
                features.compute(heard.copy(), SAMPLE_RATE, reference_length=length)
                for features in (first, second)
            ]
            # The next waveform may be written over the last.
            computed[named] = (copy(made[0]), copy(made[1]))
    return computed


def formats(trial: Trial) -> Iterator[str]:
    """Yield what an audio format makes of waveforms that is not as long, or of another type."""
    format_ = trial.make()
    for heard in waveforms().values():
        kept = heard.copy()
        checked_items(format_, "apply", format_.apply(heard, SAMPLE_RATE), kept.shape, "float32")
        yield from filter(None, [unchanged(heard, kept, "apply")])


def place(trial: Trial) -> Iterator[str]:
    """Yield where an augmentation cannot act."""
    made = trial.make()
    acts_on = getattr(made, "acts_on", None)
    if acts_on not in ("waveform", "features", "batch"):
        yield f"acts_on is {acts_on!r} instead of 'waveform', 'features' or 'batch'"
        return
    odd = set(made.dimensions) - set(FORMS)
    if odd or not made.dimensions:
        yield f"dimensions is {set(made.dimensions)} instead of some of {set(FORMS)}"
    problem = chain_problem([(made.name, made)])
    if problem:
        yield problem


def copies(trial: Trial) -> Iterator[str]:
    """Yield what is wrong with the settings of fixed copies."""
    made = trial.make()
    if made.fresh or getattr(made, "acts_on", "") == "batch":
        return
    settings, again = made.copies(), trial.make().copies()
    try:
        plain = isinstance(settings, list) and json.loads(json.dumps(settings)) == settings
        plain = plain and all(isinstance(setting, dict) for setting in settings)
    except (TypeError, ValueError):
        plain = False
    if not plain:
        yield f"copies gave {settings!r} instead of a list of mappings of plain values (texts, numbers, lists)"
    elif settings != again:
        yield "copies gives other settings each time: draw in apply, from its rng"


def applies(trial: Trial) -> Iterator[str]:
    """Raise when what an augmentation makes is not what the harness can use."""
    augmentation = trial.make()
    for _, _, made, before in trial.once("apply", lambda: _applied(trial)):
        if augmentation.acts_on == "batch":
            checked_batch(augmentation, made, before[0].shape, before[1].shape)
        else:
            expected = (None,) if augmentation.acts_on == "waveform" else before.shape
            checked_items(augmentation, "apply", made, expected, str(before.dtype))
    yield from ()


def applies_alike(trial: Trial) -> Iterator[str]:
    """Yield when an augmentation draws from somewhere else than its generator."""
    method = "apply_batch" if trial.make().acts_on == "batch" else "apply"
    first, second = trial.once("apply", lambda: _applied(trial)), _applied(trial)
    for (what, settings, made, _), (_, _, again, _) in zip(first, second, strict=True):
        pairs = zip(made, again, strict=True) if isinstance(made, tuple | list) else [(made, again)]
        if not all(np.array_equal(*pair) for pair in pairs):
            with_ = f" with {dict(settings)}" if settings else ""
            yield f"{method}{with_} gave two results for the same {what} and random numbers: draw from rng alone"
            return


def applies_apart(trial: Trial) -> Iterator[str]:
    """Yield whether an augmentation writes into what it is given."""
    augmentation = trial.make()
    for _, settings, given in _material(augmentation):
        arrays = given if isinstance(given, tuple) else (given,)
        kept = [array.copy() for array in arrays]
        _apply(augmentation, arrays, settings)
        for array, before in zip(arrays, kept, strict=True):
            said = unchanged(array, before, "apply_batch" if augmentation.acts_on == "batch" else "apply")
            if said:
                yield said
                return


def _applied(trial: Trial) -> list[tuple[str, Mapping[str, Any], Any, Any]]:
    augmentation = trial.make()
    applied = []
    for what, settings, given in _material(augmentation):
        arrays = given if isinstance(given, tuple) else (given,)
        made = _apply(augmentation, tuple(array.copy() for array in arrays), settings)
        applied.append((what, settings, made, given))
    return applied


def _apply(augmentation: Any, arrays: tuple[np.ndarray, ...], settings: Mapping[str, Any]) -> Any:
    rng = np.random.default_rng(_SEED)
    if augmentation.acts_on == "batch":
        return augmentation.apply_batch(*arrays, rng)
    return augmentation.apply(*arrays, rng, **settings)


def _material(augmentation: Any) -> Iterator[tuple[str, Mapping[str, Any], Any]]:
    """Yield what is augmented, in words, the settings of a copy, and arrays."""
    if augmentation.acts_on not in ("waveform", "features", "batch"):
        raise NotTriedError("where it acts is not known")
    if augmentation.acts_on == "waveform":
        for settings in _settings(augmentation):
            for what, heard in waveforms().items():
                yield what, settings, heard
        return
    for dimensions in sorted(augmentation.dimensions, reverse=True):
        pictures, form = Pictures(4, 0, SHAPES[dimensions]), FORMS[dimensions]
        if augmentation.acts_on == "batch":
            for count in (len(pictures), 1):
                inputs = pictures.gather(np.arange(count)).astype(np.float32) / 255
                targets = np.eye(CLASSES, dtype=np.float32)[pictures.labels[:count]]
                yield f"batch of {count} {form}", {}, (inputs, targets)
            continue
        item = pictures.images[0]
        for settings in _settings(augmentation):
            yield f"{form} of bytes", settings, item
            yield f"{form} of floats", settings, item.astype(np.float32) / 255


def _settings(augmentation: Any) -> Sequence[Mapping[str, Any]]:
    return [{}] if augmentation.fresh else augmentation.copies()


FEATURES = (
    Rule("features-shape", "shape has one to three lengths; dtype is uint8 or float32", shape),
    Rule(
        "features-compute",
        "compute gives an array of this shape and type, finite, for any waveform",
        computes,
    ),
    Rule("features-repeat", "compute gives the same for the same waveform", computes_alike),
    Rule("features-arguments", "compute leaves the waveform as it is", computes_apart),
)
AUDIO = (
    Rule(
        "audio-apply",
        "apply gives as many samples as it is given, float32 and finite, and leaves those",
        formats,
    ),
)
AUGMENTATION = (
    Rule("augmentation-place", "acts_on is a place that its fresh goes with", place),
    Rule("augmentation-copies", "copies lists the same settings each time, as plain values", copies),
    Rule(
        "augmentation-apply",
        "what it makes has the shape and type of what it is given, and is finite",
        applies,
    ),
    Rule(
        "augmentation-repeat",
        "it draws from the generator that it is given, and from no other",
        applies_alike,
    ),
    Rule("augmentation-arguments", "it leaves what it is given as it is", applies_apart),
)
