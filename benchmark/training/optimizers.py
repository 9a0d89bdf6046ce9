"""The optimizer of one stage of training."""

from __future__ import annotations

import math
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


def _rate(settings: TrainingSettings, peak: float, epochs: int, batches: int) -> Any:
    """Return the learning rate: linear from 0 to ``peak`` during warm-up, then constant or falling to 0."""
    steps = math.ceil(epochs * batches / settings.gradient_accumulation)
    rising = min(steps, round(settings.warmup * batches / settings.gradient_accumulation))
    if settings.schedule == "constant" and not rising:
        return peak
    return _schedule(settings.schedule, peak, rising, max(1, steps - rising))


def _schedule(
    shape: str, peak: float, rising: int, falling: int
) -> keras.optimizers.schedules.LearningRateSchedule:
    import keras
    from keras import ops

    class Schedule(keras.optimizers.schedules.LearningRateSchedule):
        """The rate by steps that were taken; Keras's own shapes either lack a warm-up or leave out its first step."""

        def __call__(self, step: Any) -> Any:
            taken = ops.cast(step, "float32")
            share = ops.clip((taken - rising) / falling, 0.0, 1.0)
            fallen = {
                "constant": ops.ones_like(share),
                "cosine": 0.5 * (1 + ops.cos(math.pi * share)),
                "linear": 1 - share,
            }[shape]
            # The first step has a rate above 0, or it would be wasted.
            return peak * ops.where(taken < rising, (taken + 1) / max(1, rising), fallen)

        def get_config(self) -> dict[str, Any]:
            return {"shape": shape, "peak": peak, "rising": rising, "falling": falling}

    return Schedule()
