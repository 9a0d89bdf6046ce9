"""The contract of an audio format: what recordings sound like once they have been stored in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmark.plugin.component import Component

if TYPE_CHECKING:
    import numpy as np


class AudioFormat(Component):
    """A pure function from a waveform to what is left of it after encoding and decoding.

    A cell's ``audio`` format is applied to every track of its dataset, for training and evaluation alike, before
    tracks are cut into clips and augmented. Evaluation sets from other datasets stay as they are.
    """

    kind = "audio"

    def apply(self, samples: np.ndarray, sample_rate: int) -> np.ndarray:
        """Return what a whole track sounds like in this format.

        Args:
            samples: float32 in about -1..1, shape (n,), mono; must not be changed.
            sample_rate: in Hz; ``SAMPLE_RATE`` in all of the harness.

        Returns:
            Samples, float32, shape (n,), in time with those given: a delay of the encoder is taken out.
        """
        raise NotImplementedError
