"""Augmentations of training batches by layers of Keras, on any of its backends.

Keras draws, and what it drew is applied as its own layers would, except that labels are mixed by the pixels that
were really pasted rather than by an area before rounding. Keras draws weights as quotients of gamma variates in single
precision; those of an ``alpha`` below 0.1 are often rounded to zero, both of them, so that smaller ones are refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from benchmark import Augmentation

if TYPE_CHECKING:
    import numpy as np

Share = Annotated[float, Field(gt=0, le=1)]
Batch = tuple["np.ndarray", "np.ndarray"]


class MixUp(Augmentation):
    """Mix each item, and its label, with another of the batch (Zhang et al. 2018, arXiv:1710.09412).

    The weight of the first is drawn from a Beta(``alpha``, ``alpha``) distribution for each item: the smaller
    ``alpha``, the more often one of the two prevails; at 1 all weights are as likely.
    """

    name = "mixup"
    acts_on = "batch"

    def __init__(self, *, alpha: Annotated[float, Field(ge=0.1, le=10)] = 0.2) -> None:
        self.alpha = alpha

    def apply_batch(self, inputs: np.ndarray, targets: np.ndarray, rng: np.random.Generator) -> Batch:
        """Return w * first + (1 - w) * second, for inputs and targets alike."""
        import keras

        with keras.device("cpu:0"):
            drawn = _drawn(keras.layers.MixUp(self.alpha, seed=_seed(rng), dtype="float32"), inputs)
        weight, partner = _weight(drawn["mix_weight"]), drawn["permutation_order"]
        mixed = _mixed(weight.reshape(-1, *(1,) * (inputs.ndim - 1)), inputs, inputs[partner])
        # Rounding may lead out of the range of the two.
        return mixed.clip(inputs.min(), inputs.max()), _mixed(weight[:, None], targets, targets[partner])


class CutMix(Augmentation):
    """Paste a rectangle of another spectrogram of the batch; mix labels by area (Yun et al. 2019, arXiv:1905.04899).

    The area that is kept is drawn from a Beta(``alpha``, ``alpha``) distribution for each item.
    """

    name = "cutmix"
    acts_on = "batch"
    dimensions = frozenset({3})

    def __init__(self, *, alpha: Annotated[float, Field(ge=0.1, le=1)] = 1.0) -> None:
        self.alpha = alpha

    def apply_batch(self, inputs: np.ndarray, targets: np.ndarray, rng: np.random.Generator) -> Batch:
        """Return pasted inputs; a target's share of the other is the share of pixels that came from it."""
        import keras
        import numpy as np

        with keras.device("cpu:0"):
            layer = keras.layers.CutMix(
                (self.alpha, self.alpha), seed=_seed(rng), data_format="channels_last", dtype="float32"
            )
            drawn = _drawn(layer, inputs)
        pasted, partner = drawn["batch_masks"], drawn["permutation_order"]
        kept = 1 - pasted.mean(axis=(1, 2, 3), dtype=np.float32)
        return np.where(pasted, inputs[partner], inputs), _mixed(kept[:, None], targets, targets[partner])


class RandomErasing(Augmentation):
    """Erase a rectangle of each spectrogram (Zhong et al. 2020, arXiv:1708.04896); labels stay.

    Its height and its width are each drawn so that their square, as a share of the side's square, lies evenly
    between ``smallest`` and ``largest``; so does the erased area lie between the two. An item is erased with
    ``probability``. ``fill: zero`` erases to the quietest value, ``noise`` to normal noise cut to 0..1.
    """

    name = "random-erasing"
    acts_on = "batch"
    dimensions = frozenset({3})

    def __init__(
        self,
        *,
        smallest: Share = 0.02,
        largest: Share = 0.33,
        probability: Share = 1.0,
        fill: Literal["zero", "noise"] = "zero",
    ) -> None:
        if smallest > largest:
            raise ValueError(f"'smallest' ({smallest:g}) is above 'largest' ({largest:g})")
        self.scale = (smallest, largest)
        self.probability = probability
        self.fill = fill

    def apply_batch(self, inputs: np.ndarray, targets: np.ndarray, rng: np.random.Generator) -> Batch:
        """Return inputs with rectangles erased, and the targets as they are."""
        import keras
        import numpy as np

        with keras.device("cpu:0"):
            layer = keras.layers.RandomErasing(
                factor=(self.probability, self.probability),
                scale=self.scale,
                fill_value=0.0 if self.fill == "zero" else None,
                value_range=(0, 1),
                seed=_seed(rng),
                data_format="channels_last",
                dtype="float32",
            )
            drawn = _drawn(layer, inputs)
        erased = drawn["batch_masks"] & drawn["apply_erasing"][:, None, None, None]
        return np.where(erased, drawn["fill_value"], inputs), targets


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**31 - 1))


def _drawn(layer: Any, inputs: np.ndarray) -> dict[str, np.ndarray]:
    """Return what a layer draws for a batch, as arrays."""
    import keras

    drawn = layer.get_random_transformation(keras.ops.convert_to_tensor(inputs), training=True)
    return {name: keras.ops.convert_to_numpy(value) for name, value in drawn.items()}


def _weight(drawn: np.ndarray) -> np.ndarray:
    import numpy as np

    return np.nan_to_num(drawn, nan=1.0).clip(0, 1)


def _mixed(weight: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    mixed: np.ndarray = weight * first + (1 - weight) * second
    return mixed
