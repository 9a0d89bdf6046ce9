"""What lossy formats do to sound, as copies of training items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from benchmark import SAMPLE_RATE, Augmentation

if TYPE_CHECKING:
    import numpy as np

Bitrate = Literal[8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160]
Quality = Annotated[float, Field(ge=0, le=1)]
# libsndfile takes a constant bit rate as a place between the highest and the lowest of MPEG-2, Layer III; it must be
# below 1, and is rounded to the next rate.
HIGHEST, LOWEST = 160, 8
# LAME begins 576 samples late and every decoder 529, which decoders take out where a frame holds the header that says
# so: from 56 kbit/s.
DELAY = 576 + 529


class Codec(Augmentation):
    """Encode and decode the clip, by libsndfile: each bit rate of MP3 and each quality of Ogg Vorbis makes one copy.

    ``mp3`` are constant bit rates in kbit/s (LAME; MPEG-2, Layer III), ``ogg`` qualities from 0 to 1. A copy is as long
    as the clip and in time with it.
    """

    name = "codec"
    acts_on = "waveform"

    def __init__(
        self,
        *,
        mp3: list[Bitrate] = [32, 96],  # noqa: B006
        ogg: list[Quality] = [],  # noqa: B006
    ) -> None:
        if not mp3 and not ogg:
            raise ValueError("'mp3' and 'ogg' are both empty: there is nothing to encode")
        self.mp3 = mp3
        self.ogg = ogg

    def copies(self) -> list[dict[str, Any]]:
        """Return one copy per bit rate and per quality."""
        return [{"mp3": bitrate} for bitrate in self.mp3] + [{"ogg": quality} for quality in self.ogg]

    def apply(self, data: np.ndarray, rng: np.random.Generator, **settings: Any) -> np.ndarray:
        """Return the clip as it is heard after encoding; nothing is drawn."""
        import io

        import numpy as np
        import soundfile

        if not len(data):
            return data.copy()
        file = io.BytesIO()
        with soundfile.SoundFile(file, "w", SAMPLE_RATE, 1, **_encoder(settings)) as sound:
            # In one piece, a long recording overflows the stack of the Vorbis encoder.
            for start in range(0, len(data), SAMPLE_RATE):
                sound.write(data[start : start + SAMPLE_RATE])
        decoded, _ = soundfile.read(io.BytesIO(file.getvalue()), dtype="float32")
        first = DELAY if len(decoded) > len(data) else 0
        kept: np.ndarray = decoded[first : first + len(data)]
        return np.pad(kept, (0, len(data) - len(kept)))

    def unavailable(self) -> str:
        """Return that libsndfile lacks an encoder, if it does."""
        import numpy as np
        import soundfile

        silence = np.zeros(SAMPLE_RATE, np.float32)
        try:
            for settings in self.copies():
                self.apply(silence, np.random.default_rng(0), **settings)
        except (soundfile.LibsndfileError, ValueError) as error:
            return (
                f"libsndfile {soundfile.__libsndfile_version__} cannot write this here ({error}); soundfile's wheels "
                "bring one that can: pip install --force-reinstall soundfile"
            )
        return ""


def _encoder(settings: dict[str, Any]) -> dict[str, Any]:
    """Return what ``soundfile.SoundFile`` takes for the settings of a copy."""
    if "ogg" in settings:
        return {"format": "OGG", "subtype": "VORBIS", "compression_level": 1 - settings["ogg"]}
    place = min((HIGHEST - settings["mp3"]) / (HIGHEST - LOWEST), 0.999)
    kind = {"format": "MP3", "subtype": "MPEG_LAYER_III"}
    return {**kind, "bitrate_mode": "CONSTANT", "compression_level": place}
