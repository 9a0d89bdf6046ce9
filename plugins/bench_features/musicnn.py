"""The input of musicnn, as its authors computed it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from benchmark import Features

if TYPE_CHECKING:
    import numpy as np

SAMPLE_RATE, N_FFT, HOP, BANDS = 16_000, 512, 256, 96
SMALL = 40


class MusicnnMel(Features):
    """Logarithmic mel spectrogram of musicnn: log10(1 + 10,000 mel), 96 bands at 16 kHz, frames of 32 ms every 16 ms.

    Source: Pons & Serra (2019), *musicnn: pre-trained convolutional neural networks for music audio tagging*, and the
    authors' ``extractor.py``. A clip is cut or filled up with silence to ``frames``, of which 187 are 3 s, what the
    published networks were trained on.
    """

    name = "musicnn-mel"

    def __init__(self, *, frames: Annotated[int, Field(gt=0)] = 187) -> None:
        self.frames = frames

    @classmethod
    def rehearsal(cls, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return the same with few frames."""
        return {**parameters, "frames": min(SMALL, parameters["frames"])}

    @property
    def shape(self) -> tuple[int, int, int]:
        """96 bands, frames, one channel."""
        return (BANDS, self.frames, 1)

    @property
    def dtype(self) -> str:
        """The values are not scaled: 0 is silence, and loud music reaches about 4."""
        return "float32"

    def compute(self, samples: np.ndarray, sample_rate: int, *, reference_length: int) -> np.ndarray:
        """Return the spectrogram, the highest band first."""
        import librosa
        import numpy as np
        import soxr

        heard = soxr.resample(samples, sample_rate, SAMPLE_RATE, quality="HQ")
        mel = librosa.feature.melspectrogram(
            y=np.pad(heard, (0, max(0, N_FFT - len(heard)))),
            sr=SAMPLE_RATE,
            n_fft=N_FFT,
            hop_length=HOP,
            n_mels=BANDS,
        )[::-1, : self.frames]
        filled = np.pad(mel, ((0, 0), (0, self.frames - mel.shape[1])))
        return np.log10(1 + 10_000 * filled).astype(np.float32)[:, :, None]
