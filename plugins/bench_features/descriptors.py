"""What music research describes sound by, beside spectrograms: timbre, pitch classes, pitch, and rhythm (librosa)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from bench_features.spectrograms import (
    SMALL,
    DType,
    Image,
    Positive,
    Size,
    Spectrogram,
    as_image,
    long_enough,
)
from benchmark import Features

if TYPE_CHECKING:
    import numpy as np

CHROMA = 12
DELTA_WIDTH = 9  # frames that a difference is fitted to


class Mfcc(Features):
    """Mel frequency cepstral coefficients (Davis & Mermelstein 1980), and their first and second differences.

    They are the orthonormal cosine transform of the mel spectrogram in decibels below the clip's loudest point, where
    ``top_db`` below it is 0 and the loudest point 1, divided by the root of ``n_mels``: the lowest one is then the mean
    of that spectrogram. Rows are coefficients, the lowest at the bottom; channels are values and differences.
    """

    name = "mfcc"

    def __init__(
        self,
        *,
        coefficients: Annotated[int, Field(gt=1)] = 20,
        width: Positive = 128,
        deltas: bool = True,
        n_mels: Positive = 128,
        n_fft: Positive = 2048,
        hop_length: Positive = 512,
        top_db: Annotated[float, Field(gt=0)] = 80.0,
    ) -> None:
        if coefficients > n_mels:
            raise ValueError(f"'coefficients' is {coefficients} and cannot be more than 'n_mels', {n_mels}")
        self.coefficients = coefficients
        self.width = width
        self.deltas = deltas
        self.top_db = top_db
        self.mel: dict[str, Any] = {"n_mels": n_mels, "n_fft": n_fft, "hop_length": hop_length}

    @classmethod
    def rehearsal(cls, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return the same with few frames."""
        return {**parameters, "width": min(SMALL, parameters["width"])}

    @property
    def shape(self) -> tuple[int, int, int]:
        """Coefficients, frames, and one channel or three."""
        return (self.coefficients, self.width, 3 if self.deltas else 1)

    @property
    def dtype(self) -> str:
        """The lowest coefficient lies in 0..1, the others about 0."""
        return "float32"

    def compute(self, samples: np.ndarray, sample_rate: int, *, reference_length: int) -> np.ndarray:
        """Return the coefficients; a clip of any length fills the width."""
        import numpy as np

        values = self.cepstrum(samples, sample_rate)
        channels = [values]
        if self.deltas:
            channels += [_differences(values, order) for order in (1, 2)]
        return np.stack([_resized(channel, self.width)[::-1] for channel in channels], axis=-1).astype(
            np.float32
        )

    def cepstrum(self, samples: np.ndarray, sample_rate: int) -> np.ndarray:
        """Return the coefficients of each frame, shape (coefficients, frames), the lowest first."""
        import librosa
        import numpy as np
        from scipy.fft import dct

        padded = long_enough(samples, self.mel["n_fft"])
        power = librosa.feature.melspectrogram(y=padded, sr=sample_rate, **self.mel)
        # A silent clip has no loudest point to refer to: it is all floor.
        loudest = power.max() or 1.0
        decibels = librosa.power_to_db(power / loudest, ref=1.0, top_db=None, amin=1e-20)
        unit = np.maximum(decibels / self.top_db, -1) + 1
        return dct(unit, type=2, axis=0, norm="ortho")[: self.coefficients] / np.sqrt(len(unit))


