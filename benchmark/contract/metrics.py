"""What metrics promise."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from benchmark.contract.material import CLASSES
from benchmark.contract.rules import Rule, Trial

_TRACKS = 60
_SMALL = 1e-6


def _answers() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return labels and probabilities by what they are; no two classes tie."""
    rng = np.random.default_rng(0)
    labels = np.arange(_TRACKS) % CLASSES
    sure = np.eye(CLASSES, dtype=np.float32) * np.float32(1 - 1e-3) + np.float32(1e-3 / CLASSES)
    return {
        "right answers": (labels, sure[labels]),
        "guesses": (labels, rng.dirichlet(np.ones(CLASSES), _TRACKS).astype(np.float32)),
        "wrong answers": (labels, sure[(labels + 1) % CLASSES]),
        "one answer for all": (labels, sure[np.zeros(_TRACKS, int)]),
        "one class": (np.zeros(9, int), rng.dirichlet(np.ones(CLASSES), 9).astype(np.float32)),
        "one track": (labels[:1], sure[labels[:1]]),
    }


def _values(trial: Trial) -> dict[str, Any]:
    metric = trial.make()
    return {what: metric.compute(labels.copy(), said.copy()) for what, (labels, said) in _answers().items()}


def number(trial: Trial) -> Iterator[str]:
    """Yield values that are no numbers."""
    for what, value in trial.once("compute", partial(_values, trial)).items():
        array = np.asarray(value)
        if not (isinstance(value, numbers.Real) or (array.shape == () and array.dtype.kind in "fiu")):
            yield f"compute gave {type(value).__name__} {value!r} for {what} instead of a number"
        elif what in ("right answers", "guesses") and not math.isfinite(value):
            yield f"compute gave {_named(value)} for {what}"


def direction(trial: Trial) -> Iterator[str]:
    """Yield when right answers are not better than guesses."""
    values = trial.once("compute", partial(_values, trial))
    best, chance = float(values["right answers"]), float(values["guesses"])
    if not (math.isfinite(best) and math.isfinite(chance)):
        return
    if (best > chance) != trial.component.greater_is_better or best == chance:  # type: ignore[attr-defined]
        yield f"right answers have {best:g} and guesses {chance:g}, which does not fit greater_is_better"


def bounds(trial: Trial) -> Iterator[str]:
    """Yield values beyond the bounds, and bounds that ought to be declared."""
    metric: Any = trial.component
    limits = metric.limits()
    values = {
        what: float(value)
        for what, value in trial.once("compute", partial(_values, trial)).items()
        if math.isfinite(value)
    }
    if limits is None:
        if (
            math.isclose(values.get("right answers", 0), 1, abs_tol=_SMALL)
            and min(values.values()) >= -1 - _SMALL
        ):
            least = 0 if min(values.values()) >= 0 else -1
            yield (
                f"right answers have 1, and there seems to be no more: say bounds = ({least}, 1), or intervals go "
                "beyond it"
            )
        return
    beyond = [
        f"{value:g} for {what}"
        for what, value in values.items()
        if not limits[0] - _SMALL <= value <= limits[1] + _SMALL
    ]
    if beyond:
        said = (
            f"its bounds are {metric.bounds}"
            if metric.bounds
            else "a percent or a proportion is a share, from 0 to 1, of which tables make per cent"
        )
        yield f"compute gave {', '.join(beyond)}; {said}. Give shares, or say bounds = (least, greatest)"


def order(trial: Trial) -> Iterator[str]:
    """Yield when the order of tracks matters."""
    metric = trial.make()
    labels, said = _answers()["guesses"]
    mixed = np.random.default_rng(1).permutation(len(labels))
    straight, shuffled = (
        float(metric.compute(*given)) for given in ((labels, said), (labels[mixed], said[mixed]))
    )
    if not np.isclose(straight, shuffled, rtol=1e-4, equal_nan=True):
        yield f"compute gave {straight:g}, and {shuffled:g} for the same tracks in another order"


def scores(trial: Trial) -> Iterator[str]:
    """Yield when the mean of ``scores`` is not the value."""
    labels, said = _answers()["guesses"]
    value = float(trial.once("compute", partial(_values, trial))["guesses"])
    scores = trial.make().scores(labels, said)
    if scores is None:
        return
    if np.shape(scores) != (len(labels),):
        yield f"scores gave an array of shape {np.shape(scores)} instead of one number per track"
    elif not np.isclose(np.mean(scores), value, rtol=1e-4):
        yield f"the mean of scores is {np.mean(scores):g} and not what compute gives, {value:g}"


def resampled(trial: Trial) -> Iterator[str]:
    """Yield when counting each track once, or some twice, is not what ``compute`` gives for those tracks."""
    labels, said = _answers()["guesses"]
    metric = trial.make()
    weights = np.ones((2, len(labels)), np.float32)
    weights[1] = np.random.default_rng(2).integers(0, 3, len(labels))
    chosen = np.repeat(np.arange(len(labels)), weights[1].astype(int))
    expected = [float(metric.compute(labels[rows], said[rows])) for rows in (np.arange(len(labels)), chosen)]
    values = np.asarray(metric.resampled(labels, said, weights))
    if values.shape != (len(weights),):
        yield f"resampled gave an array of shape {values.shape} instead of {(len(weights),)}"
        return
    for what, value, right in zip(
        ("when each track counts once", "for a resample"), values, expected, strict=True
    ):
        if not np.isclose(value, right, rtol=1e-4, equal_nan=True):
            yield f"resampled gives {value:g} and not what compute gives, {right:g}, {what}"


def apart(trial: Trial) -> Iterator[str]:
    """Yield when a metric writes into what other metrics are given too."""
    metric = trial.make()
    labels, said = _answers()["guesses"]
    kept = labels.copy(), said.copy()
    weights = np.ones((1, len(labels)), np.float32)
    for name, arguments in (("compute", ()), ("scores", ()), ("resampled", (weights,))):
        getattr(metric, name)(labels, said, *arguments)
        if not (np.array_equal(labels, kept[0]) and np.array_equal(said, kept[1])):
            yield f"{name} changes what it is given; other metrics are given it too"
            return


def _named(value: float) -> str:
    return "NaN (not a number)" if math.isnan(value) else f"{value}"


METRIC = (
    Rule(
        "metric-number", "compute gives a number, which is finite unless there is nothing to measure", number
    ),
    Rule("metric-direction", "right answers are better than guesses, as greater_is_better says", direction),
    Rule("metric-bounds", "no value is beyond its bounds, which are declared where there are any", bounds),
    Rule("metric-order", "the order of tracks is no matter", order),
    Rule("metric-scores", "the mean of scores is what compute gives", scores),
    Rule("metric-resampled", "resampled gives what compute gives for tracks that count as often", resampled),
    Rule("metric-arguments", "it leaves labels and probabilities as they are", apart),
)
