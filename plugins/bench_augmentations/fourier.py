"""FMix: items of a training batch mixed by masks of low-frequency noise, on any backend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from benchmark import Augmentation

if TYPE_CHECKING:
    import numpy as np

Batch = tuple["np.ndarray", "np.ndarray"]


class FourierMix(Augmentation):
    """Mix each spectrogram with another of the batch by a mask with smooth edges (FMix, arXiv:2002.12047).

    The share that is kept is drawn from a Beta(``alpha``, ``alpha``) distribution for each item; labels are mixed
    by the share of pixels that it came to. ``decay`` is how fast high frequencies vanish from the mask: the higher,
    the smoother.
    """

    name = "fourier-mix"
    acts_on = "batch"
    dimensions = frozenset({3})

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
        height, width = inputs.shape[1:3]
        kept = np.stack([_highest(self.landscape(height, width, rng), share) for share in shares])[..., None]
        weight = kept.mean(axis=(1, 2), dtype=np.float32)
        mixed: np.ndarray = weight * targets + (1 - weight) * targets[partner]
        return np.where(kept, inputs, inputs[partner]), mixed

    def landscape(self, height: int, width: int, rng: np.random.Generator) -> np.ndarray:
        """Return smooth noise, shape (height, width), of which the highest places are kept (equations 4 and 5).

        The spectrum is Gaussian, both parts of each number, and divided by its frequency to the power of ``decay``;
        a frequency is at least that of one wave along the longer side.
        """
        import numpy as np

        frequencies = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :])
        drawn = rng.standard_normal((2, *frequencies.shape))
        spectrum = (drawn[0] + 1j * drawn[1]) / np.maximum(frequencies, 1 / max(height, width)) ** self.decay
        return np.fft.irfft2(spectrum, (height, width))


def _highest(image: np.ndarray, share: float) -> np.ndarray:
    """Return where the highest values of an image are, ``share`` of its pixels."""
    import numpy as np

    count = round(share * image.size)
    mask = np.zeros(image.size, bool)
    mask[np.argpartition(-image, min(count, image.size - 1), axis=None)[:count]] = True
    return mask.reshape(image.shape)
