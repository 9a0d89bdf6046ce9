"""Spectrograms in decibels, as one-channel images: low frequencies at the bottom, time to the right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from benchmark import Features

if TYPE_CHECKING:
    import numpy as np

Positive = Annotated[int, Field(gt=0)]
Size = Annotated[list[Positive], Field(min_length=2, max_length=2, description="height, width in pixels")]
SMALL = 32
DType = Literal["uint8", "float32"]
# SciPy's windows that take no parameters.
Window = Literal[
    "hann", "hamming", "blackman", "bartlett", "boxcar", "nuttall", "blackmanharris", "flattop", "parzen", "bohman",
    "triang", "cosine", "barthann", "lanczos",
]  # fmt: skip
NYQUIST = 11_025


class Image(Features):
    """Features that are an image of one channel, ``size`` in pixels (height, width)."""

    def __init__(self, size: list[int], dtype: DType) -> None:
        self.size = size
        self._dtype = dtype

    @classmethod
    def rehearsal(cls, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return the same with a small image."""
        return {**parameters, "size": [min(length, SMALL) for length in parameters["size"]]}

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width, one channel."""
        return (self.size[0], self.size[1], 1)

    @property
    def dtype(self) -> str:
        """``uint8``: 255 is the highest value there is; ``float32``: the same as 1."""
        return self._dtype


class Spectrogram(Image):
    """A spectrogram in decibels below its own loudest point, cut off at ``top_db``, resized to ``size``."""

    exponent = 2.0  # of the magnitudes that ``power`` returns

    def __init__(self, size: list[int], top_db: float, dtype: DType) -> None:
        super().__init__(size, dtype)
        self.top_db = top_db

    @property
    def dtype(self) -> str:
        """``uint8``: 255 is the loudest point, 0 is ``top_db`` below it; ``float32``: the same as 1 and 0."""
        return self._dtype

    def power(self, samples: np.ndarray, sample_rate: int) -> np.ndarray:
        """Return magnitudes to the power of ``exponent``, shape (bands, frames), lowest band first."""
        raise NotImplementedError

    def decibels(self, samples: np.ndarray, sample_rate: int) -> np.ndarray:
        """Return the spectrogram in dB, -top_db..0, shape (bands, frames), lowest band first, before resizing."""
        import librosa
        import numpy as np

        power = self.power(samples, sample_rate)
        # A silent clip has no loudest point to refer to: it is all floor.
        if not power.any():
            return np.full(power.shape, -self.top_db, np.float32)
        # power_to_db takes what it is given for squared magnitudes.
        as_squares = librosa.power_to_db(power, ref=np.max, top_db=None, amin=1e-20)
        return np.maximum(as_squares * (2 / self.exponent), -self.top_db)

    def compute(self, samples: np.ndarray, sample_rate: int, *, reference_length: int) -> np.ndarray:
        """Return the image; a clip of any length fills its width."""
        return as_image(self.decibels(samples, sample_rate) / self.top_db + 1, self.size, self._dtype)


def as_image(unit: np.ndarray, size: Sequence[int], dtype: str) -> np.ndarray:
    """Return values in 0..1, shape (bands, frames) with the lowest band first, as an image (height, width, 1).

    They are resized bilinearly, the highest band on top; ``uint8`` has them as 0..255.
    """
    import numpy as np
    from PIL import Image

    height, width = size
    image = Image.fromarray(np.ascontiguousarray(unit[::-1].astype(np.float32)))
    resized = np.asarray(image.resize((width, height), Image.Resampling.BILINEAR)).clip(0, 1)
    if dtype == "uint8":
        resized = np.round(resized * 255).astype(np.uint8)
    return resized[:, :, None]


class Mel(Spectrogram):
    """Mel spectrogram in decibels (librosa): ``htk: true`` for M(f) = 2595 log10(1 + f/700), else Slaney's scale."""

    name = "mel"

    def __init__(
        self,
        *,
        size: Size = [128, 128],  # noqa: B006
        n_mels: Positive = 128,
        n_fft: Positive = 2048,
        hop_length: Positive = 512,
        win_length: Positive | None = None,
        window: Window = "hann",
        center: bool = True,
        pad_mode: Literal["constant", "reflect", "edge"] = "constant",
        power: Annotated[float, Field(gt=0)] = 2.0,
        fmin: Annotated[float, Field(ge=0)] = 0.0,
        fmax: Annotated[float, Field(gt=0)] | None = None,
        htk: bool = False,
        norm: Literal["slaney"] | None = "slaney",
        top_db: Annotated[float, Field(gt=0)] = 80.0,
        dtype: DType = "uint8",
    ) -> None:
        super().__init__(size, top_db, dtype)
        check_window(n_fft, win_length)
        if fmin >= (NYQUIST if fmax is None else fmax):
            raise ValueError(
                f"'fmin' is {fmin:g} Hz, which leaves no band below 'fmax', {fmax or NYQUIST:g} Hz"
            )
        self.exponent = power
        self.short_time: dict[str, Any] = {
            "n_fft": n_fft, "hop_length": hop_length, "win_length": win_length, "window": window, "center": center,
            "pad_mode": pad_mode,
        }  # fmt: skip
        self.bank: dict[str, Any] = {"n_mels": n_mels, "fmin": fmin, "fmax": fmax, "htk": htk, "norm": norm}

    def power(self, samples: np.ndarray, sample_rate: int) -> np.ndarray:
        """Return librosa's mel spectrogram."""
        import librosa

        return librosa.feature.melspectrogram(
            y=long_enough(samples, self.short_time["n_fft"]),
            sr=sample_rate,
            power=self.exponent,
            **self.short_time,
            **self.bank,
        )


class Stft(Spectrogram):
    """Short-time Fourier transform in decibels, on a linear frequency axis."""

    name = "stft"

    def __init__(
        self,
        *,
        size: Size = [128, 128],  # noqa: B006
        n_fft: Positive = 2048,
        hop_length: Positive = 512,
        win_length: Positive | None = None,
        window: Window = "hann",
        center: bool = True,
        top_db: Annotated[float, Field(gt=0)] = 80.0,
        dtype: DType = "uint8",
    ) -> None:
        super().__init__(size, top_db, dtype)
        check_window(n_fft, win_length)
        self.short_time: dict[str, Any] = {
            "n_fft": n_fft, "hop_length": hop_length, "win_length": win_length, "window": window, "center": center,
        }  # fmt: skip

    def power(self, samples: np.ndarray, sample_rate: int) -> np.ndarray:
        """Return squared magnitudes."""
        import librosa
        import numpy as np

        padded = long_enough(samples, self.short_time["n_fft"])
        return np.abs(librosa.stft(padded, **self.short_time)) ** 2


def check_window(n_fft: int, win_length: int | None) -> None:
    """Raise ``ValueError`` if a window is longer than what is transformed."""
    if win_length is not None and win_length > n_fft:
        raise ValueError(f"'win_length' is {win_length} and cannot be more than 'n_fft', {n_fft}")


def long_enough(samples: np.ndarray, length: int) -> np.ndarray:
    """Pad a clip that is shorter than one window."""
    import numpy as np

    return samples if len(samples) >= length else np.pad(samples, (0, length - len(samples)))
