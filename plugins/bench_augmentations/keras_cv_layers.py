"""Augmentations of training batches by layers of keras-cv 0.9.0, its final release, which need TensorFlow.

Those layers take part of their random numbers from TensorFlow's global state, so that a seed of their own repeats
nothing. Here each draws from its own generator alone, which is set anew for each image: a batch depends on the
generator that it is given, and nothing else in the process is disturbed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from benchmark import Augmentation, PluginError, asked_backend

if TYPE_CHECKING:
    import numpy as np

Share = Annotated[float, Field(ge=0, le=1)]
Draw = Callable[..., Any]  # from a value and a seed to what is drawn for it
Batch = tuple["np.ndarray", "np.ndarray"]


class KerasCvAugmentation(Augmentation):
    """Base: says whether keras-cv can work here."""

    acts_on = "batch"
    dimensions = frozenset({3})

    def unavailable(self) -> str:
        """Return what to install or to set, or nothing."""
        if find_spec("keras_cv") is None:
            return "it needs keras-cv, which is not installed: pip install 'genrebench[keras-cv]'"
        return _wrong_backend(asked_backend())

    def _layers(self) -> Any:
        """Return keras-cv, imported."""
        import keras

        problem = self.unavailable() or _wrong_backend(keras.backend.backend())
        if problem:
            raise PluginError(f"Augmentation '{self.name}': {problem}.")
        import keras_cv

        return keras_cv


class GridMask(KerasCvAugmentation):
    """Cover a grid of squares, turned at random (Chen et al. 2020, arXiv:2001.04086); labels stay.

    A square's side, as a share of the grid's spacing, is drawn between ``smallest`` and ``largest`` for each item;
    the grid is turned by up to ``rotation`` of a full turn. Squares are filled with the quietest value.
    """

    name = "grid-mask"

    def __init__(self, *, smallest: Share = 0.0, largest: Share = 0.5, rotation: Share = 0.15) -> None:
        _check_order(smallest, largest)
        self.sides = (smallest, largest)
        self.rotation = rotation

    def apply_batch(self, inputs: np.ndarray, targets: np.ndarray, rng: np.random.Generator) -> Batch:
        """Return masked inputs, and the targets as they are."""
        return _each(self._cover, inputs, rng), targets

    @cached_property
    def _cover(self) -> Draw:
        import tensorflow as tf

        keras_cv = self._layers()
        layer = keras_cv.layers.GridMask(
            ratio_factor=_uniform(keras_cv, *self.sides),
            rotation_factor=self.rotation,
            seed=0,
            dtype="float32",
        )
        layer.ratio_factor.generator = layer._random_generator
        generators = (layer._random_generator, layer.random_rotate._random_generator)
        return _seeded(tf.function(layer), generators)


class RandomCutout(KerasCvAugmentation):
    """Cover a rectangle of each spectrogram with the quietest value (DeVries & Taylor 2017, arXiv:1708.04552).

    Its height and its width are each drawn between ``smallest`` and ``largest``, as shares of the side (a width
    is never above the height of the spectrogram); its middle lies anywhere, so that it may reach beyond the edge.
    """

    name = "random-cutout"

    def __init__(self, *, smallest: Share = 0.1, largest: Share = 0.4) -> None:
        _check_order(smallest, largest)
        self.sides = (smallest, largest)

    def apply_batch(self, inputs: np.ndarray, targets: np.ndarray, rng: np.random.Generator) -> Batch:
        """Return inputs with rectangles cut out, and the targets as they are."""
        return _each(self._cut, inputs, rng), targets

    @cached_property
    def _cut(self) -> Draw:
        import tensorflow as tf

        keras_cv = self._layers()
        height, width = (_uniform(keras_cv, *self.sides) for _ in range(2))
        layer = keras_cv.layers.RandomCutout(height, width, seed=0, dtype="float32")
        height.generator = width.generator = layer._random_generator
        return _seeded(tf.function(layer), (layer._random_generator,))


class FourierMix(KerasCvAugmentation):
    """Mix each spectrogram with another of the batch by a mask with smooth edges (FMix, arXiv:2002.12047).

    The share that is kept is drawn from a Beta(``alpha``, ``alpha``) distribution for each item; labels are mixed
    by the same share. ``decay`` is how fast high frequencies vanish from the mask: the higher, the smoother.
    """

    name = "fourier-mix"

    def __init__(
        self,
        *,
        alpha: Annotated[float, Field(gt=0, le=10)] = 0.5,
        decay: Annotated[float, Field(ge=0, le=10)] = 3.0,
    ) -> None:
        self.alpha = alpha
        self.decay = decay

    def apply_batch(self, inputs: np.ndarray, targets: np.ndarray, rng: np.random.Generator) -> Batch:
        """Return mixed inputs; a target's share of the other is the share of pixels that came from it."""
        import numpy as np

        partner = rng.permutation(len(inputs))
        shares = rng.beta(self.alpha, self.alpha, len(inputs))
        sizes = np.tile(np.array(inputs.shape[1:3], np.int32), (len(inputs), 1))
        smooth = _each(self._smooth, sizes, rng)
        kept = np.stack([_highest(each, share) for each, share in zip(smooth, shares, strict=True)])[
            ..., None
        ]
        weight = kept.mean(axis=(1, 2), dtype=np.float32)
        mixed: np.ndarray = weight * targets + (1 - weight) * targets[partner]
        return np.where(kept, inputs, inputs[partner]), mixed

    @cached_property
    def _smooth(self) -> Draw:
        import tensorflow as tf

        layer = self._layers().layers.FourierMix(seed=0, dtype="float32")

        @tf.function
        def smooth(size: Any) -> Any:
            height, width = size[0], size[1]
            frequencies = layer._apply_fftfreq(height, width)
            drawn = layer._get_spectrum(frequencies, self.decay, 1, height, width)
            # keras-cv takes the first two rows of the spectrum for its real and its imaginary part; then all
            # masks have the same single wave along the other axis.
            spectrum = tf.complex(drawn[..., 0], drawn[..., 1])
            return tf.signal.irfft2d(spectrum, size)[0]

        return _seeded(smooth, (layer._random_generator,))


