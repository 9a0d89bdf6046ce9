"""What lossy formats leave of a track."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmark import SAMPLE_RATE, Corruption

if TYPE_CHECKING:
    import numpy as np

# libsndfile takes a constant bit rate as a place between the highest and the lowest of MPEG-2, Layer III; it must be
# below 1, and is rounded to the next rate.
HIGHEST, LOWEST = 160, 8
# LAME begins 576 samples late and every decoder 529, which decoders take out where a frame holds the header that says
# so: from 56 kbit/s.
DELAY = 576 + 529


class Mp3(Corruption):
    """MP3 by LAME at a constant bit rate (one channel at 22,050 Hz: MPEG-2, Layer III), decoded again, in time."""

    name = "mp3"
    unit = "kbit/s"
    severities = (64, 40, 24, 16, 8)

    def apply(
        self, samples: np.ndarray, sample_rate: int, rng: np.random.Generator, amount: float
    ) -> np.ndarray:
        """Return what is left of the track at ``amount`` kbit/s; nothing is drawn."""
        import io

        import numpy as np
        import soundfile

        decoded: np.ndarray
        decoded, _ = soundfile.read(io.BytesIO(self.encode(samples, sample_rate, amount)), dtype="float32")
        first = DELAY if len(decoded) > len(samples) else 0
        kept = decoded[first : first + len(samples)]
        return np.pad(kept, (0, len(samples) - len(kept)))

    def encode(self, samples: np.ndarray, sample_rate: int, amount: float) -> bytes:
        """Return the content of a file of ``amount`` kbit/s."""
        import io

        import soundfile

        file = io.BytesIO()
        place = min((HIGHEST - amount) / (HIGHEST - LOWEST), 0.999)
        with soundfile.SoundFile(
            file, "w", sample_rate, 1, format="MP3", subtype="MPEG_LAYER_III", bitrate_mode="CONSTANT",
            compression_level=place,
        ) as sound:  # fmt: skip
            sound.write(samples)
        return file.getvalue()

    def unavailable(self) -> str:
        """Return that libsndfile lacks the encoder, if it does."""
        import numpy as np
        import soundfile

        try:
            self.encode(np.zeros(SAMPLE_RATE, np.float32), SAMPLE_RATE, LOWEST)
        except (soundfile.LibsndfileError, ValueError) as error:
            return (
                f"libsndfile {soundfile.__libsndfile_version__} cannot write MP3 here ({error}); soundfile's wheels "
                "bring one that can: pip install --force-reinstall soundfile"
            )
        return ""
