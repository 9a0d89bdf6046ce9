"""What changes the level of samples: noise beside them, less of them, or a level that they cannot pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from benchmark import Corruption

if TYPE_CHECKING:
    import numpy as np

# Below it, pink noise is white: no loudspeaker plays it, and its power would have no bound.
_LOWEST_PINK = 20.0


class Noise(Corruption):
    """Noise so many decibels below the track, by its power over the whole track; a silent track stays silent.

    ``white`` has equal power at all frequencies, ``pink`` equal power in all octaves above 20 Hz.
    """

    name = "noise"
    unit = "dB SNR"
    severities = (30, 20, 10, 5, 0)

    def __init__(self, *, colour: Literal["white", "pink"] = "white") -> None:
        self.colour = colour

    def apply(
        self, samples: np.ndarray, sample_rate: int, rng: np.random.Generator, amount: float
    ) -> np.ndarray:
        """Return the track with noise, ``amount`` decibels below it."""
        import numpy as np

        noise = rng.standard_normal(len(samples))
        if self.colour == "pink":
            frequencies = np.fft.rfftfreq(len(samples), 1 / sample_rate)
            weights = 1 / np.sqrt(np.maximum(frequencies, _LOWEST_PINK))
            noise = np.fft.irfft(np.fft.rfft(noise) * weights, len(samples))
        power = np.mean(samples.astype(np.float64) ** 2) / 10 ** (amount / 10)
        return (samples + noise * np.sqrt(power / np.mean(noise**2))).astype(np.float32)


class Gain(Corruption):
    """The track so many decibels softer, stored in 16 bits as files are: what is softer than a step is lost.

    Features that refer to a track's own loudest point hardly notice.
    """

    name = "gain"
    unit = "dB"
    severities = (-6, -12, -20, -30, -40)

    def apply(
        self, samples: np.ndarray, sample_rate: int, rng: np.random.Generator, amount: float
    ) -> np.ndarray:
        """Return the track, ``amount`` decibels louder (softer, where below 0)."""
        import numpy as np

        steps = 2.0**15
        changed = np.round(samples * 10 ** (amount / 20) * steps) / steps
        return changed.astype(np.float32)


class Clipping(Corruption):
    """A level that samples cannot pass: so many per cent of them, the loudest, are held at it."""

    name = "clipping"
    unit = "% of samples"
    severities = (1, 5, 10, 25, 50)

    def apply(
        self, samples: np.ndarray, sample_rate: int, rng: np.random.Generator, amount: float
    ) -> np.ndarray:
        """Return the track with ``amount`` per cent of its samples clipped."""
        import numpy as np

        level = np.float32(np.quantile(np.abs(samples), 1 - amount / 100))
        return np.clip(samples, -level, level)
