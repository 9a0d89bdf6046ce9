"""What happens to sound on its way to a listener: noise, loudness, rooms. On waveforms, each value makes one copy."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from benchmark import SAMPLE_RATE, Augmentation, File, PluginError

if TYPE_CHECKING:
    import numpy as np

Decibels = Annotated[float, Field(ge=-60, le=60)]
Seconds = Annotated[float, Field(ge=0.05, le=10)]
DRAWN_ROOMS = [0.4, 1.2]
# Sound that comes within this time of the loudest counts as direct, as in measures of the direct-to-reverberant ratio.
DIRECT = 0.0025
SOUNDS = (".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff")


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
    direct sound. Or it is drawn, evenly, from measured ``responses``, an impulse response or a folder of them, for each
    of so many ``copies``; what follows the direct sound, its loudest sample and 2.5 ms, is brought to ``wet`` as well.
    Responses count by their content.
    """

    name = "reverb"
    acts_on = "waveform"

    def __init__(
        self,
        *,
        seconds: Annotated[list[Seconds], Field(min_length=1)] = DRAWN_ROOMS,
        wet: Annotated[float, Field(gt=0, le=10)] = 0.5,
        responses: Annotated[str | None, File(folder=True)] = None,
        copies: Annotated[int, Field(gt=0)] = 1,
    ) -> None:
        if responses is None and copies != 1:
            raise ValueError("'copies' is for 'responses'; of drawn rooms each of 'seconds' makes a copy")
        if responses is not None and seconds != DRAWN_ROOMS:
            raise ValueError("'seconds' is of rooms that are drawn, and 'responses' gives rooms")
        self.seconds = seconds
        self.wet = wet
        self.responses = None if responses is None else Path(responses)
        self.count = copies

    def copies(self) -> list[dict[str, Any]]:
        """Return one copy per reverberation time, or numbered ones; each is in a room of its own."""
        if self.responses is None:
            return [{"seconds": seconds} for seconds in self.seconds]
        return [{"copy": number} for number in range(self.count)]

    def apply(self, data: np.ndarray, rng: np.random.Generator, **settings: Any) -> np.ndarray:
        """Return the clip in a room, as long as before."""
        import numpy as np
        from scipy.signal import fftconvolve

        room = self.measured(rng) if self.responses else self.room(settings["seconds"], rng)
        tail = fftconvolve(data, room)[: len(data)]
        return (data + tail).astype(np.float32)

    def room(self, seconds: float, rng: np.random.Generator) -> np.ndarray:
        """Return an impulse response without its direct sound, shape (n,), of energy ``wet``."""
        import numpy as np

        time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
        decay = rng.standard_normal(len(time)) * 10 ** (-3 * time / seconds)
        return decay * np.sqrt(self.wet / np.sum(decay**2))

    def measured(self, rng: np.random.Generator) -> np.ndarray:
        """Return one of the responses as ``room`` does, at its distance from the direct sound.

        Raises:
            PluginError: when there is none, or when the one that is drawn cannot be used.
        """
        import numpy as np

        files = self._files()
        tail = _tail(files[int(rng.integers(len(files)))])
        return tail * np.sqrt(self.wet)

    def unavailable(self) -> str:
        """Return what is wrong with the responses, or nothing."""
        if self.responses is None:
            return ""
        try:
            for file in self._files():
                _tail(file)
        except PluginError as error:
            return str(error).rstrip(".")
        return ""

    def _files(self) -> list[Path]:
        """Return the sound files of the folder in the order of their names."""
        assert self.responses is not None
        if not self.responses.is_dir():
            return [self.responses]
        files = [
            file
            for file in sorted(self.responses.rglob("*"))
            if file.suffix.lower() in SOUNDS
            and not any(part.startswith(".") for part in file.relative_to(self.responses).parts)
        ]
        if not files:
            raise PluginError(f"The folder {self.responses} holds no impulse response ({', '.join(SOUNDS)}).")
        return files


def _tail(file: Path) -> np.ndarray:
    """Return what ``_read_tail`` does, read once while the file stays as it is."""
    try:
        state = file.stat()
    except OSError as error:
        raise PluginError(f"The impulse response {file} cannot be read ({error.strerror}).") from error
    return _read_tail(file, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=256)
def _read_tail(file: Path, size: int, modified: int) -> np.ndarray:
    """Return what an impulse response has after its direct sound, of energy 1, from the direct sound on: shape (n,).

    Of several channels the first counts.
    """
    import numpy as np
    import soundfile
    import soxr

    try:
        response, rate = soundfile.read(file, dtype="float64", always_2d=True)
    except (OSError, soundfile.LibsndfileError) as error:
        raise PluginError(f"The impulse response {file} cannot be read ({error}).") from error
    heard = response[:, 0]
    if len(heard) and np.isfinite(heard).all():
        heard = soxr.resample(heard, rate, SAMPLE_RATE, quality="HQ")
        tail = heard[int(np.argmax(np.abs(heard))) :].copy()
        tail[: round(DIRECT * SAMPLE_RATE)] = 0
        energy = np.sum(tail**2)
        if energy > 0:
            scaled: np.ndarray = tail / np.sqrt(energy)
            return scaled
    raise PluginError(f"The impulse response {file} has no sound after its first {DIRECT * 1000:g} ms.")