def _highest(image: np.ndarray, share: float) -> np.ndarray:
    """Return where the highest values of an image are, ``share`` of its pixels."""
    import numpy as np

    count = round(share * image.size)
    found = np.zeros(image.size, bool)
    found[np.argpartition(-image, min(count, image.size - 1), axis=None)[:count]] = True
    return found.reshape(image.shape)


def _each(draw: Draw, values: np.ndarray, rng: np.random.Generator) -> Any:
    """Return what ``draw`` makes of each value by a seed of its own."""
    import numpy as np
    import tensorflow as tf

    seeds = rng.integers(2**31 - 1, size=len(values))
    with tf.device("cpu:0"):
        drawn = [draw(tf.constant(value), int(seed)) for value, seed in zip(values, seeds, strict=True)]
    return np.stack(drawn)


def _seeded(function: Callable[..., Any], generators: tuple[Any, ...]) -> Draw:
    """Return ``function`` with a seed as its second argument, to which the generators are set."""

    def draw(value: Any, seed: int) -> np.ndarray:
        for offset, generator in enumerate(generators):
            generator.reset_from_seed(seed + offset)
        drawn: np.ndarray = function(value).numpy()
        return drawn

    return draw


def _uniform(keras_cv: Any, lowest: float, highest: float) -> Any:
    """Return a sampler of factors that draws from the generator that it will be given."""

    class Uniform(keras_cv.core.FactorSampler):
        generator: Any = None

        def __call__(self, shape: Any = (), dtype: str = "float32") -> Any:
            return self.generator.uniform(shape, lowest, highest, dtype=dtype)

    return Uniform()


def _check_order(smallest: float, largest: float) -> None:
    if smallest > largest:
        raise ValueError(f"'smallest' ({smallest:g}) is above 'largest' ({largest:g})")


def _wrong_backend(backend: str) -> str:
    return (
        ""
        if backend == "tensorflow"
        else f"keras-cv's layers need the TensorFlow backend, and KERAS_BACKEND is '{backend}'"
    )
