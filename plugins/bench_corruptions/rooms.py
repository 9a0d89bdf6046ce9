"""Rooms in which tracks are played."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from benchmark import Corruption

if TYPE_CHECKING:
    import numpy as np


class Reverb(Corruption):
    """A room in which sound falls by 60 dB in so many seconds (RT60).

    The room is drawn for each track: noise that decays exponentially (Moorer 1979), of ``wet`` times the energy of the
    direct sound. What sounds on after the track's end is cut off.
    """

    name = "reverb"
    unit = "s RT60"
    severities = (0.3, 0.6, 1.0, 1.8, 3.0)

    def __init__(self, *, wet: Annotated[float, Field(gt=0, le=10)] = 1.0) -> None:
        self.wet = wet

    def apply(
        self, samples: np.ndarray, sample_rate: int, rng: np.random.Generator, amount: float
    ) -> np.ndarray:
        """Return the track in a room of ``amount`` seconds, as long as before."""
        import numpy as np
        from scipy.signal import fftconvolve

        time = np.arange(round(amount * sample_rate)) / sample_rate
        decay = rng.standard_normal(len(time)) * 10 ** (-3 * time / amount)
        room = decay * np.sqrt(self.wet / np.sum(decay**2))
        tail = fftconvolve(samples.astype(np.float64), room)[: len(samples)]
        return (samples + tail).astype(np.float32)
