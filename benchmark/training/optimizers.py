"""The optimizer of one stage of training."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

    from benchmark.settings import TrainingSettings


def make_optimizer(
    settings: TrainingSettings, learning_rate: float, epochs: int, batches: int
) -> keras.optimizers.Optimizer:
    """Return a fresh optimizer for a stage of so many ``epochs`` of so many ``batches``.

    ``clip_norm`` bounds the norm of all gradients together; ``weight_decay`` is decoupled (Loshchilov & Hutter 2019,
    arXiv:1711.05101). With ``gradient_accumulation``, a step is the mean gradient of that many batches.
    """
    import keras

    config: dict[str, Any] = {"learning_rate": _rate(settings, learning_rate, epochs, batches)}
    if settings.weight_decay is not None:
        config["weight_decay"] = settings.weight_decay
    if settings.clip_norm is not None:
        config["global_clipnorm"] = settings.clip_norm
    if settings.gradient_accumulation > 1:
        config["gradient_accumulation_steps"] = settings.gradient_accumulation
    kinds = {
        "adam": keras.optimizers.Adam,
        "adamw": keras.optimizers.AdamW,
        "sgd": keras.optimizers.SGD,
        "rmsprop": keras.optimizers.RMSprop,
    }
    return kinds[settings.optimizer](**config)


@dataclass(frozen=True)
class Rate:
    """The learning rate of a stage by steps taken: linear from 0 to ``peak`` for ``rising`` steps, then by ``shape``.

    ``falling`` steps are what it takes to fall to 0 (``cosine``, ``linear``), or how long it stays (``constant``).
    """

    shape: str
    peak: float
    rising: int
    falling: int

    @property
    def is_constant(self) -> bool:
        """Whether it is ``peak`` throughout, however many steps there are."""
        return self.shape == "constant" and not self.rising

    def at(self, taken: int) -> float:
        """Return the rate of the step after so many. The first step has one above 0, or it would be wasted."""
        if taken < self.rising:
            return self.peak * (taken + 1) / self.rising
        share = min(1.0, (taken - self.rising) / self.falling)
        fallen = {"constant": 1.0, "cosine": 0.5 * (1 + math.cos(math.pi * share)), "linear": 1 - share}
        return self.peak * fallen[self.shape]


def rate_of(settings: TrainingSettings, peak: float, epochs: int, batches: int) -> Rate:
    """Return the learning rate of a stage of so many ``epochs`` of so many ``batches``."""
    steps = math.ceil(epochs * batches / settings.gradient_accumulation)
    rising = min(steps, round(settings.warmup * batches / settings.gradient_accumulation))
    return Rate(settings.schedule, peak, rising, max(1, steps - rising))


def _rate(settings: TrainingSettings, peak: float, epochs: int, batches: int) -> Any:
    rate = rate_of(settings, peak, epochs, batches)
    if rate.is_constant:
        return peak
    return _schedule(rate, settings.gradient_accumulation)


def _schedule(rate: Rate, accumulation: int) -> keras.optimizers.schedules.LearningRateSchedule:
    import keras
    from keras import ops

    class Schedule(keras.optimizers.schedules.LearningRateSchedule):
        """See ``Rate``; Keras's own shapes either lack a warm-up or leave out its first step.

        Keras counts batches, also those that are only added to a step to come.
        """

        def __call__(self, step: Any) -> Any:
            taken = ops.floor(ops.cast(step, "float32") / accumulation)
            share = ops.clip((taken - rate.rising) / rate.falling, 0.0, 1.0)
            fallen = {
                "constant": ops.ones_like(share),
                "cosine": 0.5 * (1 + ops.cos(math.pi * share)),
                "linear": 1 - share,
            }[rate.shape]
            return rate.peak * ops.where(taken < rate.rising, (taken + 1) / max(1, rate.rising), fallen)

        def get_config(self) -> dict[str, Any]:
            return {**asdict(rate), "accumulation": accumulation}

    return Schedule()