class Chroma(Features):
    """Energy of the twelve pitch classes, C at the bottom, each frame relative to its strongest.

    ``stft`` and ``cqt`` say what it is summed from; ``cens`` is smoothed and quantised (Müller & Ewert 2011).
    """

    name = "chroma"

    def __init__(
        self,
        *,
        width: Positive = 128,
        method: Literal["stft", "cqt", "cens"] = "cqt",
        hop_length: Positive = 512,
        dtype: DType = "uint8",
    ) -> None:
        self.width = width
        self.method = method
        self.hop_length = hop_length
        self._dtype = dtype

    @classmethod
    def rehearsal(cls, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return the same with few frames."""
        return {**parameters, "width": min(SMALL, parameters["width"])}

    @property
    def shape(self) -> tuple[int, int, int]:
        """Pitch classes, frames, one channel."""
        return (CHROMA, self.width, 1)

    @property
    def dtype(self) -> str:
        """``uint8``: 255 is the strongest pitch class of a frame; ``float32``: the same as 1."""
        return self._dtype

    def compute(self, samples: np.ndarray, sample_rate: int, *, reference_length: int) -> np.ndarray:
        """Return the chromagram; a clip of any length fills the width."""
        return as_image(self.chromagram(samples, sample_rate), (CHROMA, self.width), self._dtype)

    def chromagram(self, samples: np.ndarray, sample_rate: int) -> np.ndarray:
        """Return librosa's chromagram, shape (12, frames), 0..1."""
        import librosa
        import numpy as np

        function = getattr(librosa.feature, f"chroma_{self.method}")
        # Tuned to A = 440 Hz, so that a clip's own tuning, guessed from it, does not move its pitch classes.
        chroma = function(
            y=long_enough(samples, sample_rate // 2), sr=sample_rate, hop_length=self.hop_length, tuning=0.0
        )
        return np.nan_to_num(chroma)


class Cqt(Spectrogram):
    """Constant-Q transform (Brown 1991) in decibels: rows are equal steps of pitch, ``bins_per_octave`` of them."""

    name = "cqt"

    def __init__(
        self,
        *,
        size: Size = [84, 128],  # noqa: B006
        bins: Positive = 84,
        bins_per_octave: Positive = 12,
        fmin: Annotated[float, Field(gt=0)] = 32.703,
        hop_length: Positive = 512,
        top_db: Annotated[float, Field(gt=0)] = 80.0,
        dtype: DType = "uint8",
    ) -> None:
        super().__init__(size, top_db, dtype)
        highest = fmin * 2 ** (bins / bins_per_octave)
        if highest > 11_025:
            raise ValueError(
                f"'bins' is {bins}, of which the highest would lie at {highest:,.0f} Hz, above half the sample rate, "
                "11,025 Hz"
            )
        self.scale: dict[str, Any] = {
            "n_bins": bins, "bins_per_octave": bins_per_octave, "fmin": fmin, "hop_length": hop_length,
        }  # fmt: skip

    def power(self, samples: np.ndarray, sample_rate: int) -> np.ndarray:
        """Return squared magnitudes."""
        import librosa
        import numpy as np

        return (
            np.abs(librosa.cqt(y=long_enough(samples, sample_rate), sr=sample_rate, tuning=0.0, **self.scale))
            ** 2
        )


class Tempogram(Image):
    """Local autocorrelation of onset strength (Grosche, Müller & Kurth 2010): which periods does the music have?

    Rows are lags, the shortest at the bottom, up to ``window`` frames; each frame is relative to its own energy.
    """

    name = "tempogram"

    def __init__(
        self,
        *,
        size: Size = [96, 128],  # noqa: B006
        window: Annotated[int, Field(gt=1)] = 384,
        hop_length: Positive = 512,
        dtype: DType = "uint8",
    ) -> None:
        super().__init__(size, dtype)
        self.window = window
        self.hop_length = hop_length

    def compute(self, samples: np.ndarray, sample_rate: int, *, reference_length: int) -> np.ndarray:
        """Return the image; a clip of any length fills its width."""
        import librosa
        from librosa.onset import onset_strength

        onsets = onset_strength(y=long_enough(samples, 2048), sr=sample_rate, hop_length=self.hop_length)
        tempogram = librosa.feature.tempogram(
            onset_envelope=onsets, sr=sample_rate, hop_length=self.hop_length, win_length=self.window
        )
        return as_image(tempogram.clip(0, 1), self.size, self._dtype)


class Pcen(Image):
    """Mel spectrogram with per-channel energy normalization (Wang et al. 2017), relative to its own highest value.

    It takes loudness and steady noise out of each band: how far a band is above its own recent past. The defaults are
    librosa's, for samples of 32 bits.
    """

    name = "pcen"

    def __init__(
        self,
        *,
        size: Size = [128, 128],  # noqa: B006
        n_mels: Positive = 128,
        n_fft: Positive = 2048,
        hop_length: Positive = 512,
        gain: Annotated[float, Field(ge=0)] = 0.98,
        bias: Annotated[float, Field(ge=0)] = 2.0,
        power: Annotated[float, Field(gt=0)] = 0.5,
        time_constant: Annotated[float, Field(gt=0)] = 0.4,
        dtype: DType = "uint8",
    ) -> None:
        super().__init__(size, dtype)
        self.mel: dict[str, Any] = {"n_mels": n_mels, "n_fft": n_fft, "hop_length": hop_length}
        self.normalization: dict[str, Any] = {
            "gain": gain, "bias": bias, "power": power, "time_constant": time_constant, "hop_length": hop_length,
        }  # fmt: skip

    def compute(self, samples: np.ndarray, sample_rate: int, *, reference_length: int) -> np.ndarray:
        """Return the image; a clip of any length fills its width."""
        energies = self.normalized(samples, sample_rate)
        return as_image(energies / (energies.max() or 1.0), self.size, self._dtype)

    def normalized(self, samples: np.ndarray, sample_rate: int) -> np.ndarray:
        """Return librosa's PCEN, shape (bands, frames), the lowest band first."""
        import librosa

        magnitudes = librosa.feature.melspectrogram(
            y=long_enough(samples, self.mel["n_fft"]) * 2.0**31, sr=sample_rate, power=1, **self.mel
        )
        return librosa.pcen(magnitudes, sr=sample_rate, **self.normalization)


def _differences(values: np.ndarray, order: int) -> np.ndarray:
    """Return the slope or the curvature of each row, by least squares over nine frames (fewer in a shorter clip)."""
    import librosa
    import numpy as np

    frames = values.shape[1]
    width = min(DELTA_WIDTH, frames - 1 + frames % 2)
    if width < 3 or width <= order:
        return np.zeros_like(values)
    return librosa.feature.delta(values, width=width, order=order)


def _resized(values: np.ndarray, width: int) -> np.ndarray:
    """Return rows resized to ``width`` frames, bilinearly."""
    import numpy as np
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(values, np.float32))
    return np.asarray(image.resize((width, len(values)), Image.Resampling.BILINEAR))
