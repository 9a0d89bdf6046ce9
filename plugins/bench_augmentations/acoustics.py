"""What happens to sound on its way to a listener: noise, loudness, rooms. On waveforms, each value makes one copy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from benchmark import Augmentation

if TYPE_CHECKING:
    import numpy as np

SAMPLE_RATE = 22_050
Decibels = Annotated[float, Field(ge=-60, le=60)]
Seconds = Annotated[float, Field(ge=0.05, le=10)]


class Noise(Augmentation):
    """Add noise, ``snr`` decibels below the clip: by its power over the whole clip.

    ``white`` has equal power at all frequencies, ``pink`` equal power in all octaves above 20 Hz.
    """

    name = "noise"
    acts_on = "waveform"

    def __init__(
        self,
        *,
        snr: Annotated[list[Decibels], Field(min_length=1)] = [20, 10],  # noqa: B006
        colour: Literal["white", "pink"] = "white",
    ) -> None:
        self.snr = snr
        self.colour = colour

    def copies(self) -> list[dict[str, Any]]:
        """Return one copy per ratio."""
        return [{"snr": snr} for snr in self.snr]

    def apply(self, data: np.ndarray, rng: np.random.Generator, **settings: Any) -> np.ndarray:
        """Return the clip with noise; a silent clip stays silent."""
        import numpy as np

        noise = rng.standard_normal(len(data))
        if self.colour == "pink":
            frequencies = np.fft.rfftfreq(len(data), 1 / SAMPLE_RATE)
            noise = np.fft.irfft(np.fft.rfft(noise) / np.sqrt(np.maximum(frequencies, 20.0)), len(data))
        wanted = np.mean(data.astype(np.float64) ** 2) / 10 ** (settings["snr"] / 10)
        return (data + noise * np.sqrt(wanted / np.mean(noise**2))).astype(np.float32)


class Gain(Augmentation):
    """Change the loudness by decibels. Features that refer to a clip's own loudest point do not notice."""

    name = "gain"
    acts_on = "waveform"

    def __init__(self, *, decibels: Annotated[list[Decibels], Field(min_length=1)] = [-6, 6]) -> None:  # noqa: B006
        self.decibels = decibels

    def copies(self) -> list[dict[str, Any]]:
        """Return one copy per value."""
        return [{"decibels": decibels} for decibels in self.decibels]

    def apply(self, data: np.ndarray, rng: np.random.Generator, **settings: Any) -> np.ndarray:
        """Return the clip, louder or softer, and not clipped."""
        import numpy as np

        return (data * np.float32(10 ** (settings["decibels"] / 20))).astype(np.float32)


class Reverb(Augmentation):
    """Play the clip in a room whose reverberation falls by 60 dB in so many ``seconds``.

    The room is drawn for each clip: noise that decays exponentially (Moorer 1979), of ``wet`` times the energy of the
    direct sound.
    """

    name = "reverb"
    acts_on = "waveform"

    def __init__(
        self,
        *,
        seconds: Annotated[list[Seconds], Field(min_length=1)] = [0.4, 1.2],  # noqa: B006
        wet: Annotated[float, Field(gt=0, le=10)] = 0.5,
    ) -> None:
        self.seconds = seconds
        self.wet = wet

    def copies(self) -> list[dict[str, Any]]:
        """Return one copy per reverberation time."""
        return [{"seconds": seconds} for seconds in self.seconds]

    def apply(self, data: np.ndarray, rng: np.random.Generator, **settings: Any) -> np.ndarray:
        """Return the clip in a room, as long as before."""
        import numpy as np
        from scipy.signal import fftconvolve

        tail = fftconvolve(data, self.room(settings["seconds"], rng))[: len(data)]
        return (data + tail).astype(np.float32)

    def room(self, seconds: float, rng: np.random.Generator) -> np.ndarray:
        """Return an impulse response without its direct sound, shape (n,), of energy ``wet``."""
        import numpy as np

        time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
        decay = rng.standard_normal(len(time)) * 10 ** (-3 * time / seconds)
        return decay * np.sqrt(self.wet / np.sum(decay**2))
