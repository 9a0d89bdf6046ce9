"""Augmentations of the waveform, by audiomentations; each value makes one fixed copy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from benchmark import SAMPLE_RATE, Augmentation

if TYPE_CHECKING:
    import numpy as np

Rate = Annotated[float, Field(ge=0.1, le=10)]
Semitones = Annotated[float, Field(ge=-24, le=24)]


class TimeStretch(Augmentation):
    """Change the speed and not the pitch: a rate of 1.25 makes a clip 1.25 times as fast, and shorter."""

    name = "time-stretch"
    acts_on = "waveform"

    def __init__(self, *, rates: Annotated[list[Rate], Field(min_length=1)] = [1.25, 0.85]) -> None:  # noqa: B006
        self.rates = rates

    def copies(self) -> list[dict[str, Any]]:
        """Return one copy per rate."""
        return [{"rate": rate} for rate in self.rates]

    def apply(self, data: np.ndarray, rng: np.random.Generator, **settings: Any) -> np.ndarray:
        """Return the stretched clip, its length divided by the rate."""
        from audiomentations import TimeStretch as Transform

        rate = settings["rate"]
        return Transform(min_rate=rate, max_rate=rate, leave_length_unchanged=False, p=1.0)(data, SAMPLE_RATE)


class PitchShift(Augmentation):
    """Change the pitch and not the speed, by semitones."""

    name = "pitch-shift"
    acts_on = "waveform"

    def __init__(self, *, semitones: Annotated[list[Semitones], Field(min_length=1)] = [2, -1]) -> None:  # noqa: B006
        self.semitones = semitones

    def copies(self) -> list[dict[str, Any]]:
        """Return one copy per shift."""
        return [{"semitones": semitones} for semitones in self.semitones]

    def apply(self, data: np.ndarray, rng: np.random.Generator, **settings: Any) -> np.ndarray:
        """Return the shifted clip, as long as before."""
        from audiomentations import PitchShift as Transform

        semitones = settings["semitones"]
        return Transform(min_semitones=semitones, max_semitones=semitones, p=1.0)(data, SAMPLE_RATE)
