"""What happens to a track over time: it is played faster, higher, or with gaps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from benchmark import Corruption

if TYPE_CHECKING:
    import numpy as np


class Speed(Corruption):
    """The track played so many per cent faster, as a turntable does it: it gets shorter and higher."""

    name = "speed"
    unit = "% faster"
    severities = (3, 8, 15, 25, 40)

    def apply(
        self, samples: np.ndarray, sample_rate: int, rng: np.random.Generator, amount: float
    ) -> np.ndarray:
        """Return the track ``amount`` per cent faster; nothing is drawn."""
        import numpy as np
        import soxr

        return np.asarray(soxr.resample(samples, 1 + amount / 100, 1.0, quality="HQ"), np.float32)


class Pitch(Corruption):
    """The track so many semitones higher, at the same speed."""

    name = "pitch"
    unit = "semitones"
    severities = (0.5, 1, 2, 3, 5)

    def apply(
        self, samples: np.ndarray, sample_rate: int, rng: np.random.Generator, amount: float
    ) -> np.ndarray:
        """Return the track ``amount`` semitones higher, as long as before; nothing is drawn."""
        from audiomentations import PitchShift

        shifted: np.ndarray = PitchShift(min_semitones=amount, max_semitones=amount, p=1.0)(
            samples, sample_rate
        )
        return shifted


class SilenceGaps(Corruption):
    """Gaps of ``seconds`` each, so many per cent of the track in all; graver severities have those of milder ones."""

    name = "silence-gaps"
    unit = "% silent"
    severities = (5, 10, 20, 35, 50)

    def __init__(self, *, seconds: Annotated[float, Field(gt=0, le=10)] = 0.25) -> None:
        self.seconds = seconds

    def apply(
        self, samples: np.ndarray, sample_rate: int, rng: np.random.Generator, amount: float
    ) -> np.ndarray:
        """Return the track with ``amount`` per cent of it silent, at places that are drawn."""
        import numpy as np

        changed = samples.copy()
        length = max(1, round(self.seconds * sample_rate))
        left = round(len(samples) * amount / 100)
        for start in rng.permutation(np.arange(0, len(samples), length)):
            silent = changed[start : start + min(length, left)]
            silent[:] = 0
            left -= len(silent)
        return changed
