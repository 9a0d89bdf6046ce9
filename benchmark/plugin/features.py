"""The contract of features: what a waveform becomes before a model sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from benchmark.plugin.component import Component

if TYPE_CHECKING:
    import numpy as np


class Features(Component):
    """A pure function from a waveform to an array of one fixed shape.

    The shape of an image is (height = frequency, low at the bottom i.e. row 0 is the *highest* band, width = time,
    channels), of a sequence (steps in time, values), of a vector, such as an embedding or the samples themselves,
    (values,). Models and augmentations say which of these they take.

    ``dtype`` is ``"uint8"`` (0..255, models receive value / 255) or ``"float32"`` (models receive the value itself,
    expected within about 0..1).
    """

    kind = "features"
    # What statistics that the features use (a mean and a deviation, say) were computed from. They are made of one track
    # at a time, so 'training' is for statistics that come with the plugin; 'everything' makes each result leaky.
    fitted_on: ClassVar[Literal["nothing", "training", "everything"]] = "nothing"

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the one, two or three lengths of what ``compute`` returns."""
        raise NotImplementedError

    @property
    def dtype(self) -> str:
        """Return ``"uint8"`` or ``"float32"``."""
        return "uint8"

    def compute(self, samples: np.ndarray, sample_rate: int, *, reference_length: int) -> np.ndarray:
        """Return the features of one clip.

        Args:
            samples: float32 in -1..1, shape (n,), mono.
            sample_rate: in Hz; ``SAMPLE_RATE`` in all of the harness.
            reference_length: samples of the clip before any augmentation, for features that crop or pad a
                stretched clip to its original length.

        Returns:
            An array of ``shape`` and ``dtype``.
        """
        raise NotImplementedError
