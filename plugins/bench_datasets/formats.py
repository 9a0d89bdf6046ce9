"""Audio formats that lose something, by libsndfile, in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from benchmark import SAMPLE_RATE, AudioFormat

if TYPE_CHECKING:
    import numpy as np

# libsndfile takes a constant bit rate as a place between the highest and the lowest of MPEG-2, Layer III.
HIGHEST, LOWEST = 160, 8
# LAME begins 576 samples late and every decoder 529. A header says so, and decoders take both out; below 56 kbit/s
# a frame is too small for that header.
DELAY = 576 + 529


class Encoded(AudioFormat):
    """Base: encodes and decodes by libsndfile, as ``settings`` say."""

    container: ClassVar[str]
    codec: ClassVar[str]

    @property
    def settings(self) -> dict[str, Any]:
        """Return what ``soundfile.SoundFile`` takes beside the container and the codec."""
        raise NotImplementedError

    def unavailable(self) -> str:
        """Return that libsndfile lacks the encoder, if it does."""
        import numpy as np
        import soundfile

        try:
            self.encode(np.zeros(SAMPLE_RATE, np.float32), SAMPLE_RATE)
        except (soundfile.LibsndfileError, ValueError) as error:
            return (
                f"libsndfile {soundfile.__libsndfile_version__} cannot write {self.container} ({self.codec}) here "
                f"({error}); soundfile's wheels bring one that can: pip install --force-reinstall soundfile"
            )
        return ""

    def encode(self, samples: np.ndarray, sample_rate: int) -> bytes:
        """Return the content of a file with one channel."""
        import io

        import soundfile

        file = io.BytesIO()
        kind = {"format": self.container, "subtype": self.codec}
        with soundfile.SoundFile(file, "w", sample_rate, 1, **kind, **self.settings) as sound:
            # In one piece, a long recording overflows the stack of the Vorbis encoder.
            for start in range(0, len(samples), sample_rate):
                sound.write(samples[start : start + sample_rate])
        return file.getvalue()

    def apply(self, samples: np.ndarray, sample_rate: int) -> np.ndarray:
        """Return the samples encoded and decoded."""
        import io

        import soundfile

        decoded: np.ndarray
        decoded, _ = soundfile.read(io.BytesIO(self.encode(samples, sample_rate)), dtype="float32")
        first = DELAY if len(decoded) > len(samples) else 0
        return decoded[first : first + len(samples)]


class Mp3(Encoded):
    """MP3 by LAME, at a constant ``bitrate`` in kbit/s (one channel at 22,050 Hz: MPEG-2, Layer III)."""

    name = "mp3"
    container, codec = "MP3", "MPEG_LAYER_III"

    def __init__(
        self, *, bitrate: Literal[8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160] = 128
    ) -> None:
        self.bitrate = bitrate

    @property
    def settings(self) -> dict[str, Any]:
        """Return the bit rate as libsndfile takes it; its place must be below 1, and is rounded to the next rate."""
        place = (HIGHEST - self.bitrate) / (HIGHEST - LOWEST)
        return {"bitrate_mode": "CONSTANT", "compression_level": min(place, 0.999)}


class Ogg(Encoded):
    """Ogg Vorbis, of a ``quality`` from 0 (about 32 kbit/s at 22,050 Hz) to 1 (about 90); the bit rate varies."""

    name = "ogg"
    container, codec = "OGG", "VORBIS"

    def __init__(self, *, quality: Annotated[float, Field(ge=0, le=1)] = 0.5) -> None:
        self.quality = quality

    @property
    def settings(self) -> dict[str, Any]:
        """Return the quality as libsndfile takes it."""
        return {"compression_level": 1 - self.quality}
